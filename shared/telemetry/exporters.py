"""Where spans and metrics go: OpenTelemetry's own exporters, made for the addresses in the environment.

Imported where OPENTELEMETRY is on, and nowhere else; and of the exporters those alone that are asked for.
"""

import logging
import os
from collections.abc import Mapping
from typing import Any

from opentelemetry.sdk.metrics.export import MetricExporter
from opentelemetry.sdk.trace.export import SpanExporter

from shared.telemetry.lines import tell

OTLP_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
AZURE_MONITOR = "APPLICATIONINSIGHTS_CONNECTION_STRING"
SEND_SECONDS = 5.0
"""How long one attempt to send may take, and how long the end of the process waits for what is still to be sent."""

# Azure Monitor's exporter would measure itself, tell Microsoft, and ask there whether its settings have changed.
_SWITCHED_OFF = (
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED",
)

log = logging.getLogger(__name__)


def is_addressed(environment: Mapping[str, str]) -> bool:
    """Whether the environment names any place to send to."""
    return any(_is_given(environment, name) for name in _MAKERS)


def exporters(environment: Mapping[str, str]) -> tuple[list[SpanExporter], list[MetricExporter]]:
    """What sends spans, and what sends metrics, to each place that the environment names.

    What is wrong with one of them is told in a line, and keeps nothing from the other.
    """
    spans: list[SpanExporter] = []
    metrics: list[MetricExporter] = []
    for name, make in _MAKERS.items():
        if not _is_given(environment, name):
            continue
        try:
            span_exporter, metric_exporter = make(environment)
        except Exception as error:
            # Only the kind is told: the text may hold a key.
            tell(log, "telemetry.unexported", {"exporter": name, "error": type(error).__name__}, logging.ERROR)
        else:
            spans.append(span_exporter)
            metrics.append(metric_exporter)
    return spans, metrics


def _to_otlp(environment: Mapping[str, str]) -> tuple[SpanExporter, MetricExporter]:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    seconds = given_number(environment, "OTEL_EXPORTER_OTLP_TIMEOUT", SEND_SECONDS)
    return OTLPSpanExporter(timeout=seconds), OTLPMetricExporter(timeout=seconds)


def _to_azure_monitor(environment: Mapping[str, str]) -> tuple[SpanExporter, MetricExporter]:
    for name in _SWITCHED_OFF:
        os.environ.setdefault(name, "true")
    from azure.monitor.opentelemetry.exporter import AzureMonitorMetricExporter, AzureMonitorTraceExporter

    # The identity is that of APPLICATIONINSIGHTS_AUTHENTICATION_STRING, which the exporter reads by itself.
    given: Any = {
        "connection_string": environment[AZURE_MONITOR].strip(),
        "disable_offline_storage": True,
        "timeout": SEND_SECONDS,
    }
    return AzureMonitorTraceExporter(**given), AzureMonitorMetricExporter(**given)


_MAKERS = {OTLP_ENDPOINT: _to_otlp, AZURE_MONITOR: _to_azure_monitor}
"""By the setting that says where to: what makes the exporters of spans and of metrics."""


def _is_given(environment: Mapping[str, str], name: str) -> bool:
    return bool(environment.get(name, "").strip())


def given_number(environment: Mapping[str, str], name: str, default: float) -> float:
    """The number in a variable of the SDK; `default` if there is none."""
    try:
        return float(environment.get(name) or default)
    except ValueError:
        return default
