"""Errors in the shape of ArcGIS Workflow Manager (facts/arcgis.md 1.4), and those that only its neighbours can cause.

PortalDown                   503  the ArcGIS portal cannot be reached; an Unavailable
"""

from shared.errors import (
    BadRequest,
    Conflict,
    HubError,
    Misconfigured,
    NotAllowed,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

# The four with Portal, InvalidArguments, UnexpectedResults and WorkflowConfiguration are Esri's; where none of them
# fits, the name says what happened. The first class that fits counts.
_TYPES: tuple[tuple[type[HubError], str], ...] = (
    (Misconfigured, "WorkflowConfigurationException"),
    (BadRequest, "InvalidArgumentsException"),
    (TooLarge, "InvalidArgumentsException"),
    (Unauthenticated, "UnauthorizedException"),
    (NotAllowed, "ForbiddenException"),
    (NotFound, "NotFoundException"),
    (Conflict, "ConflictException"),
)
_NOT_SET_UP = "the hub is not set up correctly"


class PortalDown(Unavailable):
    """The ArcGIS portal cannot be reached, or answers with something that is no answer."""


class UnknownConnection(NotFound):
    """No webhook connection has this id. Esri's reference knows 400 for it, and 404 for executeWebhook only."""

    status = 400


def arcgis_error(error: HubError) -> dict[str, object]:
    """The body of the answer to an error: `{"error": {"code", "message", "type", "details"}}`."""
    # What is wrong with a setting is the administrator's business, and stands in the log.
    message = _NOT_SET_UP if isinstance(error, Misconfigured) else error.detail
    wrong = error.errors if isinstance(error, BadRequest) else ()
    details = [{"field": one.pointer.removeprefix("#/"), "message": one.detail} for one in wrong]
    return {"error": {"code": error.status, "message": message, "type": _type_of(error), "details": details}}


def _type_of(error: HubError) -> str:
    if isinstance(error, PortalDown):
        return "PortalException"
    return next((name for known, name in _TYPES if isinstance(error, known)), "UnexpectedResultsException")
