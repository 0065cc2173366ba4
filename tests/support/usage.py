"""Attempts that a test counts without making them."""

from dataclasses import replace
from datetime import datetime

from shared.delivery.pace.state import PacedUsage
from shared.hub.hub import Hub
from shared.webhooks.usage import CallResult, counted


def count_call(hub: Hub, webhook_id: int, error: str | None = None) -> None:
    """Count one attempt of a webhook, which failed if `error` is given."""

    def change(row: PacedUsage, now: datetime) -> PacedUsage:
        call = CallResult("37c7c867-d571-e911-a956-000d3a1bc3f6", now, error)
        return replace(row, usage=counted(row.usage, call), last_event=call.event_id, last_call_at=now)

    hub.receivers.waker.store.change(webhook_id, change)
