import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from shared.settings import Settings
from shared.telemetry.exporters import AZURE_MONITOR, OTLP_ENDPOINT
from shared.telemetry.invocation import SETTING, ExportSwitch, invoked, is_on
from shared.telemetry.spans import SpanKind, span
from shared.telemetry.tracing import at_invocation
from tests.fakes.otlp import FakeCollector
from tests.support.invoking import TRACEPARENT, invocation_context
from tests.support.lines import lines_in
from tests.support.paths import ROOT

# Every function, the hub with all its parts, an invocation and a call of storage, as a cold start has them.
IMPORTS = """
import importlib, json, os, sys
from pathlib import Path
for path in sorted(Path().glob("*/function.json")):
    importlib.import_module(path.parent.name)
from shared.hub.hub import process_hub
from shared.telemetry.invocation import invoked
from tests.support.invoking import invocation_context
with invoked(invocation_context()):
    hub = process_hub()
    hub.receivers, hub.registration, hub.arcgis, hub.retention
    hub.storage.table("roles").get("a", "b")
import shared.api.arcgis, shared.api.superoffice.rest, shared.api.superoffice.agent, shared.api.event_requests
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules} & {"opentelemetry", "grpc"})
    + [name for name in sys.modules if name.startswith("azure.monitor")]))
"""


@pytest.fixture
def switch() -> Iterator[ExportSwitch]:
    made = ExportSwitch()
    yield made
    made.end()


@pytest.fixture
def collector() -> Iterator[FakeCollector]:
    with FakeCollector() as running:
        yield running


@pytest.mark.parametrize(("setting", "modules"), [("", False), ("false", False), ("true", True)])
def test_opentelemetry_is_imported_only_where_it_is_on(connection_string: str, setting: str, modules: bool) -> None:
    environment = {
        **os.environ,
        "AzureWebJobsStorage": connection_string,
        "SECRETS_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        SETTING: setting,
        OTLP_ENDPOINT: "http://127.0.0.1:9",
    }
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert json.loads(done.stdout) == (["opentelemetry"] if modules else [])


def test_the_first_invocation_begins_to_export_and_no_other(switch: ExportSwitch, collector: FakeCollector) -> None:
    os.environ[OTLP_ENDPOINT] = collector.url
    for _ in range(2):
        switch.decide({**os.environ, SETTING: "true"})
    with at_invocation(invocation_context(TRACEPARENT)), span("first", SpanKind.SERVER, {}):
        pass
    switch.end()
    assert [one.name for one in collector.spans] == ["first"]


def test_where_it_is_off_nothing_begins(switch: ExportSwitch, collector: FakeCollector) -> None:
    switch.decide({OTLP_ENDPOINT: collector.url})
    with at_invocation(invocation_context(TRACEPARENT)), span("first", SpanKind.SERVER, {}):
        pass
    switch.end()
    assert collector.journal == []


@pytest.mark.parametrize(
    ("environment", "exporter"),
    [
        ({AZURE_MONITOR: "InstrumentationKey=s3cretS3cret"}, AZURE_MONITOR),
        ({OTLP_ENDPOINT: "http://127.0.0.1:9", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "s3cret"}, "none could be made"),
    ],
)
def test_what_cannot_be_exported_is_told_once_and_fails_nothing(
    switch: ExportSwitch, caplog: pytest.LogCaptureFixture, environment: dict[str, str], exporter: str
) -> None:
    os.environ.update(environment)
    for _ in range(2):
        switch.decide({**os.environ, SETTING: "true"})
    with invoked(invocation_context()):
        pass
    [line] = lines_in(caplog.records)
    assert (line["name"], line["exporter"], line["error"]) == (
        "telemetry.unexported",
        exporter,
        "ValueError",
    )
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize("text", ["true", " TRUE ", "1", "yes", "on", "false", "0", "no", "off"])
def test_the_switch_reads_the_setting_as_the_settings_do(text: str) -> None:
    read = Settings.read({"AzureWebJobsStorage": "UseDevelopmentStorage=true", SETTING: text}).opentelemetry
    assert is_on({SETTING: text}) is read


def test_a_setting_that_is_neither_is_off() -> None:
    assert not is_on({SETTING: "maybe"})
    assert not is_on({})
