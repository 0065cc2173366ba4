"""What a worker asks of a webhook's pace: whether an attempt may begin, and that whatever is parked is woken."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.delivery.attempt import Attempt
from shared.delivery.pace.blocked import GRACE
from shared.delivery.pace.circuit import Blocked, Kind
from shared.delivery.pace.gate import Admitted, PaceGate, outcome_of
from shared.delivery.pace.state import Circuit, Pace
from shared.delivery.pace.wakeups import WAKEUPS_QUEUE, parse_wake_up
from shared.delivery.waiting import WaitingDelivery, WaitingReason
from shared.hub.hub import Hub
from shared.webhooks.registration import Registration
from tests.fakes.receiver import Receiver
from tests.support.delivering import delivering_hub, new_event, register
from tests.support.queues import visible_texts
from tests.support.transport import JournalTransport

AT = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


@pytest.fixture
def webhook(hub: Hub, receiver: Receiver) -> Registration:
    return register(hub, receiver.url)


@pytest.fixture
def gate(hub: Hub) -> PaceGate:
    return hub.receivers.worker.gate


def set_pace(gate: PaceGate, webhook: Registration, pace: Pace) -> Pace:
    """Write this pace, as if attempts had led to it."""
    gate.store.change(webhook.id, lambda row, now: replace(row, pace=pace))
    return gate.store.latest(webhook.id).pace


def waiting(webhook: Registration, until: datetime) -> WaitingDelivery:
    event, reason = new_event(), WaitingReason.CIRCUIT
    return WaitingDelivery(webhook.id, event.id, event.type, event.received_at, reason, parked_at=until, until=until)


def test_a_receiver_that_is_well_is_called_for_one_read(
    gate: PaceGate, webhook: Registration, transport: JournalTransport
) -> None:
    transport.forget()
    assert gate.admit(webhook, None, has_turn=False) == Admitted(Pace())
    assert transport.summary == ["GET usage"]


def test_an_open_circuit_says_until_when(gate: PaceGate, webhook: Registration) -> None:
    until = gate.now() + timedelta(minutes=5)
    set_pace(gate, webhook, Pace(Circuit.OPEN, until))
    assert gate.admit(webhook, None, has_turn=False) == Blocked(WaitingReason.CIRCUIT, until)


def test_the_probe_of_the_newest_wake_up_is_admitted_and_no_other(gate: PaceGate, webhook: Registration) -> None:
    until = gate.now() + timedelta(minutes=1)
    number = set_pace(gate, webhook, Pace(Circuit.HALF_OPEN, until)).wake_number
    admitted = gate.admit(webhook, number, has_turn=False)
    assert isinstance(admitted, Admitted)
    assert admitted.is_probe
    assert gate.still_blocked(webhook, admitted) is None
    for other in (None, number + 1):
        assert isinstance(gate.admit(webhook, other, has_turn=False), Blocked)


def test_where_nothing_waits_one_message_becomes_the_probe(gate: PaceGate, webhook: Registration) -> None:
    over = gate.now() - timedelta(seconds=1)
    set_pace(gate, webhook, Pace(Circuit.OPEN, over))
    gate.store.change(webhook.id, lambda row, now: replace(row, pace=replace(row.pace, is_idle=True)))
    first, second = (gate.admit(webhook, None, has_turn=False) for _ in range(2))
    assert isinstance(first, Admitted)
    assert first.is_probe
    assert isinstance(second, Blocked)


def test_a_probe_that_turned_out_to_be_needless_makes_room_for_the_next_at_once(
    gate: PaceGate, webhook: Registration
) -> None:
    set_pace(gate, webhook, Pace(Circuit.HALF_OPEN, gate.now() + timedelta(minutes=1)))
    gate.end_probe(webhook.id)
    pace = gate.store.latest(webhook.id).pace
    assert pace.circuit is Circuit.OPEN
    assert pace.circuit_until is not None
    assert pace.circuit_until <= gate.now()


def test_what_this_process_has_learnt_meanwhile_stops_an_attempt_that_waited(
    gate: PaceGate, webhook: Registration, transport: JournalTransport
) -> None:
    admitted = gate.admit(webhook, None, has_turn=False)
    assert isinstance(admitted, Admitted)
    until = gate.now() + timedelta(seconds=20)
    set_pace(gate, webhook, Pace(paused_until=until))
    transport.forget()
    assert gate.still_blocked(webhook, admitted) == Blocked(WaitingReason.PAUSED, until)
    assert transport.calls == []


def test_turns_of_a_rate_are_taken_one_by_one_and_a_reserved_one_needs_none(
    gate: PaceGate, webhook: Registration
) -> None:
    limited = replace(webhook, per_minute=6)
    assert isinstance(gate.admit(limited, None, has_turn=False), Admitted)
    stopped = gate.admit(limited, None, has_turn=False)
    assert isinstance(stopped, Blocked)
    assert (stopped.reason, stopped.until > gate.now()) == (WaitingReason.PAUSED, True)
    assert isinstance(gate.admit(limited, None, has_turn=True), Admitted)


def test_whoever_finds_no_place_waits_for_a_wake_up_that_was_sent(
    gate: PaceGate, webhook: Registration, transport: JournalTransport
) -> None:
    transport.forget()
    stopped = gate.no_place(webhook.id)
    assert stopped.reason is WaitingReason.PLACE
    assert gate.store.latest(webhook.id).pace.wake_due == stopped.until
    assert "POST wakeups/messages" in transport.summary
    # A receiver that has not answered is listed, so that dispatch parks what follows.
    assert set(gate.blocked.read()) == {webhook.id}


def test_a_wake_up_is_sent_before_the_row_that_waits(
    gate: PaceGate, webhook: Registration, transport: JournalTransport
) -> None:
    gate.store.read(webhook.id)
    gate.park(waiting(webhook, gate.now()))
    transport.forget()
    set_pace(gate, webhook, Pace())
    gate.park(waiting(webhook, gate.now()))
    steps = [call for call in transport.summary if call in {"POST wakeups/messages", "POST deliveries"}]
    assert steps == ["POST wakeups/messages", "POST deliveries"]


def test_one_wake_up_serves_all_that_are_parked(gate: PaceGate, webhook: Registration) -> None:
    until = gate.now() + timedelta(minutes=1)
    for _ in range(5):
        gate.park(waiting(webhook, until))
    assert gate.store.latest(webhook.id).pace.wake_number == 1


def test_dispatch_parks_by_an_entry_for_one_write(
    gate: PaceGate, webhook: Registration, transport: JournalTransport
) -> None:
    entry = Blocked(WaitingReason.CIRCUIT, gate.now() + timedelta(minutes=1))
    assert gate.park_first(webhook.id, new_event(), entry)
    transport.forget()
    assert gate.park_first(webhook.id, new_event(), entry)
    assert transport.summary == ["POST deliveries"]
    assert [one.until for one in gate.parking.oldest(webhook.id, 10)] == [entry.until] * 2


def test_an_entry_that_nobody_removed_in_time_counts_no_longer_and_a_lost_wake_up_is_made_again(
    gate: PaceGate, webhook: Registration, connection_string: str
) -> None:
    entry = Blocked(WaitingReason.CIRCUIT, gate.now() - GRACE - timedelta(seconds=1))
    assert not gate.park_first(webhook.id, new_event(), entry)
    assert gate.parking.oldest(webhook.id, 10) == []
    [text] = visible_texts(connection_string, WAKEUPS_QUEUE)
    assert parse_wake_up(text.encode()).number == gate.store.latest(webhook.id).pace.wake_number


@pytest.mark.parametrize(
    ("status", "wait", "kind"),
    [
        (200, 0, Kind.SUCCESS),
        (500, 0, Kind.FAILURE),
        (500, 20, Kind.FAILURE),
        (503, 0, Kind.FAILURE),
        (503, 20, Kind.PAUSE),
        (429, 0, Kind.PAUSE),
        (410, 0, Kind.FAILURE),
        (None, 0, Kind.FAILURE),
    ],
)
def test_an_answer_is_a_success_a_failure_or_asks_for_a_pause(status: int | None, wait: int, kind: Kind) -> None:
    error_class = "" if status == 200 else "http"
    attempt = Attempt(AT, timedelta(0), status, error_class, "", timedelta(seconds=wait))
    assert outcome_of(attempt, "e", AT, is_quick=True, is_probe=False).kind is kind
