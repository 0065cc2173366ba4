"""One message, one attempt: what is delivered, what waits, what is dropped, and what it costs."""

import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.delivery.message import DeliveryMessage
from shared.delivery.queues import DELIVERIES_QUEUE, SLOW_QUEUE
from shared.delivery.record import DeliveryRecord, DeliveryState
from shared.errors import StorageDown
from shared.events.announcement import UnrecognizedMessage
from shared.events.event import Event
from shared.hub.hub import Hub
from shared.storage.queues import Queue
from shared.webhooks.registration import Registration
from tests.fakes.receiver import (
    Behaviour,
    Receiver,
    answers,
    answers_in_turn,
    drips_its_body,
    drips_its_head,
    floods_with_interim_answers,
    floods_with_its_status_line,
    hangs,
    is_a_bomb,
    never_ends,
    redirects,
    resets_after,
    sends,
)
from tests.support.delivering import attempt, delivering_hub, new_event, register, save, waiting
from tests.support.host import QuietHost
from tests.support.patience import eventually
from tests.support.transport import Fault, JournalTransport

HOSTILE: dict[str, tuple[Behaviour, str, int | None]] = {
    "hangs": (hangs(), "timeout", None),
    "drips its head": (drips_its_head(), "timeout", None),
    "a status line without an end": (floods_with_its_status_line(), "too_large", None),
    "floods with interim answers": (floods_with_interim_answers(), "http", None),
    "resets in its head": (resets_after(b"HTTP/1.1 200 OK\r\nConte"), "http", None),
    "closes at once": (sends(b""), "http", None),
    "invalid UTF-8": (sends(b"\xff\xfe\xfd\r\n\r\n"), "http", None),
    "redirects to this machine's metadata": (redirects("http://169.254.169.254/", 301), "http", 301),
    "redirects to itself": (redirects("/", 308), "http", 308),
    "a failure whose body drips": (drips_its_body(500), "http", 500),
    "a failure whose body never ends": (never_ends(503), "http", 503),
    "a failure in invalid UTF-8": (answers(500, b"\xff\x00\xfe"), "http", 500),
}
HOSTILE_SUCCESSES: dict[str, Behaviour] = {
    "a body that drips": drips_its_body(),
    "a body without an end": never_ends(),
    "a bomb": is_a_bomb(),
    "a body that breaks off": resets_after(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nbegun"),
}


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport, DELIVERY_DEADLINE_SECONDS="1")


@pytest.fixture
def webhook(hub: Hub, receiver: Receiver) -> Registration:
    """Its receiver has no visit in its journal yet."""
    registration = register(hub, receiver.url)
    receiver.reset()
    return registration


def record(hub: Hub, registration: Registration, event: Event) -> DeliveryRecord:
    found = hub.receivers.deliveries.get(registration.id, event)
    assert found is not None
    return found


def retarget(hub: Hub, registration: Registration, url: str) -> None:
    """Give it this target unchecked, as if it had been saved when that was still good."""
    stored = hub.receivers.webhooks.get(registration.id)
    assert stored is not None
    moved = stored.webhook.model_copy(update={"target_url": url})
    hub.receivers.webhooks.update(stored, replace(stored, webhook=moved))


def work_without_event(hub: Hub, registration: Registration, event: Event) -> None:
    """Work on a message that only names its event."""
    message = DeliveryMessage(event_id=event.id, webhook_id=registration.id)
    hub.receivers.worker.work(message.as_text().encode())


def delays(transport: JournalTransport) -> list[int]:
    """For how many seconds the messages that were sent cannot be seen."""
    sent = [call for call in transport.calls if call.path == "deliveries/messages"]
    return [int(call.query["visibilitytimeout"][0]) for call in sent]


def test_a_delivery_costs_four_transactions_a_repeat_one_and_a_retry_two_more(
    hub: Hub, webhook: Registration, receiver: Receiver, transport: JournalTransport
) -> None:
    attempt(hub, webhook)
    transport.forget()
    attempt(hub, webhook)
    alone = ["GET webhooks", "GET usage", "PATCH usage", "POST deliveries"]
    assert transport.summary == alone
    transport.forget()
    attempt(hub, webhook, None, repeat=True)
    # It is claimed before the call.
    assert transport.summary == ["GET webhooks", "GET usage", "POST deliveries", "PATCH usage", "PUT deliveries"]
    receiver.behave(answers(500))
    # The first message makes the queue.
    attempt(hub, webhook)
    event = new_event()
    hub.events.append(event, b"{}")
    transport.forget()
    attempt(hub, webhook, event)
    assert transport.summary == [*alone[:-1], "POST deliveries/messages", "POST deliveries"]
    transport.forget()
    attempt(hub, webhook, event, attempt=1, event=None)
    retry = ["GET webhooks", "GET events", "GET usage", "GET deliveries", "PATCH usage"]
    assert transport.summary == [*retry, "POST deliveries/messages", "PUT deliveries"]


