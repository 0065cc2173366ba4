"""Webhooks that are broken in this way or that, as a screen finds them: nothing was called for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from shared.clock import now
from shared.timestamps import stored_time
from shared.webhooks.rows import USAGE_TABLE, usage_keys
from shared.webhooks.stats import CountedAttempt, counted_in, slot_column
from shared.webhooks.webhook import WebhookState
from tests.e2e.running import RunningApp
from tests.e2e.webhooks import created


@dataclass(frozen=True)
class Hour:
    """Attempts that ended so many hours ago; the delivered ones took these `seconds` from receipt, in turn."""

    ago: int
    delivered: int = 0
    failed: int = 0
    error_class: str = "http"
    seconds: Sequence[float] = (1,)


def webhook(
    app: RunningApp,
    name: str,
    hours: Sequence[Hour] = (),
    *,
    state: WebhookState = WebhookState.ACTIVE,
    error: str = "",
    in_a_row: int = 0,
    **members: object,
) -> int:
    """Store a webhook with what its attempts were counted as; its id.

    It fails since the oldest of these hours in which something failed.
    """
    id_: int = created(app, Name=name, **members)["WebhookId"]
    registry = app.hub.receivers.webhooks
    before = registry.get(id_)
    assert before is not None
    registry.update(before, replace(before, webhook=before.webhook.model_copy(update={"state": state})))
    counters = {"TotalCalls": 9, "TotalErrors": 9, "ConsecutiveErrors": in_a_row, "LastError": error}
    since = (
        stored_time(now() - timedelta(hours=max((one.ago for one in hours if one.failed), default=0)))
        if in_a_row
        else ""
    )
    row = {**counters, "LastCallAt": stored_time(now()), "FailingSince": since, **_slots(hours)}
    app.hub.storage.table(USAGE_TABLE).modify(*usage_keys(id_), lambda _: row)
    return id_


def _slots(hours: Sequence[Hour]) -> dict[str, str]:
    slots: dict[str, str] = {}
    for hour in hours:
        at = now() - timedelta(hours=hour.ago)
        one = {slot_column(at): ""}
        for number, error_class in enumerate([""] * hour.delivered + [hour.error_class] * hour.failed):
            latency = timedelta(seconds=hour.seconds[number % len(hour.seconds)])
            one = counted_in(one, at, CountedAttempt(timedelta(milliseconds=80), latency, error_class))
        slots |= one
    return slots
