"""The table `audit`: newest first, by whom, about what and when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import ServiceResponseError

from shared.api.audit import list_audit
from shared.audit.entry import AuditEntry, Outcome
from shared.audit.log import MAX_REFUSALS_PER_MINUTE, AuditFilter, AuditLog
from shared.errors import BadRequest, StorageDown
from shared.hub.hub import Hub
from tests.roles.graph_directory import TestClock
from tests.support.cases import holds_for
from tests.support.transport import Fault, JournalTransport

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
ENTRY = AuditEntry(NOON, "kim@hub.example", "webhook.update", "webhooks/12", Outcome.DONE, 200, ("Name",))
URL = "http://hub.example/api/v1/events/audit"


def keep(hub: Hub, **changes: object) -> AuditEntry:
    entry = replace(ENTRY, **changes)  # type: ignore[arg-type] # whatever the fields of an entry are
    assert hub.audit.keep(entry)
    return entry


def found(hub: Hub, **query: str) -> list[object]:
    value = list_audit(hub.audit, query, url=URL)["value"]
    assert isinstance(value, list)
    return value


@pytest.mark.parametrize(
    "entry",
    [
        ENTRY,
        replace(ENTRY, who=None, target="", changed=()),
        replace(ENTRY, who="hub", status=None, outcome=Outcome.PARTIAL),
        replace(ENTRY, who="arcgis:o'neill", target="roles/A 'B'/#EXT#@x", changed=("é", "Secret")),
    ],
)
def test_what_is_kept_is_read_back(hub: Hub, entry: AuditEntry) -> None:
    hub.audit.keep(entry)
    assert [kept for _, kept in hub.audit.list(AuditFilter(), page_size=10)] == [entry]


def test_entries_are_listed_newest_first_over_days(hub: Hub) -> None:
    kept = [keep(hub, at=NOON + timedelta(hours=hours)) for hours in (0, 30, -30, 1, 31)]
    expected = [entry.as_json() for entry in sorted(kept, key=lambda entry: entry.at, reverse=True)]
    assert found(hub) == expected


def test_several_at_the_same_moment_are_all_kept(hub: Hub) -> None:
    for number in range(5):
        keep(hub, target=f"webhooks/{number}")
    assert len(found(hub)) == 5


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"who": "KIM@hub.example "}, {"1", "2"}),
        ({"who": "kim@hub.exampl"}, set()),
        ({"who": "o'neill@hub.example"}, {"3"}),
        ({"who": "' or true or '"}, set()),
        ({"target": "webhooks/2"}, {"2", "3"}),
        ({"target": "webhooks"}, set()),
        ({"who": "kim@hub.example", "target": "webhooks/2"}, {"2"}),
        ({"since": "2026-03-14T13:00:00Z"}, {"2", "3"}),
        ({"until": "2026-03-14T14:00:00Z"}, {"1", "2"}),
        ({"since": "2026-03-14T13:00:00Z", "until": "2026-03-14T13:00:00.000001Z"}, {"2"}),
        ({"since": "2026-03-15"}, set()),
        ({"code": "KEY", "who": "kim@hub.example"}, {"1", "2"}),
        ({"Code": "KEY", "who": "kim@hub.example"}, {"1", "2"}),
    ],
)
def test_a_listing_shows_what_the_filters_let_through(hub: Hub, query: dict[str, str], expected: set[str]) -> None:
    for number, (who, target) in enumerate([("kim@", 1), ("kim@", 2), ("o'neill@", 2)]):
        at = NOON + timedelta(hours=number)
        keep(hub, at=at, who=f"{who}hub.example", target=f"webhooks/{target}", action=str(number + 1))
    assert {one["action"] for one in found(hub, **query) if isinstance(one, dict)} == expected


def test_pages_hold_every_entry_once(hub: Hub) -> None:
    kept = [keep(hub, at=NOON + timedelta(hours=7 * hours)) for hours in range(7)]
    keep(hub, who="alex@hub.example", at=NOON + timedelta(days=9))
    query, seen = {"limit": "3", "who": "kim@hub.example"}, []
    while True:
        page = list_audit(hub.audit, query, url=URL)
        assert isinstance(page["value"], list)
        seen += page["value"]
        if page["continuationToken"] is None:
            break
        assert str(page["nextLink"]).startswith(f"{URL}?who=kim%40hub.example&limit=3&continuationToken=")
        query["continuationToken"] = str(page["continuationToken"])
    assert seen == [entry.as_json() for entry in reversed(kept)]


@holds_for(
    ("name", "value"),
    [
        ("Who", "kim"),
        ("user", "kim"),
        ("webhook", "1"),
        ("$filter", "true"),
        ("who", ""),
        ("who", " "),
        ("who", "x" * 251),
        ("who", "a\x00"),
        ("target", ""),
        ("target", "x" * 50_000),
        ("target", "a\nb"),
        ("since", "soon"),
        ("until", "13"),
        ("limit", "0"),
        ("limit", "201"),
        ("continuationToken", "x"),
    ],
)
def test_a_parameter_that_is_none_is_named_and_costs_nothing(
    hub: Hub, transport: JournalTransport, name: str, value: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        list_audit(hub.audit, {name: value}, url=URL)
    assert [error.pointer for error in caught.value.errors] == [f"#/{name}"]
    assert len(caught.value.detail) < 300
    assert transport.calls == []


def test_a_long_filter_is_within_what_storage_takes(hub: Hub) -> None:
    longest = "x" * 250
    keep(hub, who=longest, target=longest)
    assert len(found(hub, who=longest, target=longest)) == 1


def test_a_caller_has_room_for_refusals_again_a_minute_later(hub: Hub) -> None:
    clock = TestClock()
    audit = AuditLog(hub.storage.table("audit"), clock=clock)
    refused = replace(ENTRY, outcome=Outcome.REFUSED, status=403)
    assert [audit.keep(refused) for _ in range(MAX_REFUSALS_PER_MINUTE + 1)][-2:] == [True, False]
    assert audit.keep(replace(refused, who="alex@hub.example"))
    assert audit.keep(ENTRY)
    clock.seconds = 60
    assert audit.keep(refused)


def test_a_row_whose_answer_was_lost_is_there_once(hub: Hub, transport: JournalTransport) -> None:
    keep(hub)
    transport.forget()
    transport.fail(1, Fault.AFTER, ServiceResponseError("lost"))
    assert hub.audit.keep(ENTRY)
    assert (transport.summary, len(found(hub))) == (["PUT audit"] * 2, 2)


def test_an_outage_is_told(hub: Hub, transport: JournalTransport) -> None:
    transport.fail(1, Fault.BEFORE)
    with pytest.raises(StorageDown):
        hub.audit.keep(ENTRY)
