"""Announcements whose event is not stored: they overtook it, or their request died or was refused."""

import json

import pytest

from shared.errors import StorageDown
from shared.events.announcement import EVENTS_QUEUE, Announcement, new_announcement
from shared.events.dispatch import MISSING_DELAYS, Dispatcher
from shared.events.event import EventState
from shared.hub.hub import Hub
from tests.events.test_dispatch import Collected, completion, listed
from tests.support.events import PAYLOAD, make_event, store_event
from tests.support.host import QuietHost
from tests.support.lines import lines_in
from tests.support.queues import announcements
from tests.support.transport import Fault, JournalTransport


def patient(hub: Hub, collected: Collected | None = None) -> Dispatcher:
    """One that looks twice again, each time at once."""
    return Dispatcher(hub.events, completion(""), collected or Collected(), (), missing_delays=(0, 0))


@pytest.mark.parametrize(("misses", "seconds"), list(enumerate((1, 2, 4, 8, 16, 32, 64))))
@pytest.mark.parametrize("attempt", [1, 5])
def test_an_announcement_without_its_event_comes_again_as_a_message_that_counts(
    hub: Hub, transport: JournalTransport, misses: int, seconds: int, attempt: int
) -> None:
    hub.events.append(make_event(), PAYLOAD)  # which makes the queue
    announcement = new_announcement(make_event().id).model_copy(update={"misses": misses})
    transport.forget()
    hub.receivers.dispatcher.dispatch(announcement.as_text().encode(), attempt=attempt)
    assert transport.summary == ["GET events", "POST events/messages"]
    assert transport.calls[1].query["visibilitytimeout"] == [str(seconds)]
    assert listed(hub) == []


def test_its_next_message_is_the_same_announcement(hub: Hub, connection_string: str) -> None:
    announcement = new_announcement(make_event().id)
    dispatcher = patient(hub)
    dispatcher.dispatch(announcement.as_text().encode(), attempt=1)
    assert announcements(connection_string) == [announcement.model_copy(update={"misses": 1})]


def test_one_of_the_previous_version_counts_from_0(hub: Hub, connection_string: str) -> None:
    dispatcher = patient(hub)
    id_ = make_event().id
    dispatcher.dispatch(json.dumps({"version": 1, "event_id": id_, "attempt": 0}).encode(), attempt=3)
    assert announcements(connection_string) == [Announcement(event_id=id_, misses=1)]


def test_an_event_that_was_never_stored_is_dropped_in_the_end_and_the_log_says_so(
    hub: Hub, connection_string: str, caplog: pytest.LogCaptureFixture
) -> None:
    host = QuietHost(connection_string, patient(hub))
    announcement = new_announcement(make_event().id)
    hub.events.publish(announcement)
    host.run(hub, EVENTS_QUEUE)
    assert (host.failures, host.poison) == (0, [])
    [line] = lines_in(caplog.records)
    assert (line["name"], line["event"], line["outcome"]) == ("event.dispatched", announcement.event_id, "dropped")
    assert listed(hub) == []


@pytest.mark.parametrize("looks", range(1, 3))
def test_an_event_that_is_stored_before_the_last_look_is_dispatched(
    hub: Hub, connection_string: str, looks: int
) -> None:
    collected = Collected()
    dispatcher = patient(hub, collected)
    event = make_event()
    announcement = new_announcement(event.id)
    for _ in range(looks):
        dispatcher.dispatch(announcement.as_text().encode(), attempt=1)
        announcement = announcements(connection_string)[-1]
    store_event(hub, event)
    dispatcher.dispatch(announcement.as_text().encode(), attempt=1)
    assert collected.repeats == [False]
    assert [shown.state for shown in listed(hub)] == [EventState.DISPATCHED]


def test_the_looks_outlive_every_request() -> None:
    # Dataverse, and every proxy on the way, has given up on the request long before.
    assert sum(MISSING_DELAYS) > 5 * 25


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", [1, 2])
def test_a_look_that_cannot_be_put_off_is_not_lost(
    hub: Hub, transport: JournalTransport, number: int, fault: Fault
) -> None:
    transport.forget()
    transport.fail(number, fault)
    # The failure makes the host try the message again, so it is still there.
    with pytest.raises(StorageDown):
        hub.receivers.dispatcher.dispatch(new_announcement(make_event().id).as_text().encode(), attempt=1)
