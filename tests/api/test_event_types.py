"""`GET types`: what the hub makes, what was seen, what somebody subscribes to; within bounds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.api import event_types
from shared.api.event_types import list_types
from shared.arcgis.layer_event import EVENT_NAMES
from shared.errors import BadRequest
from shared.events.event import Event, EventState
from shared.events.rows import EVENTLOG_TABLE, log_row
from shared.hub.hub import Hub
from shared.storage.scan import WorkBudget
from shared.webhooks.subscriptions import SUBSCRIPTIONS_TABLE
from tests.support.events import make_event
from tests.support.transport import JournalTransport

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
OWN = {
    "connection.created",
    *EVENT_NAMES,
    *(f"webhook{{id}}.{verb}" for verb in ("started", "stopped", "errors")),
}


def add(hub: Hub, minutes: int, **changes: Any) -> Event:  # noqa: ANN401 - whatever the fields of an event are
    event = make_event(state=EventState.DISPATCHED, received_at=NOON + timedelta(minutes=minutes), **changes)
    hub.storage.table(EVENTLOG_TABLE).put(log_row(event))
    return event


def subscribe(hub: Hub, webhook_id: int, *names: str) -> None:
    for name in names:
        row = {"PartitionKey": name, "RowKey": f"{webhook_id:010d}", "Revision": 1}
        hub.storage.table(SUBSCRIPTIONS_TABLE).put(row)


def answer(hub: Hub, **query: str) -> dict[str, Any]:
    return list_types(hub.events, hub.receivers.webhooks, query)


def types(hub: Hub) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in answer(hub)["value"]}


def test_what_the_hub_makes_is_there_before_any_event_with_a_made_up_sample(hub: Hub) -> None:
    found = types(hub)
    assert found.keys() == OWN
    assert {one["source"] for one in found.values()} == {"dynamics", "arcgis", "hub"}
    assert all(one["sample"]["type"] == name for name, one in found.items())
    assert found["connection.created"]["sample"].keys() == make_event().as_json().keys()


def test_what_was_seen_has_its_newest_event_as_sample(hub: Hub) -> None:
    add(hub, 1, type="contact.updated", source="dynamics/x", field_values={"a": 1})
    newest = add(hub, 2, type="contact.updated", source="dynamics/x", field_values={"a": 2})
    own = add(hub, 3)
    found = types(hub)
    assert found["contact.updated"] == {"name": "contact.updated", "source": "dynamics", "sample": newest.as_json()}
    assert found["connection.created"]["sample"]["id"] == own.id


def test_what_nobody_has_seen_but_somebody_wants_has_neither_source_nor_sample(hub: Hub) -> None:
    for webhook_id in (1, 2, 3):
        subscribe(hub, webhook_id, "thing.changed", "other_thing.changed")
    found = types(hub)
    assert found.keys() == OWN | {"thing.changed", "other_thing.changed"}
    assert found["thing.changed"] == {"name": "thing.changed", "source": None, "sample": None}


def test_they_come_by_name_and_each_once(hub: Hub) -> None:
    subscribe(hub, 1, "contact.updated", "a.b", "connection.created")
    add(hub, 1, type="contact.updated")
    names = [one["name"] for one in answer(hub)["value"]]
    assert names == sorted(set(names))
    assert answer(hub)["more"] is False


def test_a_parameter_is_refused_by_name(hub: Hub) -> None:
    with pytest.raises(BadRequest) as refusal:
        answer(hub, limit="5")
    assert "limit" in refusal.value.detail


def test_there_are_at_most_so_many_and_the_answer_says_that_there_are_more(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(hub, 1, "x.one", "x.two")
    monkeypatch.setattr(event_types, "MAX_TYPES", len(OWN) + 1)
    found = answer(hub)
    assert (len(found["value"]), found["more"]) == (len(OWN) + 1, True)
    monkeypatch.setattr(event_types, "MAX_TYPES", len(OWN) + 2)
    assert answer(hub)["more"] is False


def test_only_the_newest_events_are_looked_at(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    add(hub, 1, type="old.one")
    add(hub, 2, type="new.one")
    monkeypatch.setattr(event_types, "MAX_SEEN", 1)
    assert types(hub).keys() == OWN | {"new.one"}


def test_samples_that_have_no_room_are_left_out(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    add(hub, 1, type="zz.one", field_values={"a": "x" * 20_000})
    monkeypatch.setattr(event_types, "MAX_PAGE_CHARACTERS", 20_000)
    found = types(hub)
    assert found["zz.one"] == {"name": "zz.one", "source": "dynamics", "sample": None}
    assert found["connection.created"]["sample"] is not None


def test_the_work_of_a_call_is_bounded_and_a_short_answer_says_so(hub: Hub, transport: JournalTransport) -> None:
    subscribe(hub, 1, "x.one")
    transport.forget()
    registry = hub.receivers.webhooks
    found = list_types(hub.events, registry, {}, new_budget=lambda: WorkBudget(transactions=1))
    assert transport.summary == ["GET eventlog"]
    assert found["more"] is True
    transport.forget()
    assert answer(hub)["more"] is False
    assert transport.summary == ["GET eventlog", "GET subscriptions"]


def test_an_event_that_thousands_want_costs_one_transaction(hub: Hub, transport: JournalTransport) -> None:
    for webhook_id in range(1, 31):
        subscribe(hub, webhook_id, "a.one")
    subscribe(hub, 1, "b.two")
    names = hub.receivers.webhooks.subscribed_names(budget=WorkBudget())
    event_types_page = "shared.webhooks.subscriptions._PAGE"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(event_types_page, 10)
        transport.forget()
        assert [*names] == ["a.one", "b.two"]
    assert names.is_complete
    assert len(transport.calls) == 2
