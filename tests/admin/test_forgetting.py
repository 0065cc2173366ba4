"""`python -m admin events forget` and `purge`, as somebody runs them whom a person has asked to be forgotten."""

import pytest

from shared.audit.log import AuditFilter
from shared.hub.hub import Hub
from tests.admin.command import admin
from tests.support.events import PAYLOAD, make_event

_UNKNOWN = "37c7c867-d571-e911-a956-000d3a1bc3f6"


def told(hub: Hub) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Action, target, outcome and changed members of each entry of the audit, oldest first."""
    entries = [entry for _, entry in hub.audit.list(AuditFilter(), page_size=10)]
    return [(one.action, one.target, one.outcome.value, one.changed) for one in reversed(entries)]


def test_events_are_forgotten_by_their_ids_and_an_unknown_one_stops_no_other(hub: Hub, connection_string: str) -> None:
    events = [make_event() for _ in range(2)]
    for event in events:
        hub.events.append(event, PAYLOAD)
    ids = [events[0].id.upper(), _UNKNOWN, events[1].id]
    run = admin("events", "forget", *ids, "--json", AzureWebJobsStorage=connection_string)
    assert (run.code, run.err) == (1, "")
    assert run.json == [{"id": id_, "forgotten": id_ != _UNKNOWN} for id_ in ids]
    found = [hub.events.get(event.id) for event in events]
    assert all(event is not None and event.forgotten for event in found)
    assert told(hub) == [
        ("event.forget", f"events/{events[0].id}", "done", ()),
        ("event.forget", f"events/{_UNKNOWN}", "refused", ()),
        ("event.forget", f"events/{events[1].id}", "done", ()),
    ]


@pytest.mark.parametrize("by", ["row", "user"])
def test_a_purge_counts_first_and_then_forgets(hub: Hub, connection_string: str, by: str) -> None:
    event = make_event()
    hub.events.append(event, PAYLOAD)
    row = ["--entity", event.entity.upper(), "--entity-id", event.entity_id.upper()]
    wanted = row if by == "row" else ["--initiator", event.initiator]
    dry = admin("events", "purge", *wanted, "--dry-run", "--json", AzureWebJobsStorage=connection_string)
    assert (dry.code, dry.json, told(hub)) == (0, {"count": 1}, [])
    run = admin("events", "purge", *wanted, AzureWebJobsStorage=connection_string)
    assert (run.code, run.out, run.err) == (0, "events forgotten: 1\n", "")
    changed = ("entity", "entityId") if by == "row" else ("initiator",)
    assert told(hub) == [("event.purge", "events/purge", "done", changed)]


@pytest.mark.parametrize(
    "options",
    [[], ["--entity", "contact"], ["--entity-id", "1"], ["--entity", "c", "--entity-id", "1", "--initiator", "kim"]],
)
def test_a_purge_of_anything_else_is_refused(options: list[str]) -> None:
    run = admin("events", "purge", *options)
    assert (run.code, "give --entity with --entity-id, or --initiator alone" in run.err) == (2, True)
