"""Errors in SuperOffice's shape (docs/sources/superoffice.md 1.8), made from the tree of shared/errors.py.

PatchConflict                409  a `test` in a JSON Patch found another value; a Conflict
"""

from shared.errors import (
    BadGateway,
    BadRequest,
    Conflict,
    ContentTooLarge,
    Forbidden,
    Gone,
    HubError,
    LengthRequired,
    NotFound,
    PreconditionFailed,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)

ERROR_SOURCE = "DynamicsWebhookHub"

# The vendor documents SoNotFoundException only. The other names with So are exceptions of its libraries; if none fits,
# the name says what happened. The first class that fits counts.
_TYPES: tuple[tuple[type[HubError], str], ...] = (
    (BadRequest, "SoInvalidArgumentException"),
    (Unauthenticated, "SoSessionException"),
    (Forbidden, "SoSentryException"),
    (NotFound, "SoNotFoundException"),
    (Gone, "GoneException"),
    (Conflict, "SoIllegalOperationException"),
    (LengthRequired, "LengthRequiredException"),
    (PreconditionFailed, "PreconditionFailedException"),
    (ContentTooLarge, "RequestTooLargeException"),
    (UnsupportedMediaType, "UnsupportedMediaTypeException"),
    (TooManyRequests, "TooManyRequestsException"),
    (BadGateway, "BadGatewayException"),
    (Unavailable, "ServiceUnavailableException"),
)
_OTHER = "SoException"


class PatchConflict(Conflict):
    """A `test` operation found another value than it names; the webhook was changed by somebody else."""


def superoffice_error(error: HubError) -> dict[str, object]:
    """The body of the answer to an error; `error.status` is its status."""
    kind = next((name for known, name in _TYPES if isinstance(error, known)), _OTHER)
    return {"Error": True, "ErrorType": kind, "ErrorMessage": error.public_detail, "ErrorSource": ERROR_SOURCE}
