"""One request to SuperOffice's API and the answer to it: caller, document, format, and errors in its own shape."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import azure.functions as func

from shared.api.superoffice.content import TooLong, choose_format, read_document, read_patch, write_document
from shared.api.superoffice.error_answers import superoffice_error
from shared.api.superoffice.render import tag_times
from shared.api.superoffice.select import apply_select
from shared.callers.caller import Caller
from shared.callers.identify import Callers
from shared.errors import BadRequest, HubError
from shared.http import bounded_body, error_headers
from shared.long_answers import made_in_turn
from shared.loops import request_hops
from shared.validation import OBJECT, REQUIRED

_NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True)
class ApiRequest:
    """A request of a Relationship Manager; made by `begin`."""

    http: func.HttpRequest
    caller: Caller

    @classmethod
    def begin(cls, callers: Callers, http: func.HttpRequest) -> "ApiRequest":
        """The request, if its caller may make it; raises Unauthenticated, Forbidden or Unavailable."""
        return cls(http, callers.require_manager(http.headers))

    @cached_property
    def actor(self) -> Caller:
        """The caller as the one who changes or signals something, with the number of deliveries that led here.

        Raises BadRequest if these are too many.
        """
        return replace(self.caller, hops=request_hops(self.http.headers))

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The query's parameters by name in lower case, because SuperOffice's clients spell them as they like."""
        return {name.lower(): value for name, value in self.http.params.items()}

    def document(self, known: Sequence[str] = ()) -> object:
        """The body as a document, None if it is empty. A form must have one of the members that are `known`, if any.

        Raises BadRequest, ContentTooLarge, LengthRequired or UnsupportedMediaType.
        """
        body = bounded_body(self.http)
        return read_document(body, self.http.headers.get("content-type"), known) if body.strip() else None

    def required_object(self) -> dict[str, object]:
        """The body as an object; raises BadRequest for an empty body and any other value, and all of `document`."""
        return _object(self.document())

    def optional_object(self, known: Sequence[str]) -> dict[str, object]:
        """The same with an empty object for an empty body.

        A form with none of the `known` members is refused: it would be read as if nothing had been asked for.
        """
        document = self.document(known)
        return {} if document is None else _object(document)

    def patch(self) -> object:
        """The body as a patch; raises BadRequest for an empty body, and all of `document`."""
        body = bounded_body(self.http)
        document = read_patch(body, self.http.headers.get("content-type")) if body.strip() else None
        if document is None:
            raise BadRequest(f"the body {REQUIRED}: a patch", pointer="#")
        return document

    def reply(
        self,
        value: object,
        *,
        root: str,
        select: bool = False,
        warnings: Collection[str] = (),
        public_key: str | None = None,
        narrowed_by: tuple[str, ...] = (),
    ) -> func.HttpResponse:
        """200 with this value in the format that the client prefers; `select` honours the parameter $select.

        `warnings` are sentences for the header X-Hub-Warning, `public_key` is for X-Hub-Public-Key. An iterator of
        entities is a list that is read while it is written; if that becomes too long, it raises BadRequest with the
        parameters, `narrowed_by`, that shorten it.
        """
        wanted = self.query.get("$select") if select else None
        if isinstance(value, dict):
            value = self._shaped(value, wanted)
        elif isinstance(value, list | Iterator):
            value = (self._shaped(one, wanted) for one in value)
        write = partial(write_document, value, choose_format(self.http.headers.get("accept")), root)
        try:
            body, content_type = made_in_turn(write) if isinstance(value, Iterator) else write()
        except TooLong as reason:
            names = " and ".join(narrowed_by)
            raise BadRequest(f"{names} must select fewer webhooks: {reason}", pointer=f"#/{narrowed_by[0]}") from None
        ours = {**warning_header(warnings), **({"X-Hub-Public-Key": public_key} if public_key else {})}
        headers = {**_NO_STORE, **ours, "Content-Type": content_type}
        return func.HttpResponse(body, status_code=200, headers=headers)

    def _shaped(self, entity: dict[str, object], select: str | None) -> dict[str, object]:
        return tag_times(apply_select(entity, select), self.http.headers.get("so-timezone"))


def _object(document: object) -> dict[str, object]:
    if not isinstance(document, dict):
        raise BadRequest(f"the body {OBJECT}", pointer="#")
    return document


def warning_header(warnings: Collection[str]) -> dict[str, str]:
    """The header with these warnings, empty without any; SuperOffice's bodies have no place for them.

    The platform sends a header's name once, so all stand in one line with commas, which means the same (RFC 9110, 5.3).
    """
    return {"X-Hub-Warning": ", ".join(warnings)} if warnings else {}


def no_content() -> func.HttpResponse:
    """204."""
    return func.HttpResponse(status_code=204, headers=_NO_STORE)


def refuse(error: HubError) -> func.HttpResponse:
    """An error in SuperOffice's shape, always in JSON, as its clients read it."""
    body, content_type = write_document(superoffice_error(error), choose_format(None), "Error")
    headers = {**error_headers(error), "Content-Type": content_type}
    return func.HttpResponse(body, status_code=error.status, headers=headers)
