"""Sends spans and metrics out, by OpenTelemetry's own SDK. Imported where OPENTELEMETRY is on, and nowhere else.

To OTEL_EXPORTER_OTLP_ENDPOINT by OTLP over http/protobuf, to APPLICATIONINSIGHTS_CONNECTION_STRING by Azure Monitor's
exporter, to both where both are set. Sending is the work of threads of their own: spans wait in a queue that drops what
does not fit, and an exporter that fails, or hangs, costs an event nothing.

The providers are the hub's own, and not the process's: what other libraries measure goes nowhere. The Azure SDKs would
measure each call of storage, of which an event needs several, with the keys of its rows in the addresses. The
distribution of Azure Monitor (`configure_azure_monitor`) has them do so, and instruments HTTP libraries and logging
too, which takes long at each start and would tell each line a second time; so only its exporter is used.
"""

import atexit
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider, sampling
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import NonRecordingSpan, SpanContext, StatusCode, TraceFlags, set_span_in_context
from opentelemetry.trace import Span as AnySpan
from opentelemetry.trace import SpanKind as TheirKind

from shared.telemetry.exporters import SEND_SECONDS, exporters, given_number, is_addressed
from shared.telemetry.lines import listen, tell
from shared.telemetry.metrics import LineMetrics
from shared.telemetry.spans import Attributes, Span, SpanKind, trace_with
from shared.telemetry.traceparent import Traceparent
from shared.version import __version__

SPANS_AFTER_MILLISECONDS = 1000.0
METRICS_AFTER_MILLISECONDS = 60_000.0

_NAME = "dynamics-webhook-hub"
_TELL_AGAIN_SECONDS = 60.0
_LIBRARIES = ("opentelemetry", "azure.monitor.opentelemetry")
_KINDS = {
    SpanKind.SERVER: TheirKind.SERVER,
    SpanKind.CONSUMER: TheirKind.CONSUMER,
    SpanKind.CLIENT: TheirKind.CLIENT,
}

log = logging.getLogger(__name__)


class Exporting:
    """Exports until it is ended."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Begin. `environment` names where to; without either address there is one warning, and nothing is measured."""
        # First of all: what the libraries log of a setting may hold a key.
        self._end = [_told_once_a_minute(name) for name in _LIBRARIES]
        try:
            self._begin(environment)
        except BaseException:
            self.end()
            raise

    def _begin(self, environment: Mapping[str, str]) -> None:
        if not is_addressed(environment):
            tell(log, "telemetry.aimless", {}, logging.WARNING)
            return
        spans, metrics = exporters(environment)
        if not spans:
            return
        resource = _resource(environment)
        tracers = _tracer_provider(spans, environment, resource)
        meters = _meter_provider(metrics, environment, resource)
        trace_with(_Tracer(tracers))
        self._end += [listen(LineMetrics(meters.get_meter(_NAME, __version__)).hear), lambda: trace_with(None)]
        self._end.append(_Closing([tracers.shutdown, lambda: meters.shutdown(SEND_SECONDS * 1000)]).close)
        atexit.register(self.end)

    def end(self) -> None:
        """Send what waits, for as long as SEND_SECONDS, and measure nothing more."""
        # The newest first: what the libraries log while they are ended still becomes our own line.
        while self._end:
            self._end.pop()()
        atexit.unregister(self.end)


class _Closing:
    """Ends providers in a thread of its own, for they wait as long as they like. At the exit none could be started."""

    def __init__(self, shut_down: list[Callable[[], object]]) -> None:
        self._shut_down = shut_down
        self._wanted, self._done = threading.Event(), threading.Event()
        threading.Thread(target=self._run, name="telemetry", daemon=True).start()

    def close(self) -> None:
        """Have them ended, and wait for SEND_SECONDS at most."""
        self._wanted.set()
        self._done.wait(SEND_SECONDS)

    def _run(self) -> None:
        self._wanted.wait()
        for shut_down in self._shut_down:
            shut_down()
        self._done.set()


class _Tracer:
    """Begins spans with a parent that is known by its traceparent alone."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer(_NAME, __version__)

    def begin(self, name: str, kind: SpanKind, parent: Traceparent, attributes: Attributes) -> Span:
        """A span that is part of `parent`'s trace, and its child."""
        known = SpanContext(
            int(parent.trace_id, 16),
            int(parent.span_id, 16),
            is_remote=True,
            trace_flags=TraceFlags(int(parent.flags, 16)),
        )
        context = set_span_in_context(NonRecordingSpan(known), Context())
        given: Any = dict(attributes)
        return _Span(self._tracer.start_span(name, context, _KINDS[kind], given))


class _Span:
    def __init__(self, span: AnySpan) -> None:
        self._span = span

    @property
    def traceparent(self) -> Traceparent:
        """Its own place in the trace."""
        own = self._span.get_span_context()
        return Traceparent(f"{own.trace_id:032x}", f"{own.span_id:016x}", f"{own.trace_flags & 1:02x}")

    def end_with(self, attributes: Attributes, *, is_error: bool = False) -> None:
        """Note what came of it."""
        given: Any = dict(attributes)
        self._span.set_attributes(given)
        if is_error:
            self._span.set_status(StatusCode.ERROR)

    def end(self) -> None:
        """It is over."""
        self._span.end()


class _OnceAMinute(logging.Handler):
    """Tells that something could not be sent, once a minute; the libraries' own words may hold addresses with keys."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._next = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line."""
        if (now := time.monotonic()) < self._next:
            return
        self._next = now + _TELL_AGAIN_SECONDS
        kind = record.exc_info[0] if record.exc_info else None
        fields = {"exporter": record.name, "error": kind.__name__ if kind else record.levelname}
        tell(log, "telemetry.unexported", fields, logging.WARNING)


def _told_once_a_minute(name: str) -> Callable[[], None]:
    """Have what a library logs become one line a minute; returns what ends that."""
    logger, handler = logging.getLogger(name), _OnceAMinute()
    propagated, logger.propagate = logger.propagate, False
    logger.addHandler(handler)

    def end() -> None:
        logger.removeHandler(handler)
        logger.propagate = propagated

    return end


def _tracer_provider(
    exporters: list[SpanExporter], environment: Mapping[str, str], resource: Resource
) -> TracerProvider:
    # The platform's own choice of what it samples must not be ours: it would leave out most of the spans.
    sampler = None if environment.get("OTEL_TRACES_SAMPLER") else sampling.ALWAYS_ON
    provider = TracerProvider(sampler=sampler, resource=resource, shutdown_on_exit=False)
    for exporter in exporters:
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=SPANS_AFTER_MILLISECONDS))
    return provider


def _meter_provider(
    exporters: list[MetricExporter], environment: Mapping[str, str], resource: Resource
) -> MeterProvider:
    interval = given_number(environment, "OTEL_METRIC_EXPORT_INTERVAL", METRICS_AFTER_MILLISECONDS)
    readers = [
        PeriodicExportingMetricReader(
            exporter, export_interval_millis=interval, export_timeout_millis=SEND_SECONDS * 1000
        )
        for exporter in exporters
    ]
    return MeterProvider(readers, resource=resource, shutdown_on_exit=False)


def _resource(environment: Mapping[str, str]) -> Resource:
    """Who measures: the app's name and instance, as the platform has them."""
    own = {
        "service.name": environment.get("OTEL_SERVICE_NAME") or environment.get("WEBSITE_SITE_NAME") or _NAME,
        "service.version": __version__,
    }
    if instance := environment.get("WEBSITE_INSTANCE_ID"):
        own["service.instance.id"] = instance
    return Resource.create(own)
