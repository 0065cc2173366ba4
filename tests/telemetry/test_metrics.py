from collections.abc import Mapping
from typing import Any

import pytest

from shared.delivery.record import DeliveryState
from shared.telemetry.metrics import COUNTERS, HISTOGRAMS, LineMetrics
from shared.telemetry.names import LINES
from tests.support.paths import ROOT

DOC = (ROOT / "docs" / "telemetry.md").read_text(encoding="utf-8")


class Instrument:
    def __init__(self, name: str, noted: list[tuple[str, float, dict[str, Any]]]) -> None:
        self.name, self.noted = name, noted

    def add(self, amount: int, attributes: Mapping[str, Any]) -> None:
        self.noted.append((self.name, amount, dict(attributes)))

    def record(self, amount: float, attributes: Mapping[str, Any]) -> None:
        self.noted.append((self.name, amount, dict(attributes)))


class Meter:
    """Notes what is counted and measured."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, float, dict[str, Any]]] = []

    def create_counter(self, name: str, unit: str = "", description: str = "") -> Instrument:
        return Instrument(name, self.noted)

    def create_histogram(
        self,
        name: str,
        unit: str = "",
        description: str = "",
        *,
        explicit_bucket_boundaries_advisory: list[float] | None = None,
    ) -> Instrument:
        return Instrument(name, self.noted)


HEARD: dict[str, dict[str, Any]] = {
    "event.received": {"type": "a.b", "source": "dynamics", "outcome": "stored"},
    "event.dispatched": {"type": "a.b", "outcome": "dispatched", "webhooks": 2, "seconds": 1.5},
    "delivery.attempted": {
        "type": "a.b",
        "webhook": 7,
        "attempt": 1,
        "state": DeliveryState.PENDING.value,
        "class": "timeout",
        "status": None,
        "milliseconds": 250,
        "seconds": None,
    },
    "webhook.disabled": {"webhook": 7, "reason": "gone"},
    "request.refused": {"function": "Events", "status": 503, "error": "StorageDown", "detail": "x"},
    "role.answered": {"directory": "graph", "outcome": "down", "milliseconds": 40},
    "message.poisoned": {"queue": "events", "error": "StorageDown"},
    "retention": {
        **dict.fromkeys(LINES["retention"]),
        "rows": {"events": 3, "audit": 0},
        "finished": True,
        "seconds": 9.0,
    },
}
EXPECTED = [
    ("hub.events", 1, {"source": "dynamics", "outcome": "stored"}),
    ("hub.events.dispatched", 1, {"outcome": "dispatched"}),
    ("hub.events.dispatch_time", 1.5, {"outcome": "dispatched"}),
    ("hub.deliveries.attempts", 1, {"state": "pending", "error.type": "timeout"}),
    ("hub.deliveries.attempt_duration", 0.25, {"error.type": "timeout"}),
    ("hub.webhooks.disabled", 1, {"reason": "gone"}),
    ("hub.requests.refused", 1, {"function": "Events", "http.response.status_code": 503, "error.type": "StorageDown"}),
    ("hub.role.answers", 1, {"directory": "graph", "outcome": "down"}),
    ("hub.role.duration", 0.04, {"directory": "graph", "outcome": "down"}),
    ("hub.messages.poisoned", 1, {"queue": "events"}),
    ("hub.retention.runs", 1, {"finished": True}),
    ("hub.retention.duration", 9.0, {}),
    ("hub.retention.rows", 3, {"table": "events"}),
]


def test_metrics_are_counted_from_the_lines() -> None:
    meter = Meter()
    metrics = LineMetrics(meter)
    for name, fields in HEARD.items():
        assert fields.keys() == LINES[name]
        metrics.hear(name, fields)
    assert meter.noted == EXPECTED


def test_a_success_has_a_latency_and_no_class() -> None:
    meter = Meter()
    LineMetrics(meter).hear("delivery.attempted", {**HEARD["delivery.attempted"], "class": "", "seconds": 2.0})
    assert meter.noted == [
        ("hub.deliveries.attempts", 1, {"state": "pending"}),
        ("hub.deliveries.attempt_duration", 0.25, {}),
        ("hub.deliveries.latency", 2.0, {}),
    ]


@pytest.mark.parametrize("name", sorted(LINES.keys() - HEARD.keys()))
def test_any_other_line_counts_nothing(name: str) -> None:
    meter = Meter()
    LineMetrics(meter).hear(name, {})
    assert meter.noted == []


@pytest.mark.parametrize("name", sorted({*COUNTERS, *HISTOGRAMS}))
def test_every_metric_is_documented(name: str) -> None:
    assert f"| `{name}` |" in DOC
