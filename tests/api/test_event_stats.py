"""`GET stats`: what was counted, by hour and webhook; bounded work, and a token where there is more."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.api import event_stats
from shared.api.event_stats import show_stats
from shared.errors import BadRequest
from shared.hub.hub import Hub
from shared.storage.scan import WorkBudget
from shared.timestamps import stored_time
from shared.webhooks.rows import USAGE_TABLE, usage_keys
from shared.webhooks.stats import AN_HOUR, CountedAttempt, counted_in, slot_column
from tests.support.transport import JournalTransport

NOW = datetime(2026, 3, 14, 11, 40, tzinfo=UTC)


def took(milliseconds: float, error_class: str = "", *, latency: float = 0) -> CountedAttempt:
    return CountedAttempt(timedelta(milliseconds=milliseconds), timedelta(milliseconds=latency), error_class)


def count(hub: Hub, webhook_id: int, *attempts: CountedAttempt, at: datetime = NOW) -> None:
    table, (partition, key) = hub.storage.table(USAGE_TABLE), usage_keys(webhook_id)
    slots: dict[str, str] = {slot_column(at): ""}
    for one in attempts:
        slots = counted_in(slots, at, one)
    table.modify(partition, key, lambda _: {**slots, "LastCallAt": stored_time(at)})


def shown(hub: Hub, **query: str) -> dict[str, Any]:
    return show_stats(hub.receivers.statistics, query, NOW)


def test_nothing_counted_is_an_empty_answer_with_a_day_of_hours(hub: Hub) -> None:
    answer = shown(hub)
    assert answer["webhooks"] == []
    assert (answer["hours"][0], answer["hours"][-1]) == ("2026-03-13T12:00:00Z", "2026-03-14T11:00:00Z")
    assert len(answer["hours"]) == 24
    assert answer["total"] == {
        "delivered": [0] * 24,
        "failed": [0] * 24,
        "latency": {"p50": [None] * 24, "p95": [None] * 24},
        "duration": {"p50": [None] * 24, "p95": [None] * 24},
        "classes": [{}] * 24,
    }
    assert answer["continuationToken"] is None


def test_a_webhook_tells_of_its_last_attempt_and_its_last_success(hub: Hub) -> None:
    count(hub, 7, took(30))
    count(hub, 8, took(30))
    success = {"LastSuccessAt": stored_time(NOW - AN_HOUR)}
    hub.storage.table(USAGE_TABLE).modify(*usage_keys(7), lambda _: success)
    seven, eight = shown(hub)["webhooks"]
    assert (seven["lastCallAt"], seven["lastSuccessAt"]) == ("2026-03-14T11:40:00Z", "2026-03-14T10:40:00Z")
    # As an earlier version counted.
    assert (eight["lastCallAt"], eight["lastSuccessAt"]) == ("2026-03-14T11:40:00Z", None)


def test_a_webhook_that_was_called_long_ago_is_told_to_who_asks_for_it(hub: Hub, transport: JournalTransport) -> None:
    count(hub, 7, took(30), at=NOW - timedelta(days=40))
    hub.storage.table(USAGE_TABLE).modify(*usage_keys(8), lambda _: {"LastCallAt": "", "NoticeAt": ""})
    assert shown(hub)["webhooks"] == []
    transport.forget()
    [seven] = shown(hub, webhook="7")["webhooks"]
    assert transport.summary == ["GET usage"]
    assert (seven["lastCallAt"], sum(seven["delivered"])) == ("2026-02-02T11:40:00Z", 0)
    assert shown(hub, webhook="8")["webhooks"] == []


@pytest.mark.parametrize(("stored", "told"), [(stored_time(NOW - AN_HOUR), "2026-03-14T10:40:00Z"), ("", None)])
def test_a_webhook_tells_since_when_it_fails(hub: Hub, stored: str, told: str | None) -> None:
    count(hub, 7, took(30, "http"))
    hub.storage.table(USAGE_TABLE).modify(*usage_keys(7), lambda _: {"FailingSince": stored})
    [seven] = shown(hub)["webhooks"]
    assert seven["failingSince"] == told


def test_each_webhook_has_an_item_for_each_hour_and_the_total_adds_them_up(hub: Hub) -> None:
    count(hub, 7, took(30, latency=80), took(30, "http"), took(30, "dns"))
    count(hub, 12, took(2000, latency=4000), at=NOW - AN_HOUR)
    count(hub, 12, took(30, "http"))
    answer = shown(hub)
    seven, twelve = answer["webhooks"]
    assert (seven["id"], twelve["id"]) == (7, 12)
    assert (seven["delivered"][-2:], seven["failed"][-2:], seven["classes"][-1]) == (
        [0, 1],
        [0, 2],
        {"dns": 1, "http": 1},
    )
    assert (twelve["delivered"][-2:], twelve["failed"][-2:]) == ([1, 0], [0, 1])
    assert (twelve["latency"]["p50"][-2], twelve["latency"]["p95"][-1]) == (3750, None)
    assert twelve["duration"]["p95"][-2] == 1750
    total = answer["total"]
    assert (total["delivered"][-2:], total["failed"][-2:], total["classes"][-1]) == (
        [1, 1],
        [0, 3],
        {"dns": 1, "http": 2},
    )
    assert {len(one) for one in (*total["latency"].values(), *total["duration"].values())} == {24}


def test_a_week_has_168_hours_and_what_is_older_is_not_shown(hub: Hub) -> None:
    oldest = NOW - 167 * AN_HOUR
    count(hub, 7, took(30), at=oldest)
    count(hub, 7, took(30), took(30), at=NOW)
    count(hub, 8, took(30), at=oldest - AN_HOUR)
    answer = shown(hub, hours="168")
    assert [one["id"] for one in answer["webhooks"]] == [7]
    assert (answer["webhooks"][0]["delivered"][0], answer["webhooks"][0]["delivered"][-1]) == (1, 2)
    assert sum(answer["total"]["delivered"]) == 3
    assert sum(shown(hub)["total"]["delivered"]) == 2


def test_one_webhook_can_be_asked_for(hub: Hub, transport: JournalTransport) -> None:
    for id_ in (7, 8, 9):
        count(hub, id_, took(30))
    transport.forget()
    assert [one["id"] for one in shown(hub, webhook="8")["webhooks"]] == [8]
    assert transport.summary == ["GET usage"]
    assert shown(hub, webhook="77")["webhooks"] == []


def test_a_row_of_the_previous_version_and_the_list_of_blocked_webhooks_are_none_of_it(hub: Hub) -> None:
    table, (partition, key) = hub.storage.table(USAGE_TABLE), usage_keys(7)
    table.insert({"PartitionKey": partition, "RowKey": key, "TotalCalls": 3, "LastCallAt": stored_time(NOW)})
    table.insert({"PartitionKey": "open", "RowKey": partition, "Until": stored_time(NOW), "Reason": "circuit"})
    assert shown(hub)["webhooks"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"hours": "23"}, "hours"),
        ({"hours": ""}, "hours"),
        ({"hours": "024"}, "hours"),
        ({"webhook": "x"}, "webhook"),
        ({"webhook": ""}, "webhook"),
        ({"webhook": "-1"}, "webhook"),
        ({"limit": "5"}, "limit"),
        ({"continuationToken": "x"}, "continuationToken"),
        ({"since": "2026-01-01"}, "since"),
    ],
)
def test_what_is_wrong_is_refused_by_name(hub: Hub, query: dict[str, str], field: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        shown(hub, **query)
    assert field in refusal.value.detail


def test_pages_that_end_with_the_budget_or_at_their_size_name_each_webhook_once(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    for id_ in range(1, 9):
        count(hub, id_, took(30))
    monkeypatch.setattr(event_stats, "MAX_PAGE_CHARACTERS", 2500)
    found: list[int] = []
    query: dict[str, str] = {}
    while True:
        answer = shown(hub, **query)
        assert sum(answer["total"]["delivered"]) == len(answer["webhooks"]) < 8
        found += [one["id"] for one in answer["webhooks"]]
        if answer["continuationToken"] is None:
            break
        query = {"continuationToken": answer["continuationToken"]}
    assert found == list(range(1, 9))
    with pytest.raises(BadRequest):
        shown(hub, hours="168", **query)


def test_a_call_without_time_answers_an_empty_page_with_a_token(hub: Hub) -> None:
    count(hub, 7, took(30))
    statistics = hub.receivers.statistics
    answer = show_stats(statistics, {}, NOW, new_budget=lambda: WorkBudget(transactions=0))
    assert (answer["webhooks"], answer["continuationToken"] is None) == ([], False)
    token = str(answer["continuationToken"])
    assert [one["id"] for one in shown(hub, continuationToken=token)["webhooks"]] == [7]


@pytest.mark.parametrize(("hours", "rows"), [(24, 416), (168, 59)])
def test_ten_thousand_webhooks_are_within_the_transactions_of_a_call(
    hub: Hub, transport: JournalTransport, hours: int, rows: int
) -> None:
    count(hub, 7, took(30))
    transport.forget()
    shown(hub, hours=str(hours))
    [call] = transport.calls
    assert call.query["$top"] == [str(rows)]
    assert 10_000 / rows <= 200
    assert len(call.query["$select"][0].split(",")) == hours + 5
