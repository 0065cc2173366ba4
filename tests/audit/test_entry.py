from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.audit.entry import AuditEntry, Outcome, outcome_of, with_switches

ENTRY = AuditEntry(
    datetime(2026, 3, 14, 9, tzinfo=UTC), "kim@hub.example", "webhook.delete", "webhooks/7", Outcome.DONE
)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (None, Outcome.DONE),
        (200, Outcome.DONE),
        (204, Outcome.DONE),
        (399, Outcome.DONE),
        (400, Outcome.REFUSED),
        (499, Outcome.REFUSED),
        (500, Outcome.FAILED),
        (503, Outcome.FAILED),
    ],
)
def test_a_status_means_an_outcome(status: int | None, outcome: Outcome) -> None:
    assert outcome_of(status) is outcome


def test_an_entry_is_shown_in_utc_with_every_member() -> None:
    at = ENTRY.at.astimezone(timezone(timedelta(hours=2)))
    assert replace(ENTRY, at=at, status=204, changed=("Name",)).as_json() == {
        "at": "2026-03-14T09:00:00Z",
        "who": "kim@hub.example",
        "action": "webhook.delete",
        "target": "webhooks/7",
        "outcome": "done",
        "status": 204,
        "changed": ["Name"],
    }


def test_a_switch_alone_is_told_with_its_value() -> None:
    assert with_switches(["Name", "State", "Secret"], {"State": "Stopped"}) == ("Name", "State: Stopped", "Secret")
    assert with_switches({"enabled": False, "mode": "async"}, {"enabled": False}) == ("enabled: false", "mode")
    assert with_switches(["Name"], {"State": "Stopped"}) == ("Name",)
