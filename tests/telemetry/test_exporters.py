import os
from collections.abc import Iterator

import pytest

from shared.telemetry.exporters import AZURE_MONITOR, OTLP_ENDPOINT
from shared.telemetry.exporting import Exporting
from shared.telemetry.spans import SpanKind, span
from shared.telemetry.tracing import at_invocation
from tests.fakes.otlp import FakeCollector
from tests.support.invoking import TRACEPARENT, invocation_context
from tests.support.lines import lines_in

SECRET = "s3cretS3cretS3cret"


@pytest.fixture
def collector() -> Iterator[FakeCollector]:
    with FakeCollector() as running:
        yield running


def export_one(**environment: str) -> None:
    """Begin to export, make one span, and end."""
    os.environ.update(environment)
    exporting = Exporting(os.environ)
    try:
        with at_invocation(invocation_context(TRACEPARENT)), span("one", SpanKind.SERVER, {}):
            pass
    finally:
        exporting.end()


def test_what_is_wrong_with_an_address_or_an_identity_is_told_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    export_one(
        **{
            OTLP_ENDPOINT: f"nonsense://{SECRET}",
            AZURE_MONITOR: "InstrumentationKey=00000000-0000-4000-8000-000000000001;IngestionEndpoint=http://127.0.0.1:9",
            "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": SECRET,
        }
    )
    told = lines_in(caplog.records)
    assert {line["name"] for line in told} == {"telemetry.unexported"}
    assert SECRET not in caplog.text


def test_what_is_wrong_with_one_address_keeps_nothing_from_the_other(
    collector: FakeCollector, caplog: pytest.LogCaptureFixture
) -> None:
    export_one(**{OTLP_ENDPOINT: collector.url, AZURE_MONITOR: f"nonsense {SECRET}"})
    assert [one.name for one in collector.spans] == ["one"]
    told = lines_in(caplog.records)
    assert [(line["name"], line["exporter"]) for line in told] == [("telemetry.unexported", AZURE_MONITOR)]
    assert SECRET not in caplog.text
