"""Errors in the shape of ArcGIS Workflow Manager, and those that only its neighbours can cause.

Source: docs/sources/arcgis.md 1.4.

PortalDown                   503  the ArcGIS portal cannot be reached; an Unavailable
"""

from shared.errors import (
    BadRequest,
    Conflict,
    ContentTooLarge,
    Forbidden,
    HubError,
    LengthRequired,
    Misconfigured,
    NotFound,
    Unauthenticated,
    Unavailable,
)

# The four with Portal, InvalidArguments, UnexpectedResults and WorkflowConfiguration are Esri's; where none of them
# fits, the name says what happened. The first class that fits counts.
_TYPES: tuple[tuple[type[HubError], str], ...] = (
    (Misconfigured, "WorkflowConfigurationException"),
    (BadRequest, "InvalidArgumentsException"),
    (LengthRequired, "InvalidArgumentsException"),
    (ContentTooLarge, "InvalidArgumentsException"),
    (Unauthenticated, "UnauthorizedException"),
    (Forbidden, "ForbiddenException"),
    (NotFound, "NotFoundException"),
    (Conflict, "ConflictException"),
)


class PortalDown(Unavailable):
    """The ArcGIS portal cannot be reached, or answers with something that is no answer."""


class UnknownConnection(NotFound):
    """No webhook connection has this id. Esri's reference knows 400 for it, and 404 for executeWebhook only."""

    status = 400


def arcgis_error(error: HubError) -> dict[str, object]:
    """The body of the answer to an error: `{"error": {"code", "message", "type", "details"}}`."""
    wrong = error.errors if isinstance(error, BadRequest) else ()
    details = [{"field": one.pointer.removeprefix("#/"), "message": one.detail} for one in wrong]
    told = {"code": error.status, "message": error.public_detail, "type": _type_of(error), "details": details}
    return {"error": told}


def _type_of(error: HubError) -> str:
    if isinstance(error, PortalDown):
        return "PortalException"
    return next((name for known, name in _TYPES if isinstance(error, known)), "UnexpectedResultsException")
