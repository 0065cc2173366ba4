"""A collector of OpenTelemetry: OTLP over http/protobuf, decoded by the protocol's own messages."""

import gzip
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.fakes.server import FakeServer, Received, Reply


class FakeCollector(FakeServer):
    """Takes whatever it is sent."""

    def reply(self, request: Received) -> Reply:
        """200, or 404 at any other path."""
        known = request.path in {"/v1/traces", "/v1/metrics"}
        return Reply(200 if known else 404, b"", {"Content-Type": "application/x-protobuf"})

    @property
    def spans(self) -> list[Any]:
        """All spans so far, in the order in which they came."""
        return [span for resource in self._traces() for scope in resource.scope_spans for span in scope.spans]

    @property
    def metrics(self) -> list[Any]:
        """All metrics so far."""
        return [
            metric
            for request in self._sent("/v1/metrics")
            for resource in ExportMetricsServiceRequest.FromString(_body(request)).resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]

    @property
    def resources(self) -> list[dict[str, object]]:
        """Who sent the spans."""
        return [attributes(resource.resource) for resource in self._traces()]

    def _traces(self) -> list[Any]:
        """What was sent to the path of traces: a resource, and the spans of each of its scopes."""
        return [
            resource
            for request in self._sent("/v1/traces")
            for resource in ExportTraceServiceRequest.FromString(_body(request)).resource_spans
        ]

    def _sent(self, path: str) -> list[Received]:
        return [request for request in self.journal if request.path == path]


def attributes(one: Any) -> dict[str, object]:  # noqa: ANN401 - a resource, a span or a point
    """The attributes of one of them, as Python has them."""
    return {pair.key: getattr(pair.value, str(pair.value.WhichOneof("value"))) for pair in one.attributes}


def _body(request: Received) -> bytes:
    is_packed = request.headers.get("content-encoding") == "gzip"
    return gzip.decompress(request.body) if is_packed else request.body
