"""One call to the registration API: how long Dataverse may take in all, and its refusals as errors of the hub."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from shared.deadline import deadline, retry_budget
from shared.dynamics.message_secrets import without_secrets
from shared.dynamics.refusal import DataverseRefused
from shared.errors import BadGateway, BadRequest, Conflict, HubError, NotFound
from shared.telemetry.lines import tell

_CALL_SECONDS = 35.0
_PAUSE_SECONDS = 10.0

log = logging.getLogger(__name__)


@contextmanager
def dataverse_call(secrets: Sequence[str] = ()) -> Iterator[None]:
    """What runs inside raises errors of shared/errors.py alone, and none of them repeats one of these secrets.

    It has 35 s in all, of which the pauses that Dataverse asks for may take 10 s. A call within a call has the rest.
    """
    try:
        with deadline(_CALL_SECONDS), retry_budget(_PAUSE_SECONDS):
            yield
    except DataverseRefused as refusal:
        status, code = refusal.status, refusal.code
        detail = without_secrets(str(refusal), secrets)
        tell(log, "dataverse.refused", {"status": status, "code": code, "detail": detail}, logging.WARNING)
        # Not chained: its message can repeat what was sent.
        raise refused(refusal, secrets) from None


def refused(refusal: DataverseRefused, secrets: Sequence[str] = ()) -> HubError:
    """The error that a refusal becomes, by its status."""
    error = _error(refusal.status)
    message = without_secrets(refusal.message, secrets)
    error.extensions["dataverse"] = {"status": refusal.status, "code": refusal.code, "message": message}
    return error


def _error(status: int) -> HubError:
    match status:
        case 400:
            return BadRequest("Dataverse refused what was sent")
        case 401 | 403:
            # Not passed on: our 401 and 403 are about the caller, and this is about the app.
            return BadGateway("Dataverse refuses the app: its identity, or a privilege that it lacks")
        case 404:
            return NotFound("Dataverse does not have it, or no longer has it")
        case 405:
            return Conflict("Dataverse does not allow this as things are: something else depends on it, for example")
        case 412:
            return Conflict("somebody else was quicker; repeat the request")
    return BadGateway(f"Dataverse answered with an unexpected status, {status}")
