"""Messages that stranded in a poison queue, put back."""

import uuid

import pytest
from azure.storage.queue import QueueClient

from shared.delivery.message import DeliveryMessage, as_repeat
from shared.delivery.pace.wakeups import WAKEUPS_QUEUE, WakeUp
from shared.delivery.queues import DELIVERIES_QUEUE, SLOW_QUEUE
from shared.delivery.redrive import POISON_SUFFIX, RedriveResult, redrive
from shared.errors import StorageDown
from shared.events.announcement import EVENTS_QUEUE, new_announcement, parse_announcement
from shared.events.event import EventId, EventState
from shared.hub.hub import Hub
from tests.delivery.test_fan_out_pages import subscribe_in_table
from tests.support.delivering import delivering_hub, new_event, waiting
from tests.support.events import PAYLOAD
from tests.support.host import QuietHost
from tests.support.queues import announcements, visible_texts
from tests.support.transport import Fault, JournalTransport

QUEUES = (EVENTS_QUEUE, DELIVERIES_QUEUE, SLOW_QUEUE, WAKEUPS_QUEUE)
NOT_OURS = '{"version": 7}'


def message(queue: str) -> str:
    id_ = EventId(str(uuid.uuid4()))
    if queue == WAKEUPS_QUEUE:
        return WakeUp(webhook_id=1, number=7).as_text()
    return (new_announcement(id_) if queue == EVENTS_QUEUE else DeliveryMessage(event_id=id_, webhook_id=1)).as_text()


def strand(hub: Hub, queue: str, *texts: str) -> None:
    for text in texts:
        hub.storage.queue(queue + POISON_SUFFIX).send(text)


@pytest.mark.parametrize("queue", QUEUES)
def test_what_is_ours_goes_back_where_it_came_from_and_what_is_not_stays(
    hub: Hub, connection_string: str, queue: str
) -> None:
    ours = message(queue)
    strand(hub, queue, ours, NOT_OURS)
    done = {one.queue: one for one in redrive(hub.storage, dry_run=False)}
    assert done[queue + POISON_SUFFIX] == RedriveResult(queue + POISON_SUFFIX, 1, 1)
    # It was tried, and was perhaps handled in part.
    put_back = {EVENTS_QUEUE: parse_announcement(ours.encode()).as_repeat().as_text()} if queue == EVENTS_QUEUE else {}
    put_back |= {queue: as_repeat(ours.encode())} if queue in (DELIVERIES_QUEUE, SLOW_QUEUE) else {}
    target = DELIVERIES_QUEUE if queue == SLOW_QUEUE else queue
    assert visible_texts(connection_string, target) == [put_back.get(queue, ours)]
    assert hub.storage.queue(queue + POISON_SUFFIX).count() == 1


def test_a_message_of_another_queue_is_not_ours(hub: Hub, connection_string: str) -> None:
    strand(hub, EVENTS_QUEUE, message(DELIVERIES_QUEUE))
    assert [(one.put_back, one.left) for one in redrive(hub.storage, dry_run=False)] == [(0, 1), (0, 0), (0, 0), (0, 0)]


@pytest.mark.parametrize("after", [0, 1])
def test_a_dispatch_that_stranded_goes_on_and_marks_what_it_asks_for_as_possible_repeats(
    connection_string: str, after: int
) -> None:
    hub = delivering_hub(connection_string)
    subscribe_in_table(connection_string, hub, 3)
    event = new_event()
    hub.events.append(event, PAYLOAD)
    (sent,) = announcements(connection_string)
    hub.events.begin_dispatch(event, sent.id)
    hub.storage.queue(EVENTS_QUEUE).drain(lambda _: True)
    strand(hub, EVENTS_QUEUE, sent.going_on(after=after, repeat=False).as_text())
    list(redrive(hub.storage, dry_run=False))
    QuietHost(connection_string).run(hub, EVENTS_QUEUE)
    asked = {message.webhook_id: message.repeat for message in waiting(connection_string)}
    assert asked == {webhook_id: True for webhook_id in range(after + 1, 4)}
    finished = hub.events.dispatched(event)
    assert finished is not None
    assert finished.state is EventState.DISPATCHED


def test_a_dry_run_counts_and_leaves_everything(hub: Hub, connection_string: str) -> None:
    strand(hub, DELIVERIES_QUEUE, message(DELIVERIES_QUEUE), NOT_OURS)
    assert [(one.put_back, one.left) for one in redrive(hub.storage, dry_run=True)] == [(0, 0), (0, 2), (0, 0), (0, 0)]
    assert len(visible_texts(connection_string, DELIVERIES_QUEUE + POISON_SUFFIX)) == 2


def test_there_may_be_more_than_one_look_finds(hub: Hub) -> None:
    strand(hub, SLOW_QUEUE, *(message(SLOW_QUEUE) for _ in range(40)))
    assert [one.put_back for one in redrive(hub.storage, dry_run=False)] == [0, 0, 40, 0]
    # They are deliveries as any other now.
    assert hub.storage.queue(DELIVERIES_QUEUE).count() == 40


def test_a_message_that_is_no_base64_stays_and_stops_no_other(hub: Hub, connection_string: str) -> None:
    strand(hub, EVENTS_QUEUE, message(EVENTS_QUEUE))
    with QueueClient.from_connection_string(connection_string, EVENTS_QUEUE + POISON_SUFFIX) as bare:
        bare.send_message("<no base64>")
    strand(hub, EVENTS_QUEUE, message(EVENTS_QUEUE))
    assert [(one.put_back, one.left) for one in redrive(hub.storage, dry_run=False)] == [(2, 1), (0, 0), (0, 0), (0, 0)]


def test_where_nothing_was_ever_sent_nothing_is_made(hub: Hub, transport: JournalTransport) -> None:
    assert [(one.put_back, one.left) for one in redrive(hub.storage, dry_run=False)] == [(0, 0)] * 4
    assert [call.method for call in transport.calls] == ["GET"] * 4


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", range(1, 9))
def test_storage_that_fails_at_any_call_loses_no_message(
    hub: Hub, transport: JournalTransport, fault: Fault, number: int
) -> None:
    poison, queue = (hub.storage.queue(DELIVERIES_QUEUE + suffix) for suffix in (POISON_SUFFIX, ""))
    queue.send(message(DELIVERIES_QUEUE))
    strand(hub, DELIVERIES_QUEUE, *(message(DELIVERIES_QUEUE) for _ in range(2)))
    transport.forget()
    # A look at each poison queue; a send and a removal for each of two messages, and then the end of their queue.
    transport.fail(number, fault)
    with pytest.raises(StorageDown):
        list(redrive(hub.storage, dry_run=False))
    transport.forget()
    assert poison.count() + queue.count() >= 3