def test_a_stopped_webhook_costs_two_and_its_event_is_held(
    hub: Hub, webhook: Registration, receiver: Receiver, transport: JournalTransport
) -> None:
    attempt(hub, webhook)
    save(hub, webhook.id, State="Stopped")
    receiver.journal.clear()
    transport.forget()
    event = attempt(hub, webhook)
    assert transport.summary == ["GET webhooks", "POST deliveries"]
    assert (record(hub, webhook, event).state, receiver.journal) == (DeliveryState.HELD, [])


def test_a_success_is_written_down_with_what_came_back(hub: Hub, webhook: Registration, receiver: Receiver) -> None:
    receiver.behave(answers(202, b"thanks", "X-Request: 7"))
    before = datetime.now(UTC)
    event = attempt(hub, webhook)
    delivered = record(hub, webhook, event)
    assert (delivered.state, delivered.attempts, delivered.next_attempt_at) == (DeliveryState.DELIVERED, 1, None)
    (made,) = delivered.log
    assert (made.status, made.error_class) == (202, "")
    assert made.text == "HTTP 202\ncontent-length: 6\nx-request: 7\n\nthanks"
    assert before <= made.at <= datetime.now(UTC)
    assert timedelta(0) <= made.duration < timedelta(seconds=20)
    assert hub.receivers.webhooks.usage(webhook.id).total_calls == 1


def test_the_schedule_is_followed_and_ends(
    connection_string: str, webhook: Registration, receiver: Receiver, transport: JournalTransport
) -> None:
    hub = delivering_hub(connection_string, transport, DELIVERY_CIRCUIT_AFTER="100")
    receiver.behave(answers(503))
    event = new_event()
    for number, planned in enumerate((1, 4, 300, 1800, 7200, 18_000, 36_000)):
        transport.forget()
        attempt(hub, webhook, event, attempt=number)
        delay = delays(transport)[-1]
        assert planned <= delay <= planned * 1.1 + 1
        pending = record(hub, webhook, event)
        assert (pending.state, pending.attempts) == (DeliveryState.PENDING, number + 1)
        assert pending.next_attempt_at is not None
        assert abs(pending.next_attempt_at - datetime.now(UTC) - timedelta(seconds=delay)) < timedelta(seconds=20)
    transport.forget()
    attempt(hub, webhook, event, attempt=7)
    failed = record(hub, webhook, event)
    assert (failed.state, len(failed.log), failed.next_attempt_at) == (DeliveryState.FAILED, 8, None)
    assert delays(transport) == []
    retries = [visit.headers.get("x-superoffice-retry") for visit in receiver.journal]
    assert retries == [None, "1", "2", "3", "4", "5", "6", "7"]
    assert {visit.headers["x-superoffice-eventid"] for visit in receiver.journal} == {event.id}


@pytest.mark.parametrize(("wish", "delay"), [("30", 30), ("0", 1), ("900000", 86_400), ("soon", 1)])
def test_a_retry_is_never_earlier_than_the_receiver_asks(
    hub: Hub, webhook: Registration, receiver: Receiver, transport: JournalTransport, wish: str, delay: int
) -> None:
    receiver.behave(answers(500, b"", f"Retry-After: {wish}"))
    attempt(hub, webhook)
    assert delays(transport)[-1] == delay


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_receiver_is_one_failed_attempt_with_a_class(
    hub: Hub, webhook: Registration, receiver: Receiver, name: str
) -> None:
    behaviour, error_class, status = HOSTILE[name]
    receiver.behave(behaviour)
    event = attempt(hub, webhook)
    pending = record(hub, webhook, event)
    (made,) = pending.log
    assert (pending.state, made.error_class, made.status) == (DeliveryState.PENDING, error_class, status)
    usage = hub.receivers.webhooks.usage(webhook.id)
    assert (usage.total_calls, usage.total_errors, usage.consecutive_errors) == (1, 1, 1)
    # What came instead of HTTP stands in the log alone.
    assert usage.last_error == ("the answer is not HTTP" if name == "invalid UTF-8" else made.last_error)
    assert receiver.connections == 1


