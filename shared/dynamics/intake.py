"""From a Dataverse webhook request to stored events: parse, judge, ask for the role, announce, store.

See docs/receiving.md "Answers".
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from functools import partial

from shared.dynamics.connection_created import (
    is_created_connection,
    kind_errors,
    linked_records,
    record_errors,
)
from shared.dynamics.context import RemoteExecutionContext, parse_context
from shared.dynamics.dataverse_event import event_of
from shared.dynamics.event_name import EventPattern, is_taken
from shared.dynamics.flattening import flatten
from shared.dynamics.row_change import RowChange, changes_of, own_payload, require_storable
from shared.dynamics.senders import Senders
from shared.errors import BadRequest, FieldError, Forbidden
from shared.events.event import Event
from shared.events.store import EventStore, NewEvent
from shared.lenient_json import parse_lenient_object
from shared.roles.directory import RoleDirectory
from shared.roles.user import User
from shared.storage.tables import AlreadyStored
from shared.telemetry.lines import tell

_ALL = (EventPattern("*", "*"),)

log = logging.getLogger(__name__)


class IntakeOutcome(Enum):
    """What became of a request that was not refused."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"


@dataclass(frozen=True)
class IntakeRules:
    """What the hub takes from Dataverse.

    patterns: the events that DynamicsWebhook takes.
    role: what initiating users must have, of created connections always, and of all other events if `asks_role`.
    """

    patterns: Sequence[EventPattern]
    role: str
    asks_role: bool = False


class DataverseIntake:
    """Stores what Dataverse reports. `now` gives the current time, in UTC."""

    def __init__(
        self,
        roles: RoleDirectory,
        events: EventStore,
        senders: Senders,
        now: Callable[[], datetime],
        rules: IntakeRules,
    ) -> None:
        self._roles = roles
        self._events = events
        self._senders = senders
        self._now = now
        self._rules = rules

    def receive_connection(self, body: bytes, *, trimmed: bool, hops: int = 0) -> IntakeOutcome:
        """Judge a request about a created connection, and store the event it reports.

        `trimmed` says that Dataverse left the record out for its size; `hops` is how many deliveries of the hub led to
        the request. Raises BadRequest for another message or table with that error alone, because the rest of such a
        request follows other rules, and what `receive` raises.
        """
        document = parse_lenient_object(body)
        if others := kind_errors(document):
            raise BadRequest.of(others)
        request = _parse(document, trimmed=trimmed, is_connection=True)
        return self._accept(request, request.events(self._now(), hops=hops), body, _ALL)

    def receive(self, body: bytes, *, trimmed: bool, hops: int = 0) -> IntakeOutcome:
        """Judge a request about any message, and store the event of each row that it reports.

        STORED says that one of them is new. Raises NotJson and BadRequest, ContentTooLarge, Forbidden if the
        organization may not send or the initiating user lacks the role, and Unavailable in an outage. Then nothing was
        acknowledged.
        """
        request = _parse(parse_lenient_object(body), trimmed=trimmed)
        return self._accept(request, request.events(self._now(), hops=hops), body, self._rules.patterns)

    def replay(
        self, document: Mapping[str, object], payload: bytes, *, job_id: str
    ) -> tuple[IntakeOutcome, Event | None]:
        """Judge what is known of a lost request as the request itself, and store its event, which is returned too.

        `document` is its context, `payload` what is stored of it, `job_id` its failed job. Raises what `receive` does.
        The event is None if it is ignored.
        """
        request = _parse(document, trimmed=False)
        events = request.events(self._now(), job_id=job_id)
        # Nobody knows at which of the two addresses the request was lost; at one of them all connections are taken.
        patterns = _ALL if request.is_created_connection else self._rules.patterns
        outcome = self._accept(request, events, payload, patterns)
        return outcome, None if outcome is IntakeOutcome.IGNORED else events[0]

    def _accept(
        self,
        request: "_Request",
        events: Sequence[Event],
        body: bytes,
        patterns: Sequence[EventPattern],
    ) -> IntakeOutcome:
        context = request.context
        self._senders.require_allowed(context.organization_id)
        if not events or not is_taken(events[0].type, patterns):
            _tell_ignored(events)
            return IntakeOutcome.IGNORED
        if self._rules.asks_role or request.is_created_connection:
            self._require_role(context)
        is_new = self._store(request, events, body)
        self._senders.note(context.organization_id, events[0].received_at)
        return IntakeOutcome.STORED if is_new else IntakeOutcome.DUPLICATE

    def _require_role(self, context: RemoteExecutionContext) -> None:
        user = User.system_user(context.initiating_user_id, entra_id=context.initiating_entra_id)
        if not self._roles.has_role(user, self._rules.role):
            raise Forbidden(
                f"the initiating user {context.initiating_user_id} does not have the role {self._rules.role}"
            )

    def _store(self, request: "_Request", events: Sequence[Event], body: bytes) -> bool:
        """Whether one of the events is new."""
        if not request.context.is_multiple:
            try:
                self._events.append(events[0], body)
            except AlreadyStored:
                return False
            return True
        payloads = [partial(own_payload, request.document, change) for change in request.changes]
        return self._events.append_all([*map(NewEvent, events, payloads)]) > 0


