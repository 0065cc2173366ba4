"""What a worker is told before an attempt, what it learns by it, and where a delivery waits."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.delivery.attempt import Attempt
from shared.delivery.pace.blocked import GRACE
from shared.delivery.pace.circuit import Blocked, Kind
from shared.delivery.pace.gate import Admitted, PaceGate, outcome_of
from shared.delivery.pace.state import Circuit, Pace, PacedUsage
from shared.delivery.pace.wakeups import WAKEUPS_QUEUE
from shared.delivery.waiting import WaitingDelivery, WaitingReason
from shared.hub.hub import Hub
from shared.webhooks.registration import Registration
from tests.fakes.receiver import Receiver
from tests.support.delivering import delivering_hub, new_event, register
from tests.support.events import make_event
from tests.support.queues import visible_texts
from tests.support.transport import JournalTransport


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


@pytest.fixture
def gate(hub: Hub) -> PaceGate:
    return hub.receivers.worker.gate


@pytest.fixture
def webhook(hub: Hub, receiver: Receiver) -> Registration:
    return register(hub, receiver.url)


def in_(gate: PaceGate, seconds: float) -> datetime:
    return gate.now() + timedelta(seconds=seconds)


def set_pace(gate: PaceGate, webhook: Registration, **fields: object) -> Pace:
    """Write this pace, as if attempts had led to it; the wake-up that it needs is under way."""
    pace = Pace(**{"wake_number": 5, "wake_due": in_(gate, 1), **fields})  # type: ignore[arg-type]
    gate.store.change(webhook.id, lambda row, now: replace(row, pace=pace))
    # What the change itself has made necessary is there by now.
    gate.store.change(webhook.id, lambda row, now: replace(row, pace=replace(pace, is_listed=row.pace.is_listed)))
    return gate.store.latest(webhook.id).pace


def made(status: int | None, wait: float = 0) -> Attempt:
    error = "" if status == 200 else "http"
    return Attempt(datetime.now(UTC), timedelta(0), status, error, "a text", timedelta(seconds=wait))


def sent(transport: JournalTransport) -> int:
    return sum(call.path == "wakeups/messages" for call in transport.calls)


def test_a_webhook_that_is_well_costs_one_reading(
    gate: PaceGate, webhook: Registration, transport: JournalTransport
) -> None:
    transport.forget()
    admitted = gate.admit(webhook, None, has_turn=False)
    assert isinstance(admitted, Admitted)
    assert not admitted.is_probe
    assert gate.still_blocked(webhook, admitted) is None
    assert transport.summary == ["GET usage"]


def test_what_another_attempt_of_the_process_learnt_stops_one_that_waited_for_a_place(
    gate: PaceGate, webhook: Registration, transport: JournalTransport
) -> None:
    admitted = gate.admit(webhook, None, has_turn=False)
    assert isinstance(admitted, Admitted)
    began = gate.now()
    outcome = outcome_of(made(429, 20), "e", began, is_quick=True, is_probe=False)
    assert outcome.kind is Kind.PAUSE
    gate.count(webhook.id, make_event(), made(429, 20), outcome)
    transport.forget()
    stopped = gate.still_blocked(webhook, admitted)
    assert stopped is not None
    assert stopped.reason is WaitingReason.PAUSED
    assert transport.calls == []
    # The probe was chosen to find out, and nobody else tries meanwhile.
    assert gate.still_blocked(webhook, replace(admitted, is_probe=True)) is None


def test_the_last_success_stays_while_its_receiver_fails(
    gate: PaceGate, webhook: Registration, transport: JournalTransport
) -> None:
    def count(status: int) -> PacedUsage:
        outcome = outcome_of(made(status, 20), "e", gate.now(), is_quick=True, is_probe=False)
        return gate.count(webhook.id, make_event(), made(status, 20), outcome)

    count(503)
    transport.forget()
    first = count(200)
    assert transport.summary == ["PATCH usage"]
    assert first.last_success_at == first.last_call_at
    for status in (503, 429):
        count(status)
    found = gate.store.read(webhook.id)
    assert found.last_success_at == first.last_success_at
    assert found.last_call_at is not None


def test_only_the_message_of_the_wake_up_that_claimed_it_is_the_probe(gate: PaceGate, webhook: Registration) -> None:
    pace = set_pace(gate, webhook, circuit=Circuit.HALF_OPEN, circuit_until=in_(gate, 45))
    assert isinstance(gate.admit(webhook, pace.wake_number - 1, has_turn=False), Blocked)
    assert isinstance(gate.admit(webhook, None, has_turn=False), Blocked)
    admitted = gate.admit(webhook, pace.wake_number, has_turn=False)
    assert isinstance(admitted, Admitted)
    assert admitted.is_probe


def test_where_nothing_waits_the_next_message_is_the_probe_and_only_one_is(
    gate: PaceGate, webhook: Registration, connection_string: str
) -> None:
    set_pace(gate, webhook, circuit=Circuit.OPEN, circuit_until=in_(gate, -1), is_idle=True, wake_due=in_(gate, 180))
    other = delivering_hub(connection_string).receivers.worker.gate
    admitted = [one.admit(webhook, None, has_turn=False) for one in (gate, other, gate)]
    assert [isinstance(one, Admitted) and one.is_probe for one in admitted] == [True, False, False]
    pace = gate.store.read(webhook.id).pace
    # Should it die, a wake-up looks after the next one.
    assert (pace.circuit, pace.wake_due) == (Circuit.HALF_OPEN, pace.circuit_until)


def test_a_probe_that_had_nothing_to_do_is_given_back_and_the_next_one_is_sent_at_once(
    gate: PaceGate, webhook: Registration, transport: JournalTransport
) -> None:
    set_pace(gate, webhook, circuit=Circuit.HALF_OPEN, circuit_until=in_(gate, 45), wake_due=in_(gate, 45))
    transport.forget()
    gate.end_probe(webhook.id)
    assert gate.store.read(webhook.id).pace.circuit is Circuit.OPEN
    assert sent(transport) >= 1
    transport.forget()
    gate.end_probe(webhook.id)
    assert transport.calls == []


def test_a_delivery_that_finds_no_place_has_its_wake_up_and_only_one_is_sent_for_many(
    gate: PaceGate, webhook: Registration, transport: JournalTransport
) -> None:
    gate.store.read(webhook.id)
    gate.no_place(webhook.id)
    transport.forget()
    reasons = {gate.no_place(webhook.id).reason for _ in range(9)}
    assert (reasons, transport.calls) == ({WaitingReason.PLACE}, [])
    pace = gate.store.read(webhook.id).pace
    assert (pace.is_listed, pace.wake_number) == (True, 1)
    assert webhook.id in gate.blocked.read()


@pytest.mark.parametrize(
    ("pace", "needs"),
    [
        ({"wake_due": None}, True),
        ({"wake_due": 5.0}, False),
        ({"wake_due": 90.0}, True),
        ({"wake_due": -30.0}, False),
        ({"wake_due": -61.0, "paused_until": 5.0}, True),
        ({"wake_due": 5.0, "is_idle": True}, True),
    ],
)
def test_whoever_parks_sees_to_it_that_a_wake_up_comes_by_then(
    gate: PaceGate, webhook: Registration, transport: JournalTransport, pace: dict[str, float | None], *, needs: bool
) -> None:
    moments = {name: in_(gate, due) for name, due in pace.items() if due is not None and name != "is_idle"}
    set_pace(gate, webhook, **{**pace, **moments})
    event, transport_before = new_event(), gate.now()
    transport.forget()
    waiting = WaitingDelivery(
        webhook.id, event.id, event.type, event.received_at, WaitingReason.PLACE, transport_before, in_(gate, 10)
    )
    gate.park(waiting)
    assert (sent(transport) > 0) is needs
    # First the wake-up, then the row.
    assert transport.calls[-1].path == "deliveries"
    assert [one.event_id for one in gate.parking.oldest(webhook.id, 9)] == [event.id]


def test_dispatch_parks_by_an_entry_with_one_write_as_long_as_it_counts(
    gate: PaceGate, webhook: Registration, transport: JournalTransport, connection_string: str
) -> None:
    gate.park_first(webhook.id, new_event(), Blocked(WaitingReason.CIRCUIT, in_(gate, 9)))
    transport.forget()
    for late in (9.0, 0.0, 5 - GRACE.total_seconds()):
        assert gate.park_first(webhook.id, new_event(), Blocked(WaitingReason.CIRCUIT, in_(gate, late)))
    assert transport.summary == ["POST deliveries"] * 3
    # Then whoever should have taken it off is taken for dead: the message is sent, and a wake-up is made again.
    assert not gate.park_first(webhook.id, new_event(), Blocked(WaitingReason.CIRCUIT, in_(gate, -61)))
    assert len(gate.parking.oldest(webhook.id, 9)) == 4
    assert len(visible_texts(connection_string, WAKEUPS_QUEUE)) == 1


def test_a_wake_up_is_not_made_again_where_one_is_under_way(
    gate: PaceGate, webhook: Registration, transport: JournalTransport
) -> None:
    set_pace(gate, webhook, wake_due=in_(gate, 600))
    transport.forget()
    gate.ensure_not_lost(webhook.id)
    assert transport.summary == ["GET usage"]


def test_turns_of_a_receiver_are_shared_by_instances(
    gate: PaceGate, webhook: Registration, connection_string: str
) -> None:
    limited = replace(webhook, per_minute=30)
    other = delivering_hub(connection_string).receivers.worker.gate
    admitted = [one.admit(limited, None, has_turn=False) for one in (gate, other, gate)]
    assert [isinstance(one, Admitted) for one in admitted] == [True, False, False]
    assert {one.reason for one in admitted if isinstance(one, Blocked)} == {WaitingReason.PAUSED}
    # One whose moment was reserved takes none.
    assert isinstance(other.admit(limited, None, has_turn=True), Admitted)


def test_a_pause_counts_as_a_call_and_an_error_and_towards_nothing_else(gate: PaceGate, webhook: Registration) -> None:
    for number in range(9):
        outcome = outcome_of(made(429, 5), f"e{number}", gate.now(), is_quick=True, is_probe=False)
        row = gate.count(webhook.id, make_event(), made(429, 5), outcome)
    assert (row.usage.total_calls, row.usage.total_errors, row.usage.consecutive_errors) == (9, 9, 0)
    assert (row.pace.circuit, row.pace.failing_since, row.pace.failures) == (Circuit.CLOSED, None, 0)


def test_a_test_event_that_succeeded_begins_anew_and_wakes_what_waits(
    gate: PaceGate, webhook: Registration, transport: JournalTransport
) -> None:
    later = in_(gate, 300)
    set_pace(gate, webhook, circuit=Circuit.OPEN, circuit_until=later, paused_until=later, wake_due=later)
    transport.forget()
    gate.is_well(webhook.id, ends_pause=True)
    pace = gate.store.read(webhook.id).pace
    assert (pace.circuit, pace.paused_until, pace.is_listed) == (Circuit.CLOSED, None, False)
    assert sent(transport) >= 1
    assert webhook.id not in gate.blocked.read()
