"""One trace from the request that brings an event to the last attempt, whatever the event goes through in between.

Mirrors no module: guards what intake, dispatch and delivery hand on. tests/e2e/test_one_trace.py follows it in a host.
"""

import logging
from dataclasses import replace
from typing import Any

import pytest
from azure.functions.queue import QueueMessage

from shared.clock import now
from shared.delivery.message import DeliveryMessage
from shared.delivery.record import DeliveryState
from shared.dynamics.completion import DataverseCompletion
from shared.dynamics.dataverse import DataverseClient
from shared.errors import DataverseDown
from shared.events.announcement import new_announcement
from shared.events.dispatch import Dispatcher
from shared.events.event import Event
from shared.hub.hub import Hub
from shared.queue_edge import MAX_DEQUEUE_COUNT, handle_message
from shared.telemetry.tracing import at_invocation
from shared.web_api import WebApi
from tests.dynamics.contexts import body
from tests.dynamics.receiving import intake_of
from tests.dynamics.test_intake_of_rows import UPDATED
from tests.fakes.dataverse import FakeDataverse
from tests.fakes.receiver import Receiver, answers, answers_in_turn
from tests.support.delivering import EVENT, delivering_hub, new_event, register, save
from tests.support.events import PAYLOAD, make_event, store_event
from tests.support.host import QuietHost
from tests.support.invoking import TRACE, TRACEPARENT, invocation_context
from tests.support.lines import lines_in
from tests.support.transport import Fault, JournalTransport

ANOTHER = "00-11111111111111111111111111111111-2222222222222222-00"
WAY = ("event.received", "event.dispatched", "delivery.attempted")


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport, DELIVERY_RETRY_DELAYS="0,0")


def way(caplog: pytest.LogCaptureFixture, event_id: str) -> list[tuple[str, str]]:
    """The lines of an event's way: name and trace."""
    return [(line["name"], line["trace"]) for line in lines_in(caplog.records, *WAY) if line["event"] == event_id]


def told_traces(receiver: Receiver) -> list[str]:
    calls = [call for call in receiver.journal if "x-hook-test" not in call.headers]
    return [call.headers["traceparent"].split("-")[1] for call in calls]


def append(hub: Hub, event: Event, traceparent: str = TRACEPARENT) -> Event:
    with at_invocation(invocation_context(traceparent)):
        hub.events.append(event, PAYLOAD)
    return event