def _tell_ignored(events: Sequence[Event]) -> None:
    """One line for each event that is not taken; one without a type for a request that is about none."""
    for event in events or (None,):
        type_, id_ = (event.type, event.id) if event else (None, None)
        fields = {"type": type_, "source": "dynamics", "outcome": IntakeOutcome.IGNORED.value}
        tell(log, "event.received", fields, event=id_)


def read_events(body: bytes, *, trimmed: bool, now: datetime) -> list[Event]:
    """The events that a request at DynamicsWebhook becomes, if they are taken.

    Raises NotJson, BadRequest and ContentTooLarge.
    """
    request = _parse(parse_lenient_object(body), trimmed=trimmed)
    return request.events(now)


@dataclass(frozen=True)
class _Request:
    """A request that is well-formed; `changes` are those that the hub processes."""

    document: Mapping[str, object]
    context: RemoteExecutionContext
    changes: Sequence[RowChange]
    trimmed: bool

    @property
    def is_created_connection(self) -> bool:
        """Whether it is about created connections: of these the role is always asked."""
        return is_created_connection(self.context.message, self.context.table)

    def events(self, now: datetime, *, job_id: str | None = None, hops: int = 0) -> list[Event]:
        """The event of each of them; raises BadRequest."""
        parameters = flatten(self.changes[0].parameters) if self.changes else {}
        return [
            event_of(self.context, change, now, trimmed=self.trimmed, job_id=job_id, hops=hops, parameters=parameters)
            for change in self.changes
        ]


def _parse(document: Mapping[str, object], *, trimmed: bool, is_connection: bool = False) -> _Request:
    """The request; `is_connection` says that it must be about one created connection, whose records it has to name."""
    names = document.get("MessageName"), document.get("PrimaryEntityName")
    is_connection = is_connection or is_created_connection(*names)
    errors = record_errors(document) if is_connection and not trimmed else ()
    context = parse_context(document, errors, is_on_a_row=is_connection)
    request = _Request(document, context, changes_of(context, trimmed=trimmed), trimmed)
    if context.is_multiple and request.changes:
        require_storable(document, request.changes)
    if request.is_created_connection and not trimmed:
        return replace(request, changes=_processed(request.changes))
    return request


def _processed(connections: Sequence[RowChange]) -> list[RowChange]:
    """The created connections that count; raises BadRequest if one does not name its two records."""
    errors: list[FieldError] = []
    processed: list[RowChange] = []
    for change in connections:
        records, found = linked_records(change.columns, change.steps)
        errors += found
        if records is not None and records.is_processed:
            processed.append(change)
    if errors:
        raise BadRequest.of(errors)
    return processed
