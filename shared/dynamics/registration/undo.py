"""Takes back what a registration that failed has left in Dataverse."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.deadline import grace
from shared.dynamics.registration.call import dataverse_call
from shared.dynamics.registration.endpoints import Endpoints
from shared.errors import HubError

_UNDO_SECONDS = 10.0

log = logging.getLogger(__name__)


@contextmanager
def undone_on_failure(
    endpoints: Endpoints, id_: str, *, is_made: bool = True, is_needed: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """Where what runs inside fails, the webhook is deleted, unless somebody else needs it meanwhile.

    Where it is not certain that it was made (`is_made`), it is not deleted if Dataverse refused to make it. Where
    deleting fails too, the error names the webhook, `leftBehind`. What runs inside raises errors of ours alone
    (dataverse_call).
    """
    try:
        yield
    except BaseException as error:
        if is_made or not _is_refusal(error):
            _undo(endpoints, id_, is_needed, error)
        raise


def _is_refusal(error: BaseException) -> bool:
    return isinstance(error, HubError) and "dataverse" in error.extensions


def _undo(endpoints: Endpoints, id_: str, is_needed: Callable[[], bool], error: BaseException) -> None:
    try:
        with grace(_UNDO_SECONDS), dataverse_call():
            if not is_needed():
                endpoints.delete(id_)
    except HubError as another:
        log.exception("the webhook %s of a registration that failed was not deleted: %s", id_, another.detail)
        if isinstance(error, HubError):
            error.extensions["leftBehind"] = id_
