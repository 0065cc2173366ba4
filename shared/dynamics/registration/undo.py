"""Takes back what a registration that failed has left in Dataverse."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.deadline import grace
from shared.dynamics.registration.call import dataverse_call
from shared.errors import HubError
from shared.telemetry.lines import tell

_UNDO_SECONDS = 10.0

log = logging.getLogger(__name__)

type Delete = Callable[[str], None]
"""Deletes the row with this id."""


@contextmanager
def undone_on_failure(id_: str, delete: Delete) -> Iterator[None]:
    """If what runs inside fails, delete the new webhook or step.

    If that fails too, the error names its id, as `leftBehind`. What runs inside raises errors of shared/errors.py
    alone (dataverse_call).
    """
    try:
        yield
    except BaseException as error:
        _undo(id_, delete, error)
        raise


@contextmanager
def undone_if_uncertain(id_: str, delete: Delete) -> Iterator[None]:
    """The same around the request that creates the webhook: nothing is deleted if Dataverse refused to create it."""
    try:
        yield
    except BaseException as error:
        if not _is_refusal(error):
            _undo(id_, delete, error)
        raise


def _is_refusal(error: BaseException) -> bool:
    return isinstance(error, HubError) and "dataverse" in error.extensions


def _undo(id_: str, delete: Delete, error: BaseException) -> None:
    try:
        with grace(_UNDO_SECONDS), dataverse_call():
            delete(id_)
    except HubError as another:
        tell(log, "registration.left", {"row": id_, "detail": another.detail}, logging.ERROR, exc_info=True)
        if isinstance(error, HubError):
            error.extensions["leftBehind"] = id_
