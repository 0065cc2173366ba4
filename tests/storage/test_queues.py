from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from azure.core.exceptions import AzureError, ServiceRequestError, ServiceResponseError

from shared.errors import StorageDown
from shared.hub.hub import Hub
from tests.support.queues import visible_texts
from tests.support.transport import Fault, JournalTransport


def test_a_text_comes_out_as_it_went_in(hub: Hub, connection_string: str) -> None:
    hub.storage.queue("events").send('{"ä": "<&>"}')
    assert visible_texts(connection_string, "events") == ['{"ä": "<&>"}']


def test_sending_is_one_transaction(hub: Hub, transport: JournalTransport) -> None:
    hub.storage.queue("events").send("first")
    transport.forget()
    hub.storage.queue("events").send("second")
    assert transport.summary == ["POST events/messages"]


def test_the_first_message_makes_the_queue(hub: Hub, transport: JournalTransport) -> None:
    hub.storage.queue("events").send("first")
    assert transport.summary == ["POST events/messages", "PUT events", "POST events/messages"]


def test_first_messages_at_the_same_time_all_arrive(hub: Hub) -> None:
    queue = hub.storage.queue("events")
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(queue.send, "abcdefghij"))
    assert queue.count() == 10


def test_a_message_that_is_news_waits_and_is_not_seen(hub: Hub, connection_string: str) -> None:
    hub.storage.queue("events").send("later", delay_seconds=3600)
    assert hub.storage.queue("events").count() == 1
    assert visible_texts(connection_string, "events") == []


def test_a_message_stays_until_it_is_taken(hub: Hub, transport: JournalTransport) -> None:
    hub.storage.queue("events").send("text", delay_seconds=7)
    assert transport.calls[-1].query == {"visibilitytimeout": ["7"], "messagettl": ["-1"]}


def test_a_queue_that_is_not_there_is_empty(hub: Hub) -> None:
    assert hub.storage.queue("events-poison").count() == 0


def test_a_queue_that_is_looked_through_loses_what_is_unwanted_and_shows_the_rest_as_it_was(
    hub: Hub, connection_string: str, transport: JournalTransport
) -> None:
    queue = hub.storage.queue("events-poison")
    texts = [f"{number} <ä>" for number in range(40)]
    for text in texts:
        queue.send(text)
    transport.forget()
    assert queue.sift(lambda text: text[0] == "1")
    # A count before and after, three looks, a call for each message.
    assert len(transport.calls) == 2 + 3 + 40
    assert queue.count() == 29
    assert set(visible_texts(connection_string, "events-poison")) == {text for text in texts if text[0] != "1"}


def test_a_look_through_a_queue_says_whether_others_hid_something_from_it(hub: Hub) -> None:
    queue = hub.storage.queue("events-poison")
    assert queue.sift(lambda _: True)
    queue.send("first")
    queue.drain(lambda _: False)
    queue.send("second")
    assert not queue.sift(lambda text: text == "second")
    assert queue.count() == 1


def test_a_lost_connection_is_tried_again(hub: Hub, transport: JournalTransport) -> None:
    hub.storage.queue("events").send("first")
    transport.forget()
    transport.fail(1, Fault.BEFORE, ServiceRequestError("connection lost"))
    hub.storage.queue("events").send("second")
    assert hub.storage.queue("events").count() == 2


@pytest.mark.parametrize("error", [ServiceRequestError("not sent"), ServiceResponseError("no answer")])
def test_a_send_is_tried_twice_at_most(hub: Hub, transport: JournalTransport, error: AzureError) -> None:
    hub.storage.queue("events").send("first")
    transport.forget()
    for number in range(1, 5):
        transport.fail(number, Fault.AFTER, error)
    with pytest.raises(StorageDown):
        hub.storage.queue("events").send("second")
    assert transport.summary == ["POST events/messages"] * 2


@pytest.mark.parametrize("fault", list(Fault))
def test_an_outage_is_told(hub: Hub, transport: JournalTransport, fault: Fault) -> None:
    transport.fail(1, fault)
    with pytest.raises(StorageDown):
        hub.storage.queue("events").send("text")


def test_an_outage_is_not_an_empty_queue(hub: Hub, transport: JournalTransport) -> None:
    transport.fail(1, Fault.BEFORE)
    with pytest.raises(StorageDown):
        hub.storage.queue("events").count()


def test_a_delay_that_storage_refuses_is_an_outage_that_names_the_queue(hub: Hub) -> None:
    hub.storage.queue("events").send("first")
    with pytest.raises(StorageDown, match="send to events: storage answered 400"):
        hub.storage.queue("events").send("text", delay_seconds=8 * 24 * 3600)


def test_the_oldest_message_of_a_look_is_known_by_its_time(hub: Hub) -> None:
    queue = hub.storage.queue("events")
    assert queue.oldest() is None
    queue.send("later", delay_seconds=600)
    assert queue.oldest() is None
    queue.send("one")
    oldest = queue.oldest()
    assert oldest is not None
    assert abs(hub.storage.now() - oldest) < timedelta(seconds=30)
    queue.send("two")
    assert queue.oldest() == oldest
