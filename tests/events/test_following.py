"""Who follows is told of each event once, in the order in which they became visible, whatever was written late."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.clock import now
from shared.errors import StorageDown
from shared.events.announcement import Announcement, new_announcement
from shared.events.dispatch import Dispatcher, Page
from shared.events.event import Event, EventState
from shared.events.following import OLDEST, FollowPlace, settled_until
from shared.events.late import LAG, LATE_EVENTS_TABLE, late_column
from shared.events.rows import EVENTLOG_TABLE, log_keys, log_row
from shared.events.store import EventStore
from shared.events.stripping import EventStripping
from shared.hub.hub import Hub
from shared.storage.query import Query
from shared.storage.scan import MAX_TRANSACTIONS, WorkBudget
from tests.support.delivering import delivering_hub
from tests.support.events import make_event, store_event
from tests.support.transport import Fault, JournalTransport

A_SECOND = timedelta(seconds=1)


class Clock:
    """Storage's time and a process's seconds, put forward by a test; only forward, and from the real time on."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return now() + self.ahead

    def seconds(self) -> float:
        return (self() - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds()

    def pass_(self, seconds: float) -> None:
        self.ahead += seconds * A_SECOND


class SlowTransport(JournalTransport):
    """Takes its time over the calls that a test names: before storage does it."""

    clock: Clock | None = None
    slow: Callable[[str], float] = staticmethod(lambda _: 0.0)

    def send(self, request: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as in the class it stands for
        if self.clock:
            self.clock.pass_(self.slow(f"{request.method} {request.url.partition('?')[0].rpartition('/')[2]}"))
        return super().send(request, **kwargs)


class Nobody:
    """No webhook wants anything; `fails` lets asking fail, as an outage does."""

    fails = False

    def page(self, event_type: str, *, after: int) -> Page:
        return Page((), is_last=True)

    def ask(self, event: Event, page: Page, *, repeat: bool) -> int | None:
        if self.fails:
            raise StorageDown("an outage")
        return None


class Whole:
    """Completes every trimmed event at once."""

    def complete(self, event: Event) -> Event:
        return event

    def given_up(self, event: Event) -> Event:
        return event


@dataclass
class World:
    """A hub whose time a test puts forward."""

    hub: Hub
    clock: Clock
    fan_out: Nobody

    @property
    def store(self) -> EventStore:
        return EventStore(self.hub.storage, now=self.clock, seconds=self.clock.seconds)

    def receive(self, *, age: float = 0, **changes: Any) -> Event:  # noqa: ANN401 - whatever an event has
        return store_event(self.hub, make_event(received_at=self.clock() - age * A_SECOND, **changes))

    def announce(self, event: Event) -> Announcement:
        return new_announcement(event.id)

    def dispatch(self, event: Event, announcement: Announcement | None = None, *, attempt: int = 1) -> None:
        message = (announcement or new_announcement(event.id)).as_text().encode()
        Dispatcher(self.store, Whole(), self.fan_out, ()).dispatch(message, attempt=attempt)

    def forget(self, event: Event) -> None:
        stripping = EventStripping(self.hub.storage, self.store)
        assert stripping.begin(event.id)
        stripping.strip_log(event)

    def have(self, **changes: Any) -> Event:  # noqa: ANN401 - whatever an event has
        event = self.receive(**changes)
        self.dispatch(event)
        return event

    def follow(self, place: FollowPlace | None, *, limit: int = 50, budget: WorkBudget | None = None) -> "Followed":
        following = self.store.follow(place, page_size=limit, budget=budget or WorkBudget())
        told: list[str] = []
        for event in following:
            told.append(event.id)
            if len(told) == limit:
                break
        return Followed(told, following.place)

    def follow_all(self, place: FollowPlace, *, limit: int = 50) -> list[str]:
        """All that is told from a place on until nothing has come for once."""
        told: list[str] = []
        while True:
            page = self.follow(place, limit=limit)
            told += page.told
            if page.place == place or (not page.told and page.place.moment >= self.clock() - LAG - A_SECOND):
                return told
            place = page.place


@dataclass(frozen=True)
class Followed:
    told: list[str]
    place: FollowPlace


@pytest.fixture
def transport() -> SlowTransport:
    return SlowTransport()


@pytest.fixture
def world(connection_string: str, transport: SlowTransport) -> World:
    world = World(delivering_hub(connection_string, transport), Clock(), Nobody())
    transport.clock = world.clock
    return world


def late_rows(world: World) -> int:
    return len([*world.hub.storage.table(LATE_EVENTS_TABLE).query(Query())])


def test_nothing_received_is_nothing_told(world: World) -> None:
    assert world.follow(None).told == []
    assert world.follow(OLDEST).told == []


def test_an_event_is_told_ten_seconds_after_its_receipt_and_once(world: World) -> None:
    start = world.follow(None).place
    event = world.have()
    page = world.follow(start)
    assert page.told == []
    world.clock.pass_(11)
    page = world.follow(page.place)
    assert page.told == [event.id]
    assert world.follow(page.place).told == []


def test_who_begins_now_is_told_what_comes_and_who_begins_at_the_oldest_everything(world: World) -> None:
    old = [world.have().id for _ in range(3)]
    world.clock.pass_(20)
    start = world.follow(None).place
    new = [world.have().id for _ in range(3)]
    world.clock.pass_(20)
    assert world.follow(start).told == new
    assert world.follow(OLDEST).told == [*old, *new]


def test_a_late_event_is_told_when_it_has_become_visible_and_to_everybody_once(world: World) -> None:
    start = world.follow(None).place
    first, trimmed = world.have(), world.receive(trimmed=True)
    world.clock.pass_(30)
    page = world.follow(start)
    assert page.told == [first.id]
    world.dispatch(trimmed)
    last = world.have()
    world.clock.pass_(30)
    assert world.follow(page.place).told == [trimmed.id, last.id]
    # Whoever has not read so far yet is told of it by its late place alone.
    assert world.follow(start).told == [first.id, trimmed.id, last.id]
    assert world.follow(OLDEST).told == [first.id, trimmed.id, last.id]


@pytest.mark.parametrize("seconds", [0, 1, 30])
def test_an_event_that_is_forgotten_before_its_dispatch_is_told_once(world: World, seconds: float) -> None:
    start = world.follow(None).place
    event = world.receive()
    world.clock.pass_(seconds)
    page = world.follow(start)
    world.forget(event)
    world.dispatch(event)
    world.forget(event)
    world.clock.pass_(11)
    assert world.follow(page.place).told == [event.id]
    world.clock.pass_(100)
    assert world.follow_all(start) == [event.id]


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("is_listed", [False, True])
def test_whatever_call_fails_a_forgotten_event_is_told_once_when_it_is_forgotten_again(
    world: World, transport: SlowTransport, fault: Fault, is_listed: bool
) -> None:
    for number in range(1, 20):
        start, event = world.follow(None).place, world.receive(trimmed=is_listed)
        world.clock.pass_(30)
        place = world.follow(start).place
        if is_listed:
            # It dies before the late row is certain, and comes once more when the event is forgotten.
            transport.forget()
            with suppress(StorageDown):
                transport.fail(4, fault)
                world.dispatch(event)
        transport.forget()
        transport.fail(number, fault)
        try:
            world.forget(event)
        except StorageDown:
            # Whoever follows reads on before it is done again.
            world.clock.pass_(30)
            seen = world.follow(place)
            place, told = seen.place, seen.told
            transport.forget()
            world.forget(event)
        else:
            transport.forget()
            break
        world.clock.pass_(200)
        assert [*told, *world.follow_all(place)] == [event.id], number
    assert number > 4


def test_the_contents_of_a_late_event_go_without_its_being_told_again(world: World) -> None:
    start = world.follow(None).place
    event = world.receive()
    world.clock.pass_(30)
    world.dispatch(event)
    world.clock.pass_(30)
    page = world.follow(start)
    assert page.told == [event.id]
    world.forget(event)
    world.clock.pass_(200)
    assert world.follow_all(page.place) == []


def test_an_event_by_a_clock_that_is_fast_does_not_wait_for_it(world: World) -> None:
    start = world.follow(None).place
    event = world.have(age=-3600)
    world.clock.pass_(20)
    page = world.follow(start)
    assert page.told == [event.id]
    world.clock.pass_(4000)
    assert world.follow(page.place).told == []


def test_an_ordinary_event_costs_nothing_more_and_a_late_one_an_insert(world: World, transport: SlowTransport) -> None:
    world.have(age=60)
    costs = []
    for age in (0, 60):
        event = world.receive(age=age)
        transport.forget()
        world.dispatch(event)
        costs.append(transport.summary)
    assert costs == [["GET events", "POST eventlog"], ["GET events", "POST eventlog", "POST lateevents"]]


def test_who_is_up_to_date_pays_three_reads(world: World, transport: SlowTransport) -> None:
    world.have(age=60)
    world.clock.pass_(20)
    page = world.follow(OLDEST)
    while page.told:
        page = world.follow(page.place)
    world.have()
    world.clock.pass_(20)
    transport.forget()
    assert len(world.follow(page.place).told) == 1
    assert transport.summary == ["GET lateevents", "GET eventlog", "GET lateevents"]


@pytest.mark.parametrize("age", [0, 60])
@pytest.mark.parametrize("slow", ["POST eventlog", "POST lateevents"])
def test_what_was_written_slowly_is_told_a_minute_later(
    world: World, transport: SlowTransport, slow: str, age: float
) -> None:
    world.have(age=60)
    start = world.follow(None).place
    event = world.receive(age=age)
    # Meanwhile a follower reads past the moment under which it would have been told.
    places = []

    def takes(call: str) -> float:
        if call != slow:
            return 0
        transport.slow = staticmethod(lambda _: 0.0)
        world.clock.pass_(25)
        places.append(world.follow(start))
        return 0

    transport.slow = takes
    world.dispatch(event)
    told = [one for page in places for one in page.told]
    world.clock.pass_(100)
    place = places[-1].place if places else start
    told += world.follow_all(place)
    assert told.count(event.id) == 1
    assert world.follow_all(OLDEST).count(event.id) == 1


@pytest.mark.parametrize("age", [0, 60])
@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", range(1, 5))
def test_whatever_call_fails_the_event_is_told_once_its_message_comes_again(
    world: World, transport: SlowTransport, number: int, fault: Fault, age: float
) -> None:
    world.have(age=60)
    start = world.follow(None).place
    event = world.receive(age=age, trimmed=True)
    announcement = new_announcement(event.id)
    transport.forget()
    transport.fail(number, fault)
    with suppress(StorageDown):
        world.dispatch(event, announcement)
    transport.forget()
    world.clock.pass_(30)
    page = world.follow(start)
    world.dispatch(event, announcement, attempt=2)
    world.clock.pass_(100)
    told = [*page.told, *world.follow_all(page.place)]
    assert event.id in told
    assert told.count(event.id) <= 2
    assert world.follow_all(OLDEST).count(event.id) == 1


@pytest.mark.parametrize("age", [0, 60])
def test_an_outage_after_an_event_was_listed_tells_nobody_twice(world: World, age: float) -> None:
    start = world.follow(None).place
    event = world.receive(age=age)
    announcement = new_announcement(event.id)
    world.fan_out.fails = True
    told: list[str] = []
    for attempt in (1, 2):
        with pytest.raises(StorageDown):
            world.dispatch(event, announcement, attempt=attempt)
        world.clock.pass_(100)
        told += (page := world.follow(start)).told
        start = page.place
    world.fan_out.fails = False
    world.dispatch(event, announcement, attempt=3)
    world.clock.pass_(100)
    assert [*told, *world.follow_all(start)] == [event.id]


def test_who_died_before_it_told_of_an_untold_event_has_it_told_by_its_message(
    world: World, transport: SlowTransport
) -> None:
    event = world.receive(age=60)
    announcement = new_announcement(event.id)
    ignored = replace(event, state=EventState.IGNORED)
    transport.forget()
    transport.fail(2, Fault.BEFORE)
    with pytest.raises(StorageDown):
        world.store.begin_dispatch(ignored, announcement.id)
    transport.forget()
    world.dispatch(event, announcement, attempt=2)
    world.clock.pass_(100)
    assert world.follow_all(OLDEST) == [event.id]


def test_of_several_announcements_of_a_late_event_one_tells(world: World) -> None:
    event = world.receive(age=60)
    for _ in range(3):
        world.dispatch(event)
    assert late_rows(world) == 1
    world.clock.pass_(20)
    assert world.follow_all(OLDEST) == [event.id]


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_many_of_one_moment_are_told_page_by_page(world: World, limit: int) -> None:
    moment = world.clock() - 60 * A_SECOND
    table = world.hub.storage.table(EVENTLOG_TABLE)
    ids = []
    for number in range(23):
        at = moment if 3 <= number < 20 else moment + (number - 10) * timedelta(microseconds=1)
        event = make_event(received_at=at)
        table.insert(log_row(event))
        ids.append((at, event.id))
    assert world.follow_all(OLDEST, limit=limit) == [id_ for _, id_ in sorted(ids)]


@pytest.mark.parametrize("limit", [1, 7, 200])
def test_events_of_months_are_told_oldest_first_each_once_within_the_work_of_each_call(
    world: World, transport: SlowTransport, limit: int
) -> None:
    table, ids = world.hub.storage.table(EVENTLOG_TABLE), []
    rows = random.Random(limit)  # noqa: S311 - a test's
    count = 25 if limit == 1 else 120
    for _ in range(count):
        at = world.clock() - timedelta(days=100) * rows.random() ** 3 - 60 * A_SECOND
        event = make_event(received_at=at)
        table.insert(log_row(event))
        ids.append((at, event.id))
    place, told = OLDEST, list[str]()
    while len(told) < count:
        transport.forget()
        page = world.follow(place, limit=limit)
        assert len(transport.calls) <= MAX_TRANSACTIONS
        assert len(page.told) <= limit
        place, told = page.place, [*told, *page.told]
    assert told == [id_ for _, id_ in sorted(ids)]


@pytest.mark.parametrize("transactions", [1, 2, 3, 5, 9])
def test_a_call_with_little_work_left_comes_further_all_the_same(world: World, transactions: int) -> None:
    events = [world.have(age=60 - number).id for number in range(6)]
    world.clock.pass_(20)
    place, told = OLDEST, list[str]()
    for _ in range(400):
        page = world.follow(place, limit=2, budget=WorkBudget(transactions=transactions + 4))
        place, told = page.place, [*told, *page.told]
        if len(told) == 6:
            break
    assert told == events


def test_rows_of_the_previous_version_are_told_by_their_receipt(world: World) -> None:
    event = make_event(received_at=world.clock() - 3600 * A_SECOND)
    world.hub.storage.table(EVENTLOG_TABLE).insert(log_row(event, "an announcement"))
    assert world.follow_all(OLDEST) == [event.id]


def test_an_event_that_was_removed_is_not_told(world: World) -> None:
    event = world.have(age=60)
    world.hub.storage.table(EVENTLOG_TABLE).delete(*log_keys(event))
    world.clock.pass_(20)
    assert world.follow_all(OLDEST) == []


def test_a_pointer_that_another_one_has_replaced_tells_nothing(world: World) -> None:
    event = world.have(age=60)
    partition, key = log_keys(event)
    later = late_column(world.clock() + 600 * A_SECOND)
    world.hub.storage.table(EVENTLOG_TABLE).merge({"PartitionKey": partition, "RowKey": key, **later})
    world.clock.pass_(20)
    assert world.follow_all(OLDEST) == []


def test_a_place_in_the_future_waits_for_its_time(world: World) -> None:
    world.have()
    world.clock.pass_(20)
    ahead = FollowPlace(world.clock() + 3600 * A_SECOND)
    assert world.follow(ahead) == Followed([], ahead)


def test_a_local_clock_that_is_wrong_is_put_right_before_anything_is_read(connection_string: str) -> None:
    fast = delivering_hub(connection_string, JournalTransport(clock=lambda: now() + timedelta(hours=1)))
    late = fast.storage.table(LATE_EVENTS_TABLE)
    until = settled_until(late, fast.storage.now, WorkBudget())
    assert abs(now() - LAG - until) < 2 * A_SECOND


@pytest.mark.parametrize("step", [-3600, -20, 20, 3600])
def test_an_event_is_told_soon_although_the_clock_of_the_instance_that_lists_it_is_set_just_then(
    connection_string: str, step: float
) -> None:
    steps = [timedelta(0)]
    writer = delivering_hub(connection_string, JournalTransport(clock=lambda: now() + steps[-1]))
    reader = EventStore(delivering_hub(connection_string).storage)
    # What makes the tables, and tells the writer the time.
    writer.events.begin_dispatch(make_event(), "an announcement")
    place = reader.follow(None, page_size=50, budget=WorkBudget()).place
    event = make_event(received_at=now())
    steps.append(step * A_SECOND)
    writer.events.begin_dispatch(event, "an announcement")
    # Another instance, some minutes later.
    later = EventStore(delivering_hub(connection_string).storage, now=lambda: now() + 200 * A_SECOND)
    told = [one.id for one in later.follow(place, page_size=50, budget=WorkBudget())]
    assert told.count(event.id) == 1


def test_where_storage_is_too_slow_to_tell_the_time_nothing_is_told(world: World, transport: SlowTransport) -> None:
    transport.slow = staticmethod(lambda _: 3.0)
    with pytest.raises(StorageDown):
        world.follow(OLDEST)


class Life:
    """Two followers with their own habits; dispatches that are late, slow, die, or are made again."""

    def __init__(self, world: World, transport: SlowTransport, seed: int) -> None:
        self.world = world
        self.transport = transport
        self.chance = random.Random(seed)  # noqa: S311 - a test's
        self.places = {"eager": OLDEST, "lazy": OLDEST}
        self.told: dict[str, list[str]] = {name: [] for name in self.places}
        self.open: list[tuple[Event, Announcement]] = []
        self.all: set[str] = set()
        self.troubled: set[str] = set()

    def poll(self, name: str) -> None:
        page = self.world.follow(self.places[name], limit=self.chance.choice([1, 3, 50]))
        self.places[name] = page.place
        self.told[name] += page.told

    def receive(self) -> None:
        age = self.chance.choice([0, 0, 0, 1, 40, -30])
        event = self.world.receive(age=age, trimmed=self.chance.random() < 0.3)
        self.all.add(event.id)
        self.open.append((event, new_announcement(event.id)))

    def slowly(self, call: str) -> float:
        if call.startswith(("POST", "PATCH")) and self.chance.random() < 0.3:
            # Whoever follows meanwhile is not slow.
            self.transport.slow = quickly
            self.world.clock.pass_(self.chance.choice([1, 4, 20]))
            self.poll("eager")
        return 0

    def dispatch(self) -> None:
        event, announcement = self.open.pop(self.chance.randrange(len(self.open)))
        self.transport.forget()
        is_dying, is_slow = self.chance.random() < 0.2, self.chance.random() < 0.3
        if is_dying:
            self.transport.fail(self.chance.randrange(1, 5), self.chance.choice([*Fault]))
        self.transport.slow = self.slowly if is_slow else quickly
        if is_dying or is_slow:
            self.troubled.add(event.id)
        try:
            self.world.dispatch(event, announcement)
        except StorageDown:
            self.open.append((event, announcement))
        self.transport.forget()
        self.transport.slow = quickly

    def go_on(self) -> None:
        self.world.clock.pass_(self.chance.choice([0, 0.5, 3, 12]))
        if self.chance.random() < 0.7:
            self.receive()
        if self.open and self.chance.random() < 0.8:
            self.dispatch()
        self.poll("eager")
        if self.chance.random() < 0.1:
            self.poll("lazy")

    def end(self) -> None:
        for event, announcement in self.open:
            self.world.dispatch(event, announcement, attempt=2)
        self.world.clock.pass_(200)
        for name, place in self.places.items():
            self.told[name] += self.world.follow_all(place)


def quickly(_: str) -> float:
    return 0.0


@pytest.mark.parametrize("seed", range(6))
def test_in_a_world_of_late_slow_and_repeated_writes_nothing_is_missed_and_little_told_twice(
    world: World, transport: SlowTransport, seed: int
) -> None:
    life = Life(world, transport, seed)
    for _ in range(40):
        life.go_on()
    life.end()
    for told in life.told.values():
        assert set(told) == life.all
        twice = {id_ for id_ in told if told.count(id_) > 1}
        assert twice <= life.troubled
    assert sorted(world.follow_all(OLDEST)) == sorted(life.all)
