"""What a request becomes, as far as that needs no storage."""

from functools import cache

import pytest

from shared.dynamics.context import RemoteExecutionContext, parse_context
from shared.dynamics.dataverse_event import event_of
from shared.dynamics.intake import DataverseIntake
from shared.dynamics.row_change import RowChange, changes_of
from shared.errors import BadRequest
from shared.events.event import Event
from shared.hub.hub import Hub
from shared.lenient_json import parse_lenient_object
from shared.settings import Settings
from tests.dynamics.contexts import Json, body
from tests.support.events import RECEIVED_AT

type Request = bytes | Json


def context_of(request: Request) -> RemoteExecutionContext:
    """The context of a request."""
    return parse_context(parse_lenient_object(_bytes(request)))


def changes_in(request: Request, *, trimmed: bool = False) -> list[RowChange]:
    """What a request reports, row by row."""
    return changes_of(context_of(request), trimmed=trimmed)


def events_of(request: Request, *, trimmed: bool = False, job_id: str | None = None) -> list[Event]:
    """The events that a request becomes."""
    context = context_of(request)
    changes = changes_of(context, trimmed=trimmed)
    return [event_of(context, change, RECEIVED_AT, trimmed=trimmed, job_id=job_id) for change in changes]


def event_in(request: Request, *, trimmed: bool = False, job_id: str | None = None) -> Event:
    """The one event that a request becomes."""
    [event] = events_of(request, trimmed=trimmed, job_id=job_id)
    return event


def refusal_of(request: Request, *, trimmed: bool = False) -> BadRequest:
    """Why the address of all messages refuses a request."""
    with pytest.raises(BadRequest) as refusal:
        intake_that_takes_nothing().receive(_bytes(request), trimmed=trimmed)
    return refusal.value


def connection_refusal_of(request: Request, *, trimmed: bool = False) -> BadRequest:
    """Why the address of created connections refuses a request."""
    with pytest.raises(BadRequest) as refusal:
        intake_that_takes_nothing().receive_connection(_bytes(request), trimmed=trimmed)
    return refusal.value


@cache
def intake_that_takes_nothing() -> DataverseIntake:
    """An intake that judges every request, and stores none that comes to the address of all messages."""
    settings = {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "DYNAMICS_EVENTS": "nothing.happened"}
    return Hub.assemble(Settings.read(settings)).intake


def _bytes(request: Request) -> bytes:
    return request if isinstance(request, bytes) else body(request)
