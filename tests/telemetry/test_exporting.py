"""Spans and metrics as a collector gets them, and what a collector that is down costs."""

import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import azure.functions as func
import pytest
from azure.core.settings import settings

from shared.api.dataverse_requests import answer_dataverse
from shared.hub.hub import Hub
from shared.queue_edge import handle_message
from shared.roles.table import ROLES_TABLE, TableRoles
from shared.telemetry.exporters import AZURE_MONITOR, OTLP_ENDPOINT
from shared.telemetry.exporting import Exporting
from shared.telemetry.spans import SpanKind, span
from shared.telemetry.tracing import at_invocation
from tests.fakes.otlp import FakeCollector, attributes
from tests.fakes.receiver import Receiver, answers, answers_in_turn
from tests.support.delivering import delivering_hub, register
from tests.support.host import QuietHost
from tests.support.invoking import TRACE, TRACEPARENT, invocation_context
from tests.support.lines import lines_in
from tests.support.paths import ROOT
from tests.support.requests import post

SECRET = "s3cretS3cretS3cret"
SAMPLE = (ROOT / "ConnectionWebhook" / "sample.dat").read_bytes()
SAMPLE_USER: str = json.loads(SAMPLE)["InitiatingUserId"]

type Export = Callable[..., Exporting]


@pytest.fixture
def collector() -> Iterator[FakeCollector]:
    with FakeCollector() as running:
        yield running


@pytest.fixture
def export() -> Iterator[Export]:
    """Begins to export; ended with the test at the latest."""
    begun: list[Exporting] = []

    def begin(**environment: str) -> Exporting:
        os.environ.update(environment)
        begun.append(Exporting(os.environ))
        return begun[-1]

    yield begin
    for one in begun:
        one.end()


def spans_of(collector: FakeCollector) -> dict[str, Any]:
    found = collector.spans
    assert len({one.name for one in found}) == len(found)
    return {one.name: one for one in found}


def test_parents_are_right_across_queues(
    collector: FakeCollector, export: Export, connection_string: str, receiver: Receiver
) -> None:
    hub = _managed_hub(connection_string)
    register(hub, f"{receiver.url}/hook/{SECRET}?sig={SECRET}", Events=["connection.created"])
    receiver.journal.clear()
    exporting = export(**{OTLP_ENDPOINT: collector.url})
    assert _received(hub) == 201
    QuietHost(connection_string).run(hub)
    exporting.end()
    found = spans_of(collector)
    received, dispatched, attempted = (found[name] for name in ("POST ConnectionWebhook", "process events", "POST"))
    assert {one.trace_id.hex() for one in found.values()} == {TRACE}
    assert [one.parent_span_id.hex() for one in (received, dispatched, attempted)] == [
        TRACEPARENT.split("-")[2],
        received.span_id.hex(),
        dispatched.span_id.hex(),
    ]
    assert [one.kind for one in (received, dispatched, attempted)] == [2, 5, 3]
    [call] = receiver.journal
    assert call.headers["traceparent"] == f"00-{TRACE}-{attempted.span_id.hex()}-01"
    assert attributes(received) == {"http.request.method": "POST", "http.response.status_code": 201}
    told = attributes(attempted)
    assert (told["server.address"], told["http.response.status_code"]) == ("127.0.0.1", 200)
    assert not any(SECRET.encode() in request.body for request in collector.journal)


def test_a_retry_is_a_span_of_the_same_parent_and_a_failure_says_so(
    collector: FakeCollector, export: Export, connection_string: str, receiver: Receiver
) -> None:
    hub = _managed_hub(connection_string, DELIVERY_RETRY_DELAYS="0,0")
    register(hub, receiver.url, Events=["connection.created"])
    receiver.journal.clear()
    receiver.behave(answers_in_turn(answers(500, f"secret {SECRET}".encode()), answers(200)))
    exporting = export(**{OTLP_ENDPOINT: collector.url})
    _received(hub)
    QuietHost(connection_string).run(hub)
    exporting.end()
    attempts = [one for one in collector.spans if one.name == "POST"]
    [dispatched] = [one for one in collector.spans if one.name == "process events"]
    assert [one.parent_span_id for one in attempts] == [dispatched.span_id] * 2
    failed, succeeded = map(attributes, attempts)
    assert (failed["error.type"], failed["http.response.status_code"], attempts[0].status.code) == ("500", 500, 2)
    assert (succeeded["http.request.resend_count"], "error.type" in succeeded, attempts[1].status.code) == (1, False, 0)
    assert not any(SECRET.encode() in request.body for request in collector.journal)


def test_metrics_and_who_sent_them_arrive(
    collector: FakeCollector, export: Export, connection_string: str, receiver: Receiver
) -> None:
    hub = _managed_hub(connection_string)
    exporting = export(**{OTLP_ENDPOINT: collector.url, "WEBSITE_SITE_NAME": "our-hub", "WEBSITE_INSTANCE_ID": "i-1"})
    _received(hub)
    _received(hub)
    exporting.end()
    [events] = [one for one in collector.metrics if one.name == "hub.events"]
    counted = {attributes(point)["outcome"]: point.as_int for point in events.sum.data_points}
    assert counted == {"stored": 1, "duplicate": 1}
    assert {(one["service.name"], one["service.instance.id"]) for one in collector.resources} == {("our-hub", "i-1")}


