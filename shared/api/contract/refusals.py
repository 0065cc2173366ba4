"""How errors are answered: a problem, or the error of a vendor whose clients call. Made from shared/errors.py. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared import errors
from shared.api.contract.parts import (
    JSON,
    NO_STORE,
    NOSNIFF,
    Json,
    boolean,
    integer,
    items,
    members,
    nothing_or,
    ref,
    text,
)
from shared.api.contract.parts import one_of as choice
from shared.errors import HubError

PROBLEM_JSON = "application/problem+json"

_PLATFORM = (
    "A missing or wrong function key is answered by the platform itself, before any code of the app runs: with this"
    " status, an empty body, and none of the headers below."
)
_EXTRA_HEADERS: Mapping[int, dict[str, Json]] = {
    401: {"WWW-Authenticate": ref("Challenge", "headers")},
    429: {"Retry-After": ref("RetryAfter", "headers")},
    503: {"Retry-After": ref("RetryAfter", "headers")},
}
NAMES = {
    400: "BadRequest",
    401: "Unauthenticated",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Gone",
    411: "LengthRequired",
    412: "PreconditionFailed",
    413: "ContentTooLarge",
    415: "UnsupportedMediaType",
    429: "TooManyRequests",
    502: "BadGateway",
    503: "Unavailable",
}
"""What the components of answers are called, by status."""
_DETAILS = {
    400: "limit must be an integer from 1 to 200",
    401: "the API key is unknown, or not this user's",
    403: "megan@contoso.example does not have the role Relationship Manager, which is required here",
    404: "there is no event with this id",
    409: "this job did not fail",
    410: "the row of opportunity that this job was about no longer exists",
    411: "the body came in chunks (Transfer-Encoding), and the platform hands such a body over empty: send "
    "Content-Length (in .NET, await content.LoadIntoBufferAsync() before you send the request)",
    412: "Webhook id 1 was changed after If-Unmodified-Since",
    413: "the body must have at most 1048576 bytes (got 2000000)",
    415: "Content-Type must be application/json, application/*+json or text/json",
    429: "too many events were signalled: try again in 17 s",
    502: "Dataverse answered 403 0x80040220",
    503: "storage is out of reach",
}
_SUPEROFFICE_TYPES = {
    400: "SoInvalidArgumentException",
    401: "SoSessionException",
    403: "SoSentryException",
    404: "SoNotFoundException",
    409: "SoIllegalOperationException",
    411: "LengthRequiredException",
    412: "PreconditionFailedException",
    413: "RequestTooLargeException",
    415: "UnsupportedMediaTypeException",
    429: "TooManyRequestsException",
    503: "ServiceUnavailableException",
}
_ARCGIS_TYPES = {
    400: "InvalidArgumentsException",
    401: "UnauthorizedException",
    403: "ForbiddenException",
    404: "NotFoundException",
    409: "ConflictException",
    411: "InvalidArgumentsException",
    413: "InvalidArgumentsException",
    503: "PortalException",
}
_OTHER_SUPEROFFICE_TYPES = ("GoneException", "BadGatewayException", "SoException")
_MAYBE = {"X-Content-Type-Options": "NoSniff", "Cache-Control": "NoStore"}
_OTHER_ARCGIS_TYPES = ("WorkflowConfigurationException", "UnexpectedResultsException")

SCHEMAS: dict[str, Json] = {
    "FieldError": members(
        {
            "pointer": text("Which part is wrong: a JSON pointer as a URI fragment; a parameter in the same form."),
            "detail": text("What it must be."),
        },
        description="One thing wrong with a request.",
    ),
    "Problem": members(
        {
            "type": text("Always `about:blank`: the title says the same as the status.", format="uri-reference"),
            "title": text("What the status means."),
            "status": integer("The status of the answer.", minimum=400, maximum=599),
            "detail": text("What is wrong, and what to do. It begins with the name of the member or parameter."),
            "errors": items(ref("FieldError"), "What is wrong with the request, part by part."),
            "conflicts": items(text(), "The ids in Dataverse of what is in the way."),
            "leftBehind": text("The id in Dataverse of what could not be undone."),
            "dataverse": ref("DataverseRefusal"),
            "easyAuth": nothing_or(text(), "Where a browser signs in; of the console's session alone."),
        },
        optional=("errors", "conflicts", "leftBehind", "dataverse", "easyAuth"),
        description="An error, as RFC 9457 has it.",
    ),
    "DataverseRefusal": members(
        {
            "status": integer("The status that Dataverse answered.", minimum=300, maximum=599),
            "code": nothing_or(text("Dataverse's code, `0x80040220`.")),
            "message": nothing_or(text("What Dataverse says; null where it would repeat a secret.")),
        },
        description="What Dataverse answered when it refused.",
    ),
    "SuperOfficeError": members(
        {
            "Error": boolean("Always true.", const=True),
            "ErrorType": choice(sorted({*_SUPEROFFICE_TYPES.values(), *_OTHER_SUPEROFFICE_TYPES})),
            "ErrorMessage": text("What is wrong. Of a 400 it begins with the name of the member or parameter."),
            "ErrorSource": text("Always `DynamicsWebhookHub`."),
        },
        description="An error in SuperOffice's shape, always JSON, whatever Accept asks for.",
    ),
    "ArcGisError": members(
        {
            "error": members(
                {
                    "code": integer("The status of the answer.", minimum=400, maximum=599),
                    "message": text("What is wrong."),
                    "type": choice(sorted({*_ARCGIS_TYPES.values(), *_OTHER_ARCGIS_TYPES})),
                    "details": items(
                        members({"field": text("The member."), "message": text("What it must be.")}),
                        "What is wrong with the request, member by member.",
                    ),
                }
            )
        },
        description="An error in the shape of ArcGIS Workflow Manager.",
    ),
}


@dataclass(frozen=True)
class Refusals:
    """The errors of one kind of API: how the names of its answers begin, and its bodies."""

    prefix: str
    schema: str
    media_type: str
    statuses: tuple[int, ...]

    def __call__(self, *statuses: int) -> dict[int, Json]:
        """References to the answers with these statuses."""
        return {status: ref(self.prefix + NAMES[status], "responses") for status in statuses}

    def responses(self) -> dict[str, Json]:
        """The components."""
        return {self.prefix + NAMES[status]: self._response(status) for status in self.statuses}

    def _response(self, status: int) -> Json:
        told = _told(status)
        return {
            "description": f"{told}\n\n{_PLATFORM}" if status == 401 else told,
            "headers": {**_common(status), **_EXTRA_HEADERS.get(status, {})},
            "content": {self.media_type: {"schema": ref(self.schema), "example": self._example(status)}},
        }

    def _example(self, status: int) -> Json:
        detail = _DETAILS[status]
        if self.schema == "SuperOfficeError":
            return {
                "Error": True,
                "ErrorType": _SUPEROFFICE_TYPES[status],
                "ErrorMessage": detail,
                "ErrorSource": "DynamicsWebhookHub",
            }
        if self.schema == "ArcGisError":
            return {"error": {"code": status, "message": detail, "type": _ARCGIS_TYPES[status], "details": []}}
        problem: Json = {"type": "about:blank", "title": _class_of(status).title, "status": status, "detail": detail}
        return {**problem, "errors": [{"pointer": "#/limit", "detail": detail}]} if status == 400 else problem


PROBLEMS = Refusals("", "Problem", PROBLEM_JSON, (400, 401, 403, 404, 409, 410, 411, 413, 415, 502, 503))
SUPEROFFICE = Refusals("SuperOffice", "SuperOfficeError", JSON, (400, 401, 403, 404, 409, 411, 412, 413, 415, 429, 503))
ARCGIS = Refusals("ArcGis", "ArcGisError", JSON, (400, 401, 403, 404, 409, 411, 413, 503))


def errors_with(status: int) -> list[type[HubError]]:
    """The errors of shared/errors.py that are answered with this status, the most general one first."""
    known = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, HubError)]
    return [error for error in known if error.status == status]


def _class_of(status: int) -> type[HubError]:
    return errors_with(status)[0]


def _told(status: int) -> str:
    lines = [
        f"`{error.__name__}`: {' '.join((error.__doc__ or '').partition('\n\n')[0].split())}"
        for error in errors_with(status)
    ]
    return f"{_class_of(status).title}.\n\n" + "\n".join(f"- {line}" for line in lines)


def _common(status: int) -> dict[str, Json]:
    # The platform's own 401 has none of them.
    headers = {**NOSNIFF, **NO_STORE}
    return {name: ref(f"Maybe{shown}", "headers") for name, shown in _MAYBE.items()} if status == 401 else headers
