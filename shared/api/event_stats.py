"""`GET /api/v1/events/stats`: how attempts ended and how long they took, hour by hour, for each webhook and in all."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from shared.api.events import MAX_PAGE_CHARACTERS
from shared.api.parameters import parse_place, parse_webhook_filter, require_known, token_of
from shared.exact_json import dump_json
from shared.storage.scan import WorkBudget
from shared.timestamps import utc_z
from shared.validation import bad_field
from shared.webhooks.statistics import WebhookHours, WebhookStatistics
from shared.webhooks.stats import (
    DURATION_BOUNDS,
    HOURS_OF_WEEK,
    LATENCY_BOUNDS,
    Counts,
    last_hours,
    merged,
    percentile,
)

_A_DAY = 24
_PARAMETERS = ("hours", "webhook", "continuationToken")


def show_stats(
    statistics: WebhookStatistics,
    query: Mapping[str, str],
    now: datetime,
    *,
    new_budget: Callable[[], WorkBudget] = WorkBudget,
) -> dict[str, object]:
    """`{"hours": [...], "webhooks": [...], "total": {...}, "continuationToken"}`, an item an hour in each list.

    `query` may hold `hours` (24 or 168), `webhook` and `continuationToken`; `now` is by storage's clock, and the hour
    that it belongs to is the last one. Webhooks without an attempt in these hours are left out, unless `webhook` names
    one that was ever called. `total` is that of the webhooks in this answer: all of them, unless there is a token,
    which leads to the others. Raises BadRequest, which names the parameter.
    """
    require_known(query, _PARAMETERS)
    count, webhook_id = _parse_hours(query), parse_webhook_filter(query)
    asked = ("stats", count, webhook_id)
    hours = last_hours(now, count)
    found = statistics.read(hours, webhook_id=webhook_id, place=parse_place(query, asked), budget=new_budget())
    shown: list[dict[str, object]] = []
    totals = [Counts()] * count
    size, place, is_cut = 0, found.place, False
    for _, one in found:
        if one.is_idle and webhook_id is None:
            continue
        if size >= MAX_PAGE_CHARACTERS:
            is_cut = True
            break
        shown.append({"id": one.webhook_id, **_times(one), **_as_json(one.hours)})
        totals = [merged(pair) for pair in zip(totals, one.hours, strict=True)]
        size, place = size + len(dump_json(shown[-1])), found.place
    if not is_cut:
        place = found.place
    return {
        "hours": [utc_z(hour) for hour in hours],
        "webhooks": shown,
        "total": _as_json(totals),
        "continuationToken": token_of(place, asked) if is_cut or not found.is_complete else None,
    }


def _times(one: WebhookHours) -> dict[str, str | None]:
    times = {
        "failingSince": one.failing_since,
        "lastCallAt": one.last_call_at,
        "lastSuccessAt": one.last_success_at,
    }
    return {name: None if time is None else utc_z(time) for name, time in times.items()}


def _parse_hours(query: Mapping[str, str]) -> int:
    text = query.get("hours", str(_A_DAY))
    if text not in {str(_A_DAY), str(HOURS_OF_WEEK)}:
        raise bad_field("hours", f"must be {_A_DAY} or {HOURS_OF_WEEK}")
    return int(text)


def _as_json(hours: Sequence[Counts]) -> dict[str, object]:
    return {
        "delivered": [one.delivered for one in hours],
        "failed": [one.failed for one in hours],
        "latency": _percentiles([one.latencies for one in hours], LATENCY_BOUNDS),
        "duration": _percentiles([one.durations for one in hours], DURATION_BOUNDS),
        "classes": [dict(one.classes) for one in hours],
    }


def _percentiles(histograms: Sequence[Sequence[int]], bounds: Sequence[int]) -> dict[str, list[int | None]]:
    """In milliseconds, null where there is nothing."""
    shares = {"p50": 0.5, "p95": 0.95}
    return {name: [percentile(one, bounds, share) for one in histograms] for name, share in shares.items()}