def test_each_row_of_a_request_goes_on_in_its_trace(
    hub: Hub, connection_string: str, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    register(hub, receiver.url, Events=["opportunity.updated"])
    with at_invocation(invocation_context(TRACEPARENT)):
        intake_of(hub).receive(body(UPDATED), trimmed=False)
    QuietHost(connection_string).run(hub)
    events = {line["event"] for line in lines_in(caplog.records, "event.received")}
    assert len(events) == 3
    for event in events:
        assert way(caplog, event) == [(name, TRACE) for name in WAY]
    assert told_traces(receiver) == [TRACE] * 3


def test_a_trimmed_event_goes_on_in_its_trace_once_it_is_completed(
    hub: Hub, connection_string: str, receiver: Receiver, dataverse: FakeDataverse, caplog: pytest.LogCaptureFixture
) -> None:
    register(hub, receiver.url, Events=["account.updated"])
    event = append(
        hub, make_event(type="account.updated", entity="account", trimmed=True, received_at=now(), values=None)
    )
    dataverse.add_row("account", event.entity_id, {"name": "Contoso", "description": "x" * 50_000})
    client = DataverseClient(WebApi("Dataverse", dataverse.url, lambda: "token", DataverseDown))
    receivers = hub.receivers
    dispatcher = Dispatcher(hub.events, DataverseCompletion(client), receivers.dispatcher._fan_out, (0,))
    QuietHost(connection_string, dispatcher).run(hub)
    assert way(caplog, event.id) == [(name, TRACE) for name in WAY]
    assert told_traces(receiver) == [TRACE]
    assert len(receiver.journal[-1].body) > 50_000


def test_a_second_request_has_a_trace_of_its_own_that_its_line_connects_with_the_event(
    hub: Hub, connection_string: str, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    register(hub, receiver.url)
    intake = intake_of(hub)
    for traceparent in (TRACEPARENT, ANOTHER):
        with at_invocation(invocation_context(traceparent)):
            intake.receive(body(UPDATED), trimmed=False)
    received = lines_in(caplog.records, "event.received")
    assert [(line["outcome"], line["trace"]) for line in received] == [("stored", TRACE)] * 3 + [
        ("duplicate", "1" * 32)
    ] * 3
    assert {line["event"] for line in received[:3]} == {line["event"] for line in received[3:]}
    QuietHost(connection_string).run(hub)
    # Whichever announcement dispatches it, and once.
    assert [line["trace"] for line in lines_in(caplog.records, "event.dispatched")] == [TRACE] * 3


def test_a_retry_a_replay_and_a_wait_go_on_in_the_trace(
    hub: Hub, connection_string: str, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    webhook = register(hub, receiver.url)
    receiver.behave(answers_in_turn(answers(500), answers(500), answers(500), answers(429), answers()))
    event = append(hub, new_event())
    host = QuietHost(connection_string)
    host.run(hub)
    record = hub.receivers.deliveries.get(webhook.id, event)
    assert record is not None
    assert record.state is DeliveryState.FAILED
    with at_invocation(invocation_context(ANOTHER)):
        hub.receivers.replay(record)
    host.run(hub)
    states = [line["state"] for line in lines_in(caplog.records, "delivery.attempted")]
    assert states == ["pending", "pending", "failed", "waiting"]
    with at_invocation(invocation_context(ANOTHER)):
        parked = hub.receivers.waker.parking.oldest(webhook.id, 10)
    assert [one.traceparent and one.traceparent.split("-")[1] for one in parked] == [TRACE]
    assert {trace for _, trace in way(caplog, event.id)} == {TRACE}
    assert told_traces(receiver) == [TRACE] * 4


def test_the_hubs_own_events_go_on_in_the_trace_of_the_change(
    hub: Hub, connection_string: str, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    webhook = register(hub, receiver.url)
    with at_invocation(invocation_context(TRACEPARENT)):
        save(hub, webhook.id, State="Stopped")
    QuietHost(connection_string).run(hub)
    [received] = lines_in(caplog.records, "event.received")
    assert (received["source"], received["type"]) == ("hub", f"webhook{webhook.id}.stopped")
    assert way(caplog, received["event"]) == [("event.received", TRACE), ("event.dispatched", TRACE)]


def test_a_change_that_another_run_signals_goes_on_in_its_own_trace(
    hub: Hub, transport: JournalTransport, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    webhooks = [register(hub, receiver.url) for _ in range(3)]
    # The first change makes tables and queues.
    save(hub, webhooks[2].id, State="Stopped")
    transport.forget()
    save(hub, webhooks[0].id, State="Stopped")
    announced = transport.summary.index("POST events/messages") + 1
    caplog.clear()
    transport.forget()
    transport.fail(announced, Fault.BEFORE)
    with at_invocation(invocation_context(TRACEPARENT)):
        save(hub, webhooks[1].id, State="Stopped")
    assert lines_in(caplog.records, "event.received") == []
    with at_invocation(invocation_context(ANOTHER)):
        hub.receivers.webhooks.get(webhooks[1].id)
    [received] = lines_in(caplog.records, "event.received")
    assert (received["trace"], received["outcome"]) == (TRACE, "stored")
    [left] = lines_in(caplog.records, "webhook.unsignalled")
    assert (left["trace"], left["webhook"]) == (TRACE, webhooks[1].id)


def test_a_lost_request_goes_on_in_the_trace_of_whoever_replays_it(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    intake = intake_of(hub)
    with at_invocation(invocation_context(TRACEPARENT)):
        intake.replay(UPDATED, body(UPDATED), job_id="0b1c4a36-77a5-4f2c-8b4d-0c9f6f9a1f00")
    assert {line["trace"] for line in lines_in(caplog.records, "event.received")} == {TRACE}


def test_an_event_of_a_version_before_has_the_trace_of_the_run_and_its_id(
    hub: Hub, caplog: pytest.LogCaptureFixture, receiver: Receiver
) -> None:
    webhook = register(hub, receiver.url)
    event = store_event(hub, new_event())
    with at_invocation(invocation_context(TRACEPARENT)):
        hub.receivers.dispatcher.dispatch(new_announcement(event.id).as_text().encode(), attempt=1)
    with at_invocation(invocation_context(ANOTHER)):
        hub.receivers.worker.work(DeliveryMessage(event_id=event.id, webhook_id=webhook.id).as_text().encode())
    assert way(caplog, event.id) == [("event.dispatched", TRACE), ("delivery.attempted", "1" * 32)]
    assert told_traces(receiver) == ["1" * 32]


def calls_of(
    hub: Hub, connection_string: str, transport: JournalTransport, event: Event, traceparent: str
) -> list[str]:
    transport.forget()
    if traceparent:
        append(hub, event, traceparent)
    else:
        hub.events.append(event, PAYLOAD)
    QuietHost(connection_string).run(hub)
    return [call for call in transport.summary if call != "GET usage"]


def test_a_trace_costs_no_transaction(
    hub: Hub, connection_string: str, transport: JournalTransport, receiver: Receiver
) -> None:
    register(hub, receiver.url)
    calls_of(hub, connection_string, transport, new_event(), "")
    without = calls_of(hub, connection_string, transport, new_event(), "")
    assert calls_of(hub, connection_string, transport, new_event(), TRACEPARENT) == without


def test_lines_say_what_became_of_an_event(
    hub: Hub, connection_string: str, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    webhook = register(hub, receiver.url)
    receiver.behave(answers_in_turn(answers(503, b"a secret of the receiver"), answers(204)))
    event = append(hub, new_event())
    QuietHost(connection_string).run(hub)
    received, dispatched, failed, delivered = lines_in(caplog.records, *WAY)
    assert received == {
        "name": "event.received",
        "trace": TRACE,
        "event": event.id,
        "type": EVENT,
        "source": "dynamics",
        "outcome": "stored",
    }
    assert (dispatched["type"], dispatched["outcome"], dispatched["webhooks"]) == (EVENT, "dispatched", 1)
    keys = ("type", "webhook", "attempt", "state", "class", "status")
    assert [failed[key] for key in keys] == [EVENT, webhook.id, 1, "pending", "http", 503]
    assert [delivered[key] for key in keys] == [EVENT, webhook.id, 2, "delivered", "", 204]
    assert failed["seconds"] is None
    assert delivered["seconds"] >= dispatched["seconds"] >= 0
    assert failed["milliseconds"] >= 0
    assert "a secret of the receiver" not in caplog.text


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [({"forgotten": True}, "forgotten"), ({"trimmed": True, "type": "connection.created"}, "unreadable")],
)
def test_each_announcement_that_ends_says_how(
    hub: Hub, caplog: pytest.LogCaptureFixture, changes: dict[str, Any], outcome: str
) -> None:
    event = store_event(hub, replace(new_event(), **changes))
    message = new_announcement(event.id).model_copy(update={"attempt": 100})
    for _ in range(2):
        # The second time it comes again, for its host may have died before it told.
        hub.receivers.dispatcher.dispatch(message.as_text().encode(), attempt=1)
    told = lines_in(caplog.records, "event.dispatched")
    assert [(line["outcome"], line["webhooks"]) for line in told] == [(outcome, 0)] * 2


def test_an_announcement_that_finds_its_event_dispatched_by_another_says_nothing(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    event = store_event(hub, new_event())
    for _ in range(2):
        hub.receivers.dispatcher.dispatch(new_announcement(event.id).as_text().encode(), attempt=1)
    assert len(lines_in(caplog.records, "event.dispatched")) == 1


def test_a_delivery_that_nobody_wants_any_more_says_why(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    event = new_event()
    message = DeliveryMessage(event_id=event.id, webhook_id=99, event=event, traceparent=TRACEPARENT)
    hub.receivers.worker.work(message.as_text().encode())
    assert lines_in(caplog.records, "delivery.dropped") == [
        {"name": "delivery.dropped", "trace": TRACE, "event": event.id, "webhook": 99, "reason": "unwanted"}
    ]


def test_a_disabled_webhook_is_a_line_in_the_trace_of_what_disabled_it(
    hub: Hub, connection_string: str, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    webhook = register(hub, receiver.url)
    receiver.behave(answers(410))
    event = append(hub, new_event())
    QuietHost(connection_string).run(hub)
    [line] = lines_in(caplog.records, "webhook.disabled")
    assert line == {
        "name": "webhook.disabled",
        "trace": TRACE,
        "event": event.id,
        "webhook": webhook.id,
        "reason": "gone",
    }
    # The event that tells of it goes on in the same trace.
    signalled = [one for one in lines_in(caplog.records, "event.received") if one["source"] == "hub"]
    assert [one["trace"] for one in signalled] == [TRACE]


@pytest.mark.parametrize("queue", ["events", "deliveries"])
def test_a_message_that_fails_before_its_event_is_read_is_told_with_that_event(
    hub: Hub, transport: JournalTransport, caplog: pytest.LogCaptureFixture, queue: str
) -> None:
    event = make_event()
    receivers = hub.receivers
    text, handler = {
        "events": (
            new_announcement(event.id, traceparent=TRACEPARENT).as_text(),
            lambda body, count: receivers.dispatcher.dispatch(body, attempt=count),
        ),
        "deliveries": (
            DeliveryMessage(event_id=event.id, webhook_id=1, traceparent=TRACEPARENT).as_text(),
            lambda body, _: receivers.worker.work(body),
        ),
    }[queue]
    message = QueueMessage(body=text.encode(), dequeue_count=MAX_DEQUEUE_COUNT)  # type: ignore[no-untyped-call]
    transport.forget()
    transport.fail(1, Fault.BEFORE, RuntimeError("nobody foresaw it"))
    with pytest.raises(RuntimeError):
        handle_message(message, handler, storage=lambda: hub.storage, queue=queue, context=invocation_context(ANOTHER))
    [line] = lines_in(caplog.records, "message.poisoned")
    assert (line["event"], line["trace"], line["queue"]) == (event.id, TRACE, queue)
