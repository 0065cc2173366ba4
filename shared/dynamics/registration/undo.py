"""Takes back what a registration that failed has left in Dataverse."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.deadline import grace
from shared.dynamics.registration.call import dataverse_call
from shared.errors import HubError

_UNDO_SECONDS = 10.0

log = logging.getLogger(__name__)

type Delete = Callable[[str], None]
"""Deletes the webhook with this id."""


@contextmanager
def undone_on_failure(webhook_id: str, delete: Delete) -> Iterator[None]:
    """If what runs inside fails, delete the new webhook.

    If that fails too, the error names the webhook, as `leftBehind`. What runs inside raises errors of shared/errors.py
    alone (dataverse_call).
    """
    try:
        yield
    except BaseException as error:
        _undo(webhook_id, delete, error)
        raise


@contextmanager
def undone_if_uncertain(webhook_id: str, delete: Delete) -> Iterator[None]:
    """The same around the request that creates the webhook: nothing is deleted if Dataverse refused to create it."""
    try:
        yield
    except BaseException as error:
        if not _is_refusal(error):
            _undo(webhook_id, delete, error)
        raise


def _is_refusal(error: BaseException) -> bool:
    return isinstance(error, HubError) and "dataverse" in error.extensions


def _undo(webhook_id: str, delete: Delete, error: BaseException) -> None:
    try:
        with grace(_UNDO_SECONDS), dataverse_call():
            delete(webhook_id)
    except HubError as another:
        log.exception("the webhook %s of a registration that failed was not deleted: %s", webhook_id, another.detail)
        if isinstance(error, HubError):
            error.extensions["leftBehind"] = webhook_id