@pytest.mark.parametrize("name", HOSTILE_SUCCESSES)
def test_a_success_counts_whatever_comes_after_its_head(
    hub: Hub, webhook: Registration, receiver: Receiver, name: str
) -> None:
    receiver.behave(HOSTILE_SUCCESSES[name])
    delivered = record(hub, webhook, attempt(hub, webhook))
    assert (delivered.state, delivered.log[0].status) == (DeliveryState.DELIVERED, 200)
    assert len(delivered.log[0].text) <= 4000


@pytest.mark.parametrize(
    ("url", "error_class"),
    [
        ("http://127.0.0.1:{nobody}/", "refused"),
        ("http://169.254.169.254/", "blocked"),
        ("ftp://127.0.0.1/", "blocked"),
        ("https://127.0.0.1:{plain}/", "tls"),
    ],
)
def test_what_cannot_be_called_is_a_failed_attempt_that_says_why(
    hub: Hub, webhook: Registration, receiver: Receiver, url: str, error_class: str
) -> None:
    receiver.behave(answers(), reads_first=False)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = listener.getsockname()[1]
    retarget(hub, webhook, url.format(nobody=nobody, plain=receiver.port))
    (made,) = record(hub, webhook, attempt(hub, webhook)).log
    assert (made.error_class, made.status) == (error_class, None)
    assert made.text


def test_a_policy_that_became_stricter_blocks_what_was_saved_before_and_names_the_rule(
    connection_string: str, hub: Hub, webhook: Registration, receiver: Receiver
) -> None:
    strict = delivering_hub(connection_string, DELIVERY_ALLOWED_NETWORKS="")
    (made,) = record(hub, webhook, attempt(strict, webhook)).log
    assert (made.error_class, receiver.connections) == ("blocked", 0)
    assert "127.0.0.0/8 (loopback)" in made.text


def test_after_a_hostile_receiver_others_are_delivered_as_before(hub: Hub, webhook: Registration) -> None:
    with Receiver() as other:
        healthy = register(hub, other.url)
        with Receiver() as hanging:
            slow = register(hub, hanging.url)
            hanging.behave(hangs())
            attempt(hub, slow)
        for registration in (healthy, webhook):
            assert record(hub, registration, attempt(hub, registration)).state is DeliveryState.DELIVERED


@pytest.mark.parametrize("body", [b"", b"hello", b'{"version": 2}', b'{"version": 1, "event_id": "x"'])
def test_a_message_that_is_not_ours_is_refused_without_a_look_at_storage(
    hub: Hub, transport: JournalTransport, body: bytes
) -> None:
    with pytest.raises(UnrecognizedMessage):
        hub.receivers.worker.work(body)
    assert transport.calls == []


@pytest.mark.parametrize("queue", [DELIVERIES_QUEUE, SLOW_QUEUE])
def test_a_message_that_is_not_ours_goes_to_poison_and_the_others_are_delivered(
    hub: Hub, webhook: Registration, receiver: Receiver, connection_string: str, queue: str
) -> None:
    event = new_event()
    good = DeliveryMessage(event_id=event.id, webhook_id=webhook.id, event=event).as_text()
    to: Queue = hub.storage.queue(queue)
    for text in ("hello", good[:-1], good.replace('"version":1', '"version":2'), good):
        to.send(text)
    host = QuietHost(connection_string)
    host.run(hub)
    assert len(host.poison) == 3
    assert len(receiver.journal) == 1
    assert record(hub, webhook, event).state is DeliveryState.DELIVERED