@pytest.fixture
def _measuring_sdks() -> Iterator[None]:
    """The Azure SDKs measure their calls, as AZURE_TRACING_ENABLED has them do."""
    settings.tracing_enabled = True
    yield
    settings.tracing_enabled.unset_value()


@pytest.mark.usefixtures("_measuring_sdks")
def test_what_the_azure_sdks_measure_goes_nowhere(
    collector: FakeCollector, export: Export, connection_string: str
) -> None:
    exporting = export(**{OTLP_ENDPOINT: collector.url})
    hub = _managed_hub(connection_string)
    with at_invocation(invocation_context(TRACEPARENT)), span("one", SpanKind.SERVER, {}):
        hub.storage.table(ROLES_TABLE).get("a", "b")
    exporting.end()
    assert [one.name for one in collector.spans] == ["one"]


def test_a_message_that_fails_is_a_span_that_failed(
    collector: FakeCollector, export: Export, connection_string: str
) -> None:
    hub = _managed_hub(connection_string)
    _received(hub)
    exporting = export(**{OTLP_ENDPOINT: collector.url})

    def fails(body: bytes, _: int) -> None:
        with span("process events", SpanKind.CONSUMER, {}):
            raise RuntimeError(SECRET)

    with pytest.raises(RuntimeError):
        handle_message(
            func.QueueMessage(body=b"{}"),
            fails,
            storage=lambda: hub.storage,
            queue="events",
            context=invocation_context(),
        )
    exporting.end()
    [failed] = collector.spans
    assert (attributes(failed), failed.status.code, failed.events[:]) == ({"error.type": "RuntimeError"}, 2, [])


@pytest.mark.parametrize("is_hanging", [True, False])
def test_a_collector_that_hangs_or_is_gone_fails_nothing_and_is_told_once(
    export: Export, caplog: pytest.LogCaptureFixture, is_hanging: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://user:{SECRET}@127.0.0.1:{server.getsockname()[1]}"
        if not is_hanging:
            server.close()
        exporting = export(**{OTLP_ENDPOINT: url, "OTEL_EXPORTER_OTLP_TIMEOUT": "0.2"})
        for _ in range(5000):
            with at_invocation(invocation_context(TRACEPARENT)), span("one", SpanKind.SERVER, {}):
                pass
        exporting.end()
    told = lines_in(caplog.records)
    assert {line["name"] for line in told} == {"telemetry.unexported"}
    # One of the SDK's loggers at most, though thousands were dropped.
    assert len(told) <= 2
    assert SECRET not in caplog.text
    assert [record.name for record in caplog.records if record.name.startswith(("opentelemetry", "azure"))] == []


def test_without_an_address_there_is_one_warning_and_nothing_is_measured(
    export: Export, caplog: pytest.LogCaptureFixture
) -> None:
    export()
    assert lines_in(caplog.records) == [{"name": "telemetry.aimless"}]
    assert caplog.records[0].levelno == logging.WARNING
    with at_invocation(invocation_context(TRACEPARENT)) as _, span("one", SpanKind.SERVER, {}) as noted:
        noted.end_with({})


def test_application_insights_is_sent_the_same(collector: FakeCollector, export: Export) -> None:
    connection = f"InstrumentationKey=00000000-0000-4000-8000-000000000001;IngestionEndpoint={collector.url}/"
    exporting = export(**{AZURE_MONITOR: connection})
    with at_invocation(invocation_context(TRACEPARENT)), span("POST Health", SpanKind.SERVER, {}):
        pass
    exporting.end()
    sent = b"".join(request.body for request in collector.journal if request.path == "/v2.1/track")
    assert TRACE.encode() in sent
    assert b"POST Health" in sent


def test_a_process_that_ends_sends_what_waits(collector: FakeCollector) -> None:
    program = (
        "import os\n"
        "from shared.telemetry.exporting import Exporting\n"
        "from shared.telemetry.spans import SpanKind, span\n"
        "from shared.telemetry.tracing import at_invocation\n"
        "from tests.support.invoking import TRACEPARENT, invocation_context\n"
        "Exporting(os.environ)\n"
        "with at_invocation(invocation_context(TRACEPARENT)), span('last', SpanKind.SERVER, {}): pass\n"
    )
    environment = {**os.environ, OTLP_ENDPOINT: collector.url}
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, check=True, timeout=60)
    assert [one.name for one in collector.spans] == ["last"]


def _managed_hub(connection_string: str, **settings: str) -> Hub:
    hub = delivering_hub(connection_string, None, **settings)
    TableRoles(hub.storage.table(ROLES_TABLE)).grant(SAMPLE_USER, hub.settings.relationship_manager_role)
    return hub


def _received(hub: Hub) -> int:
    context = invocation_context(TRACEPARENT, "ConnectionWebhook")
    answered = answer_dataverse(
        post(SAMPLE, content_type="application/json"), context, lambda: hub.intake.receive_connection
    )
    return int(answered.status_code)
