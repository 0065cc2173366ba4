"""Which deliveries a listing shows, as conditions that storage compares. Pure."""

from dataclasses import dataclass
from datetime import datetime

from shared.delivery.record import DeliveryState
from shared.delivery.waiting import AFTER_WAITING, WAITING_PREFIX, waiting_bound
from shared.storage.query import Query


@dataclass(frozen=True)
class DeliveryFilter:
    """Which deliveries a listing shows.

    Of this webhook, in one of these states, of events in a span of time (received from `since` and before `until`) and
    of a type; `error_class` and `status` are those of the last attempt, the statuses from the first to the last one.
    None, and no states, do not filter. The order of the states has no meaning.
    """

    webhook_id: int | None = None
    states: tuple[DeliveryState, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    type: str | None = None
    error_class: str | None = None
    status: tuple[int, int] | None = None

    @property
    def may_wait_only(self) -> bool:
        """Whether deliveries pass that wait and were never attempted."""
        waits = not self.states or DeliveryState.WAITING in self.states
        return waits and self.error_class is None and self.status is None

    @property
    def takes_any(self) -> bool:
        """Whether every delivery passes of the events that pass, so that nothing is looked through in vain."""
        return not self.states and self.error_class is None and self.status is None


def matching_records(wanted: DeliveryFilter) -> Query:
    """Records that pass, whatever their event's time: conditions beside those for keys."""
    states = [Query().where("State eq", state.value) for state in wanted.states]
    first, last = wanted.status or (None, None)
    # Rows of the previous version do not say how their last attempt ended, and pass no filter for it.
    last_attempt = Query().where("LastClass eq", wanted.error_class)
    last_attempt = last_attempt.where("LastStatus ge", first).where("LastStatus le", last)
    typed = last_attempt.where("Event eq", wanted.type)
    return typed.either(*states)


def matching_waiting(wanted: DeliveryFilter) -> Query:
    """The same for deliveries that wait and were never attempted, if any of them may pass."""
    return Query().where("IsLogged eq", False).where("Event eq", wanted.type)


def records_between(wanted: DeliveryFilter) -> Query:
    """Records that pass, by their keys and what they say; of any webhook."""
    bounded = Query().where("RowKey lt", WAITING_PREFIX).of_times(wanted.since, wanted.until)
    return _both(bounded, matching_records(wanted))


def waiting_between(wanted: DeliveryFilter) -> Query:
    """The same for deliveries that wait and were never attempted."""
    begin = WAITING_PREFIX if wanted.since is None else waiting_bound(wanted.since)
    end = AFTER_WAITING if wanted.until is None else waiting_bound(wanted.until)
    return _both(Query().where("RowKey ge", begin).where("RowKey lt", end), matching_waiting(wanted))


def _both(first: Query, second: Query) -> Query:
    return first.either(second) if second.conditions else first