def test_the_delivery_to_a_webhook_that_was_removed_is_dropped_quietly(
    hub: Hub, webhook: Registration, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    stored = hub.receivers.webhooks.get(webhook.id)
    assert stored is not None
    hub.receivers.webhooks.delete(stored)
    with caplog.at_level(logging.INFO):
        event = attempt(hub, webhook, cycle=1)
    assert (receiver.journal, hub.receivers.deliveries.get(webhook.id, event)) == ([], None)
    assert [entry.levelname for entry in caplog.records if event.id in entry.message] == ["INFO"]


def test_the_delivery_of_an_event_that_was_removed_is_dropped_quietly(
    hub: Hub, webhook: Registration, receiver: Receiver, connection_string: str
) -> None:
    work_without_event(hub, webhook, new_event())
    assert (receiver.journal, waiting(connection_string)) == ([], [])


def test_an_event_that_the_message_does_not_carry_is_read(hub: Hub, webhook: Registration, receiver: Receiver) -> None:
    event = new_event()
    hub.events.append(event, b"{}")
    work_without_event(hub, webhook, event)
    assert record(hub, webhook, event).state is DeliveryState.DELIVERED
    assert [visit.headers["x-superoffice-eventid"] for visit in receiver.journal] == [event.id]


def test_who_does_not_subscribe_any_more_gets_no_new_event_but_retries_and_replays_go_on(
    hub: Hub, webhook: Registration, receiver: Receiver
) -> None:
    save(hub, webhook.id, Events=["other.changed"])
    receiver.journal.clear()
    assert hub.receivers.deliveries.get(webhook.id, attempt(hub, webhook)) is None
    assert receiver.journal == []
    for number, cycle in ((1, 0), (0, 1)):
        assert record(hub, webhook, attempt(hub, webhook, attempt=number, cycle=cycle)).state is DeliveryState.DELIVERED


@pytest.mark.parametrize("again", [{"repeat": True}, {"attempt": 1}, {"repeat": True, "attempt": 1}])
def test_a_message_that_may_be_a_repeat_of_one_that_was_delivered_calls_nobody(
    hub: Hub, webhook: Registration, receiver: Receiver, again: dict[str, object]
) -> None:
    event = attempt(hub, webhook)
    attempt(hub, webhook, event, **again)
    assert len(receiver.journal) == 1
    assert hub.receivers.webhooks.usage(webhook.id).total_calls == 1


def test_a_message_that_comes_again_after_its_host_died_is_a_possible_repeat(
    hub: Hub, webhook: Registration, receiver: Receiver
) -> None:
    event = attempt(hub, webhook)
    message = DeliveryMessage(event_id=event.id, webhook_id=webhook.id, event=event)
    hub.receivers.worker.work(message.as_text().encode(), message_id="the same", dequeue_count=2)
    assert len(receiver.journal) == 1


def test_a_retry_that_comes_twice_is_one_attempt_and_none_is_added(
    hub: Hub, webhook: Registration, receiver: Receiver, transport: JournalTransport
) -> None:
    receiver.behave(answers_in_turn(answers(500)))
    event = attempt(hub, webhook)
    attempt(hub, webhook, event, attempt=1)
    transport.forget()
    attempt(hub, webhook, event, repeat=True)
    attempt(hub, webhook, event, attempt=1)
    assert (len(receiver.journal), delays(transport)) == (2, [])
    assert record(hub, webhook, event).attempts == 2


def test_the_new_address_of_a_webhook_gets_what_waited_for_the_old_one(
    hub: Hub, webhook: Registration, receiver: Receiver
) -> None:
    receiver.behave(answers(500))
    event = attempt(hub, webhook)
    with Receiver() as moved:
        save(hub, webhook.id, TargetUrl=moved.url)
        moved.journal.clear()
        attempt(hub, webhook, event, attempt=1)
        assert [visit.headers["x-superoffice-eventid"] for visit in moved.journal] == [event.id]


def test_a_message_that_was_doubled_comes_again_later_while_the_other_is_worked_on(
    hub: Hub, webhook: Registration, receiver: Receiver, transport: JournalTransport
) -> None:
    event = new_event()
    receiver.behave(hangs())
    with ThreadPoolExecutor() as pool:
        first = pool.submit(attempt, hub, webhook, event, attempt=2, cycle=1)
        assert eventually(lambda: len(receiver.journal) == 1)
        transport.forget()
        attempt(hub, webhook, event, attempt=2, cycle=1)
        # It is not worked on before the other has come to an end, or is taken for dead.
        assert set(delays(transport)) == {31}
        first.result(30)
    assert len(receiver.journal) == 1


@pytest.mark.parametrize("status", [204, 500])
@pytest.mark.parametrize("call", range(1, 8))
@pytest.mark.parametrize("fault", Fault)
def test_a_receiver_is_not_called_again_by_the_process_that_could_not_write_its_attempt_down(
    hub: Hub,
    webhook: Registration,
    receiver: Receiver,
    transport: JournalTransport,
    status: int,
    call: int,
    fault: Fault,
) -> None:
    receiver.behave(answers(status))
    attempt(hub, webhook)  # which makes the tables and queues
    receiver.reset()
    receiver.behave(answers(status))
    before = hub.receivers.webhooks.usage(webhook.id).total_calls
    event = new_event()
    message = DeliveryMessage(event_id=event.id, webhook_id=webhook.id, event=event).as_text().encode()
    transport.forget()
    transport.fail(call, fault)
    with suppress(StorageDown):
        hub.receivers.worker.work(message, message_id="the same", dequeue_count=1)
    transport.forget()
    hub.receivers.worker.work(message, message_id="the same", dequeue_count=2)
    assert len(receiver.journal) == 1
    assert len(record(hub, webhook, event).log) == 1
    assert hub.receivers.webhooks.usage(webhook.id).total_calls - before == 1
