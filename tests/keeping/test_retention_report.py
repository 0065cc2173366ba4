"""What a run tells of itself."""

from shared.delivery.record import DeliveryState
from shared.keeping.retention_report import RetentionReport
from tests.keeping.kept import NOW, event_at, parked, record


def test_each_delivery_that_did_not_arrive_counts_once_by_its_state() -> None:
    event, report = event_at(NOW), RetentionReport()
    rows = [record(event, number, state) for number, state in enumerate(DeliveryState, 1)]
    rows += [parked(event, 4, is_logged=True), parked(event, 9)]
    report.count_deliveries(rows)
    assert report.as_json()["undelivered"] == {"pending": 1, "waiting": 2, "held": 1, "failed": 1}
    assert report.rows["deliveries"] == 7


def test_the_line_has_every_count_whatever_happened() -> None:
    assert RetentionReport().as_json() == {
        "days": 0,
        "rows": {"deliveries": 0, "events": 0, "eventlog": 0, "lateevents": 0, "audit": 0},
        "undelivered": {"pending": 0, "waiting": 0, "held": 0, "failed": 0},
        "neverDispatched": 0,
        "forgotten": 0,
        "announced": 0,
        "wakeUps": 0,
        "putBack": 0,
        "finished": False,
        "stopped": None,
        "failed": None,
    }
