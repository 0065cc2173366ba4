"""All events of a row, or by a user, are forgotten: which ones, in how many calls, and what stays."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.api.parameters import parse_place, token_of
from shared.clock import now
from shared.deadline import deadline
from shared.delivery.message import DeliveryMessage
from shared.delivery.queues import DELIVERIES_QUEUE
from shared.delivery.redrive import POISON_SUFFIX
from shared.errors import StorageDown
from shared.events.event import Event
from shared.events.store import NewEvent
from shared.hub.hub import Hub
from shared.keeping.purging import PurgeFilter, PurgeResult, Purging, purge_budget
from shared.storage.paging import BEGINNING, Place
from shared.storage.scan import WorkBudget
from tests.fakes.receiver import Receiver, echoes
from tests.support.delivering import EVENT, delivering_hub, register
from tests.support.events import PAYLOAD, make_event
from tests.support.host import QuietHost
from tests.support.queues import visible_texts
from tests.support.traces import traces
from tests.support.transport import Fault, JournalTransport

MARKER = "a-very-private-name"
ROW = PurgeFilter(entity="Contact", entity_id="37C7C867-D571-E911-A956-000D3A1BC3F6")
USER = PurgeFilter(initiator="Kim@hub.example")
ABOUT_ROW: dict[str, object] = {"entity": "contact", "entity_id": "37c7c867-d571-e911-a956-000d3a1bc3f6"}


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


def purging(hub: Hub) -> Purging:
    return Purging(hub.storage, hub.events, hub.receivers.forgetting)


def stored(hub: Hub, number: int = 1, /, **changes: object) -> list[Event]:
    fields = {"type": EVENT, "received_at": now(), "field_values": {"name": MARKER}, **changes}
    events = [make_event(**fields) for _ in range(number)]
    hub.events.append_all([NewEvent(event, lambda: PAYLOAD) for event in events])
    return events


def forgotten(hub: Hub, events: list[Event]) -> list[bool]:
    found = [hub.events.get(event.id) for event in events]
    return [event is not None and event.forgotten for event in found]


def calls(
    step: Callable[[PurgeFilter, Place, WorkBudget], PurgeResult],
    wanted: PurgeFilter,
    budget: Callable[[], WorkBudget] = purge_budget,
) -> Iterator[int]:
    """What each call counts, until there are no more."""
    place: Place | None = BEGINNING
    while place is not None:
        done = step(wanted, place, budget())
        assert done.place != place
        place = done.place
        yield done.count


@pytest.mark.parametrize(
    ("wanted", "changes"), [(ROW, ABOUT_ROW), (USER, {"initiator": "kim@HUB.example"})], ids=["row", "user"]
)
def test_events_are_counted_and_forgotten_by_whole_values_in_any_case(
    hub: Hub, wanted: PurgeFilter, changes: dict[str, object]
) -> None:
    meant = stored(hub, 5, **changes)
    others = [
        *stored(hub, entity="contact", entity_id="37c7c867", initiator="kim"),
        *stored(hub, entity_id=ABOUT_ROW["entity_id"], initiator="xkim@hub.example"),
        *stored(hub, entity="contacts", entity_id=ABOUT_ROW["entity_id"], initiator="kim@hub.example "),
    ]
    assert list(calls(purging(hub).count, wanted)) == [5]
    assert list(calls(purging(hub).purge, wanted)) == [5]
    assert forgotten(hub, meant) == [True] * 5
    assert forgotten(hub, others) == [False] * 3
    # What is forgotten is left out from then on.
    assert list(calls(purging(hub).count, wanted)) == [0]
    assert list(calls(purging(hub).purge, wanted)) == [0]


def test_an_unknown_row_counts_nothing(hub: Hub) -> None:
    assert list(calls(purging(hub).count, ROW)) == list(calls(purging(hub).purge, ROW)) == [0]


def test_events_with_values_in_a_second_row_are_found_once(hub: Hub, connection_string: str) -> None:
    stored(hub, 2, **ABOUT_ROW, values={"name": MARKER * 3000})
    assert list(calls(purging(hub).count, ROW)) == [2]
    assert list(calls(purging(hub).purge, ROW)) == [2]
    assert traces(connection_string, MARKER) == set()


def test_each_call_goes_on_where_the_time_of_the_last_one_ended(hub: Hub) -> None:
    events = stored(hub, 40, **ABOUT_ROW)

    def short() -> WorkBudget:
        # A second of its time goes by with each look at it.
        ticks = count()
        return WorkBudget(seconds=3, clock=lambda: float(next(ticks)))

    counted = list(calls(purging(hub).purge, ROW, short))
    assert sum(counted) == 40
    assert len(counted) > 1
    assert all(forgotten(hub, events))


def test_an_event_of_very_many_webhooks_takes_several_calls_and_the_others_go_with_it(
    hub: Hub, transport: JournalTransport
) -> None:
    events = stored(hub, 3, **ABOUT_ROW)
    for event in events:
        hub.events.begin_dispatch(event, None, tuple(range(1, 451)) if event is events[1] else ())
    place, counted, looked = Place(), list[int](), list[int]()
    while True:
        transport.forget()
        # Of a request's time so much is reserved that there is time for no more than must be.
        with deadline(4.9):
            done = purging(hub).purge(ROW, place, purge_budget())
        counted.append(done.count)
        looked.append(transport.summary.count("GET deliveries"))
        if done.place is None:
            break
        # It goes through a token.
        place = parse_place({"continuationToken": token_of(done.place, "purge")}, "purge")
    assert (sum(counted), looked) == (3, [400, 400, 100])
    assert all(forgotten(hub, events))
    assert list(calls(purging(hub).count, ROW)) == [0]


def test_poison_queues_lose_what_was_purged_and_keep_what_was_not(hub: Hub, connection_string: str) -> None:
    (meant,) = stored(hub, 1, **ABOUT_ROW)
    (other,) = stored(hub)
    # An event that is not stored yet, or came after its part of the table was looked through.
    late = make_event(**ABOUT_ROW, field_values={"name": "late"})
    poison = hub.storage.queue(DELIVERIES_QUEUE + POISON_SUFFIX)
    for event in (meant, other, late):
        poison.send(DeliveryMessage(event_id=event.id, webhook_id=1, event=event).as_text())
    poison.send("not of the hub")
    assert list(calls(purging(hub).purge, ROW)) == [1]
    left = visible_texts(connection_string, DELIVERIES_QUEUE + POISON_SUFFIX)
    assert len(left) == 3
    assert not any(meant.id in text for text in left)


def test_a_purge_while_deliveries_are_under_way_leaves_nothing(
    hub: Hub, receiver: Receiver, connection_string: str
) -> None:
    register(hub, receiver.url)
    receiver.reset()
    receiver.behave(echoes(receiver, 500))
    stored(hub, 40, **ABOUT_ROW)
    with ThreadPoolExecutor(3) as pool:
        working = [pool.submit(QuietHost(connection_string).run, hub) for _ in range(2)]
        purged = sum(pool.submit(lambda: list(calls(purging(hub).purge, ROW))).result(60))
        for one in working:
            one.result(60)
    QuietHost(connection_string).run(hub)
    assert purged == 40
    assert traces(connection_string, MARKER) == set()


def test_two_purges_at_once_and_one_that_died_leave_nothing(
    hub: Hub, connection_string: str, transport: JournalTransport
) -> None:
    events = stored(hub, 20, **ABOUT_ROW)
    transport.forget()
    transport.fail(25, Fault.AFTER)
    with pytest.raises(StorageDown):
        list(calls(purging(hub).purge, ROW))
    transport.forget()
    assert traces(connection_string, MARKER)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: list(calls(purging(hub).purge, ROW)), range(2)))
    assert all(forgotten(hub, events))
    assert traces(connection_string, MARKER) == set()
    assert list(calls(purging(hub).count, ROW)) == [0]


@given(st.text(), st.text())
def test_a_value_is_taken_as_a_whole_in_any_case(value: str, other: str) -> None:
    wanted = PurgeFilter(initiator=value)
    assert wanted.takes("", "", value)
    assert wanted.takes("", "", value.casefold())
    assert wanted.takes("", "", other) == (value.casefold() == other.casefold())
