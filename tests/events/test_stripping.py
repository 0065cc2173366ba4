"""The contents of an event leave `events` and `eventlog`; retention may remove the rows at the same moment."""

from dataclasses import replace

from shared.events.event import Event, EventState, forgotten_event
from shared.events.rows import EVENTLOG_TABLE, EVENTS_TABLE, event_keys, log_keys
from shared.events.stripping import KEPT_COLUMNS, EventStripping, is_forgotten
from shared.hub.hub import Hub
from shared.storage.tables import RowVersion
from tests.support.events import make_event, store_event
from tests.support.transport import JournalTransport


def stored(hub: Hub) -> Event:
    return store_event(hub, make_event(values={"name": "x" * 40_000}, reconstructed=True))


def test_the_row_says_that_it_is_forgotten_from_the_first_step_and_that_all_is_done_after_the_last(hub: Hub) -> None:
    event, stripping = stored(hub), EventStripping(hub.storage, hub.events)
    table = hub.storage.table(EVENTS_TABLE)

    def said() -> tuple[bool, bool]:
        row = table.get(*event_keys(event.id), select=KEPT_COLUMNS)
        assert row is not None
        return bool(row.get("Forgotten")), is_forgotten(row)

    assert said() == (False, False)
    assert stripping.begin(event.id) == hub.events.get(event.id) == forgotten_event(event)
    assert said() == (True, False)
    stripping.strip_log(event)
    assert said() == (True, False)
    stripping.finish(event)
    assert said() == (True, True)


def test_a_row_that_was_read_costs_one_write(hub: Hub, transport: JournalTransport) -> None:
    event, table = stored(hub), hub.storage.table(EVENTS_TABLE)
    row = table.get(*event_keys(event.id), select=KEPT_COLUMNS)
    assert row is not None
    transport.forget()
    found = EventStripping(hub.storage, hub.events).begin(event.id, RowVersion(row, str(row.metadata["etag"])))
    assert (found, transport.summary) == (forgotten_event(event), ["PUT events"])


def test_what_retention_removes_meanwhile_does_not_come_back(hub: Hub) -> None:
    event, stripping, table = stored(hub), EventStripping(hub.storage, hub.events), hub.storage.table(EVENTS_TABLE)
    row = table.get(*event_keys(event.id), select=KEPT_COLUMNS)
    assert row is not None
    table.delete(*event_keys(event.id))
    assert stripping.begin(event.id, RowVersion(row, str(row.metadata["etag"]))) is None
    stripping.finish(event)
    assert table.get(*event_keys(event.id)) is None


def test_what_the_log_says_of_the_dispatch_stays(hub: Hub) -> None:
    event = stored(hub)
    hub.events.begin_dispatch(replace(event, state=EventState.DISPATCHED), None)
    log = hub.storage.table(EVENTLOG_TABLE)
    log.merge({**dict(zip(("PartitionKey", "RowKey"), log_keys(event), strict=True)), "Other": "stays"})
    before = EventStripping(hub.storage, hub.events).strip_log(event)
    after = log.get(*log_keys(event))
    assert before is not None
    assert after is not None
    assert (after["Other"], after["State"], after["Forgotten"]) == ("stays", "dispatched", True)
