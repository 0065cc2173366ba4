"""The nightly work as an operator starts it: what is too old goes, and nothing else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from shared.delivery.record import DELIVERIES_TABLE, DeliveryState
from shared.events.rows import EVENTLOG_TABLE, EVENTS_TABLE
from shared.keeping.retention_marks import RETENTION_TABLE
from tests.e2e.running import SAMPLE, RunningApp, running_app
from tests.keeping.kept import event_at, ids_stored, keep, keep_events, parked, record, stored
from tests.support.patience import eventually

TWO_DAYS = timedelta(days=2)
NEVER_REGISTERED = 2_000_000_000


def start_retention(app: RunningApp, **body: Any) -> int:  # noqa: ANN401 - a JSON document
    headers = {"x-functions-key": app.master_key}
    return requests.post(f"{app.url}/admin/functions/Retention", json=body, headers=headers, timeout=30).status_code


def test_the_rows_that_are_two_days_old_go_and_exactly_those(connection_string: str, tmp_path: Path) -> None:
    with running_app(connection_string, tmp_path, RETENTION_DAYS="1") as app:
        assert app.post(SAMPLE).status_code == 201
        assert eventually(lambda: len(app.get("v1/events").json()["value"]) == 1)
        now = datetime.now(UTC)
        keep_events(app.hub, [event_at(now - timedelta(hours=23))])
        kept = stored(app.hub)
        long = {"text": "x" * 40_000}
        old = [event_at(now - TWO_DAYS - timedelta(seconds=number), field_values=long) for number in range(5)]
        undispatched = event_at(now - TWO_DAYS)
        keep_events(app.hub, old)
        keep_events(app.hub, [undispatched], is_listed=False)
        keep(app.hub, DELIVERIES_TABLE, [record(event, NEVER_REGISTERED, DeliveryState.HELD) for event in old])
        keep(app.hub, DELIVERIES_TABLE, [parked(event, 1) for event in old])
        assert start_retention(app) == 202
        assert eventually(lambda: undispatched.id not in ids_stored(app.hub))
        assert stored(app.hub) == kept
        assert ids_stored(app.hub, EVENTS_TABLE) == ids_stored(app.hub, EVENTLOG_TABLE)


def test_it_needs_the_master_key(app: RunningApp) -> None:
    answer = requests.post(f"{app.url}/admin/functions/Retention", params={"code": app.code}, timeout=30)
    assert (answer.status_code, answer.content) == (401, b"")


def test_settings_that_make_no_sense_stop_neither_the_app_nor_the_other_nightly_work(
    connection_string: str, tmp_path: Path
) -> None:
    with running_app(connection_string, tmp_path, RETENTION_DAYS="7", RETENTION_PAYLOAD_DAYS="30") as app:
        old = event_at(datetime.now(UTC) - TWO_DAYS * 10)
        keep_events(app.hub, [old])
        assert start_retention(app) == 202
        assert eventually(lambda: app.hub.storage.table(RETENTION_TABLE).get("retention", "marks") is not None)
        assert app.post(SAMPLE).status_code == 201
        assert old.id in ids_stored(app.hub)
        (warning,) = app.get("health", deep="1").json()["warnings"]
        assert warning.startswith("retention removes nothing: RETENTION_PAYLOAD_DAYS is 30: must not be more")
