"""The metrics that go out where OPENTELEMETRY is on: counted from the lines, so that the two never differ.

Of OpenTelemetry only a meter is needed, which is given. Attributes are words of the hub's own: neither webhooks nor
types of events, for there may be thousands, and a metric costs by how many series it has.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

type Fields = Mapping[str, Any]

COUNTERS = {
    "hub.events": "Events that came in, and what became of them.",
    "hub.events.dispatched": "Announcements that were worked on to their end.",
    "hub.deliveries.attempts": "Attempts to deliver, by the delivery's state after it and the class of the answer.",
    "hub.webhooks.disabled": "Webhooks that the hub disabled.",
    "hub.requests.refused": "Requests that were refused or failed.",
    "hub.role.answers": "Answers of the role directory.",
    "hub.messages.poisoned": "Queue messages whose last attempt failed.",
    "hub.retention.runs": "Runs of retention.",
    "hub.retention.rows": "Rows that retention removed.",
}
"""Names of counters; what each counts."""

HISTOGRAMS = {
    "hub.events.dispatch_time": "Seconds from an event's receipt to the end of its dispatch.",
    "hub.deliveries.attempt_duration": "Seconds that an attempt took.",
    "hub.deliveries.latency": "Seconds from an event's receipt to the 2xx of its receiver.",
    "hub.role.duration": "Seconds that the role directory took.",
    "hub.retention.duration": "Seconds that a run of retention took.",
}
"""Names of histograms, all in seconds; what each measures."""

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 36_000, 86_400)
"""The bounds of the histograms' buckets, in seconds."""


class Counter(Protocol):
    """As OpenTelemetry has it."""

    def add(self, amount: int, attributes: Mapping[str, str | int | bool]) -> None:
        """Count."""
        ...


class Histogram(Protocol):
    """As OpenTelemetry has it."""

    def record(self, amount: float, attributes: Mapping[str, str | int | bool]) -> None:
        """Note one value."""
        ...


class Meter(Protocol):
    """As OpenTelemetry has it."""

    def create_counter(self, name: str, unit: str = "", description: str = "") -> Counter:
        """A counter of this name."""
        ...

    def create_histogram(
        self,
        name: str,
        unit: str = "",
        description: str = "",
        *,
        explicit_bucket_boundaries_advisory: list[float] | None = None,
    ) -> Histogram:
        """A histogram of this name."""
        ...


class LineMetrics:
    """Counts lines. Each name that counts has one method here."""

    def __init__(self, meter: Meter) -> None:
        self._counters = {name: meter.create_counter(name, "1", text) for name, text in COUNTERS.items()}
        bounds = list(map(float, BUCKETS))
        self._histograms = {
            name: meter.create_histogram(name, "s", text, explicit_bucket_boundaries_advisory=bounds)
            for name, text in HISTOGRAMS.items()
        }
        self._by_line: dict[str, Callable[[Fields], None]] = {
            "event.received": self._received,
            "event.dispatched": self._dispatched,
            "delivery.attempted": self._attempted,
            "webhook.disabled": lambda line: self._count("hub.webhooks.disabled", reason=line["reason"]),
            "request.refused": self._refused,
            "role.answered": self._answered,
            "message.poisoned": lambda line: self._count("hub.messages.poisoned", queue=line["queue"]),
            "retention": self._retained,
        }

    def hear(self, name: str, fields: Fields) -> None:
        """Count one line, if it is one that counts."""
        if (count := self._by_line.get(name)) is not None:
            count(fields)

    def _count(self, name: str, amount: int = 1, /, **attributes: str | int | bool | None) -> None:
        self._counters[name].add(amount, _given(attributes))

    def _measure(self, name: str, seconds: float | None, /, **attributes: str | int | bool | None) -> None:
        if seconds is not None:
            self._histograms[name].record(seconds, _given(attributes))

    def _received(self, line: Fields) -> None:
        self._count("hub.events", source=line["source"], outcome=line["outcome"])

    def _dispatched(self, line: Fields) -> None:
        self._count("hub.events.dispatched", outcome=line["outcome"])
        self._measure("hub.events.dispatch_time", line["seconds"], outcome=line["outcome"])

    def _attempted(self, line: Fields) -> None:
        failure = {"error.type": line["class"] or None}
        self._count("hub.deliveries.attempts", state=line["state"], **failure)
        self._measure("hub.deliveries.attempt_duration", line["milliseconds"] / 1000, **failure)
        self._measure("hub.deliveries.latency", line["seconds"])

    def _refused(self, line: Fields) -> None:
        status = {"http.response.status_code": line["status"], "error.type": line["error"]}
        self._count("hub.requests.refused", function=line["function"], **status)

    def _answered(self, line: Fields) -> None:
        answer = {"directory": line["directory"], "outcome": line["outcome"]}
        self._count("hub.role.answers", **answer)
        self._measure("hub.role.duration", line["milliseconds"] / 1000, **answer)

    def _retained(self, line: Fields) -> None:
        self._count("hub.retention.runs", finished=line["finished"])
        self._measure("hub.retention.duration", line["seconds"])
        for table, rows in line["rows"].items():
            if rows:
                self._count("hub.retention.rows", rows, table=table)


def _given(attributes: Mapping[str, str | int | bool | None]) -> dict[str, str | int | bool]:
    return {name: value for name, value in attributes.items() if value is not None}
