"""One event's trace, followed by one id in what the running app logs: from the request to the receiver."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.running import RunningApp, logging_app
from tests.e2e.webhooks import Json, events_of, new_event_name, register
from tests.fakes.otlp import FakeCollector
from tests.fakes.receiver import Receiver, answers, answers_in_turn
from tests.support.invoking import TRACE, TRACEPARENT
from tests.support.patience import eventually

ANOTHER = "00-11111111111111111111111111111111-2222222222222222-00"
WAY = ("event.received", "event.dispatched", "delivery.attempted")


class Log:
    """What the app has written so far."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def lines(self, *names: str, **wanted: object) -> list[dict[str, Any]]:
        """The lines of these names with these members, in the order in which they were written."""
        # The last row may not be written to its end yet.
        rows = self.text.rpartition("\n")[0].splitlines()
        found = [json.loads(row[row.index('{"name":') :]) for row in rows if '{"name":' in row]
        return [line for line in found if line["name"] in names and wanted.items() <= line.items()]

    @property
    def text(self) -> str:
        return self._path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def running(
    new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningApp, Log]]:
    """An app that tries again after a second, and its log."""
    folder = tmp_path_factory.mktemp("app")
    path = folder / "log"
    with path.open("wb") as log, logging_app(new_account(), folder, log, DELIVERY_RETRY_DELAYS="1,1") as app:
        yield app, Log(path)


def signal(app: RunningApp, name: str, traceparent: str) -> None:
    headers = {"Authorization": f"Bearer {app.seed.api_key}", "traceparent": traceparent}
    url = f"{app.url}/api/v1/Webhook/{name}/1"
    response = requests.post(url, params={"code": app.code}, json={}, headers=headers, timeout=30)
    assert response.status_code == 204, response.text


def followed(log: Log, trace: str, webhook: Json, *states: str) -> list[dict[str, Any]]:
    """The lines of this trace about an event of this webhook, by WAY, once its delivery came through these states."""

    def attempts() -> list[dict[str, Any]]:
        return log.lines("delivery.attempted", trace=trace, webhook=webhook["WebhookId"])

    assert eventually(lambda: [line["state"] for line in attempts()] == list(states)), log.text[-5000:]
    event = attempts()[0]["event"]
    # The delivery is asked for before the dispatch ends, and may be quicker: so its lines may come first.
    assert eventually(lambda: len(log.lines(*WAY, trace=trace, event=event)) == 2 + len(states)), log.text[-5000:]
    return [line for name in WAY for line in log.lines(name, trace=trace, event=event)]


def test_one_id_leads_from_the_answer_to_the_receiver(running: tuple[RunningApp, Log], receiver: Receiver) -> None:
    app, log = running
    name = new_event_name()
    webhook = register(app, receiver.url, name)
    signal(app, name, TRACEPARENT)
    received, dispatched, attempted = followed(log, TRACE, webhook, "delivered")
    assert (received["name"], received["source"], received["outcome"]) == ("event.received", "signal", "stored")
    assert (dispatched["outcome"], dispatched["webhooks"]) == ("dispatched", 1)
    assert dispatched["seconds"] >= 0
    assert attempted["seconds"] >= 0
    assert (attempted["attempt"], attempted["class"], attempted["status"]) == (1, "", 200)
    [call] = events_of(receiver.journal)
    version, trace, span, flags = call.headers["traceparent"].split("-")
    assert (version, trace, flags) == ("00", TRACE, "01")
    assert span != TRACEPARENT.split("-")[2]
    assert re.search(rf" answered 204 in \d+ ms, trace {TRACE}\n", log.text)
    # The audit of the signal is in the same trace.
    assert log.lines("audit", trace=TRACE, target=f"events/{received['event']}")


def test_a_retry_goes_on_in_the_trace_with_a_span_of_its_own(
    running: tuple[RunningApp, Log], receiver: Receiver
) -> None:
    app, log = running
    name = new_event_name()
    webhook = register(app, receiver.url, name)
    receiver.behave(answers_in_turn(answers(500), answers()))
    signal(app, name, ANOTHER)
    lines = followed(log, "1" * 32, webhook, "pending", "delivered")
    assert [line.get("attempt") for line in lines] == [None, None, 1, 2]
    told = [call.headers["traceparent"].split("-") for call in events_of(receiver.journal)]
    assert [(trace, flags) for _, trace, _, flags in told] == [("1" * 32, "00")] * 2
    assert told[0][2] != told[1][2]


def test_what_waits_for_its_receiver_goes_on_in_the_trace(running: tuple[RunningApp, Log], receiver: Receiver) -> None:
    app, log = running
    name = new_event_name()
    webhook = register(app, receiver.url, name)
    receiver.behave(answers_in_turn(answers(429, b"", "Retry-After: 1"), answers()))
    signal(app, name, TRACEPARENT)
    followed(log, TRACE, webhook, "waiting", "delivered")
    assert [call.headers["traceparent"].split("-")[1] for call in events_of(receiver.journal)] == [TRACE] * 2


@pytest.mark.parametrize("header", ["", "nonsense", f"00-{'0' * 32}-b7ad6b7169203331-01"])
def test_a_request_without_a_trace_is_taken_and_begins_one(
    running: tuple[RunningApp, Log], receiver: Receiver, header: str
) -> None:
    app, log = running
    name = new_event_name()
    webhook = register(app, receiver.url, name)
    signal(app, name, header)
    assert eventually(lambda: len(log.lines("delivery.attempted", webhook=webhook["WebhookId"])) == 1)
    [attempted] = log.lines("delivery.attempted", webhook=webhook["WebhookId"])
    assert attempted["trace"].strip("0")
    assert len(followed(log, attempted["trace"], webhook, "delivered")) == len(WAY)
    assert events_of(receiver.journal)[0].headers["traceparent"].split("-")[1] == attempted["trace"]


def test_a_refused_request_is_a_line_with_its_trace(running: tuple[RunningApp, Log]) -> None:
    app, log = running
    app.post(b"{}", traceparent=f"00-{'5' * 32}-{'6' * 16}-01")
    assert eventually(lambda: bool(log.lines("request.refused", trace="5" * 32)))
    [line] = log.lines("request.refused", trace="5" * 32)
    assert (line["function"], line["status"], line["error"], line["detail"]) == (
        "ConnectionWebhook",
        400,
        "BadRequest",
        None,
    )


HOSTILE = (
    "",
    "x" * 30_000,
    "\u00fc" * 55,
    TRACEPARENT.upper(),
    f"ff{TRACEPARENT[2:]}",
    f"00-{'0' * 32}-{'0' * 16}-00",
    f"{TRACEPARENT}, {TRACEPARENT}",
    f'{{"name": "event.received", "trace": "{TRACE}"}}',
)
REQUESTS = {
    "health": ("GET", "health", 200),
    "Dataverse": ("POST", "webhooks/incoming/dynamicscrm", 400),
    "Dataverse, a connection": ("POST", "webhooks/incoming/dynamicscrm/connection", 400),
    "events": ("GET", "v1/events/types", 200),
    "webhooks": ("GET", "v1/Webhook", 200),
    "the agent": ("POST", "v1/Agents/Webhook/GetAllWebhooks", 200),
    "a signal": ("POST", "v1/Webhook/thing.changed/1", 204),
    "registrations": ("GET", "v1/dynamics/webhooks/nonsense/steps", 404),
    "ArcGIS": ("GET", "org/item/webhookConnections/one", 400),
}


@pytest.mark.parametrize(("method", "path", "status"), REQUESTS.values(), ids=list(REQUESTS))
def test_no_request_is_refused_for_its_place_in_a_trace(
    running: tuple[RunningApp, Log], method: str, path: str, status: int
) -> None:
    app, log = running
    headers = {"Authorization": f"Bearer {app.seed.api_key}".encode(), "tracestate": b"=,;\xfc" * 500}
    url = f"{app.url}/api/{path}?code={app.code}"
    body: Json | None = None if method == "GET" else {}
    for traceparent in HOSTILE:
        sent = {**headers, "traceparent": traceparent.encode("latin-1")}
        assert requests.request(method, url, json=body, headers=sent, timeout=30).status_code == status
    assert "0" * 32 not in log.text


def test_no_key_stands_in_what_the_app_logs(running: tuple[RunningApp, Log]) -> None:
    app, log = running
    app.post(b"{}", traceparent=TRACEPARENT)
    assert [key for key in (app.code, app.master_key, app.seed.api_key) if key in log.text] == []


def test_where_it_is_on_spans_of_the_running_app_arrive_from_the_first_request_on(
    new_account: Callable[[], str], tmp_path: Path, receiver: Receiver
) -> None:
    on = {"OPENTELEMETRY": "true", "WEBSITE_SITE_NAME": "our-hub"}
    with FakeCollector() as collector, (tmp_path / "log").open("wb") as log:
        on["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.url
        with logging_app(new_account(), tmp_path, log, **on) as app:
            name = new_event_name()
            register(app, receiver.url, name)
            signal(app, name, TRACEPARENT)
            assert eventually(lambda: len(events_of(receiver.journal)) == 1)
            assert eventually(lambda: "POST" in [span.name for span in collector.spans])
        spans = [span for span in collector.spans if span.trace_id.hex() == TRACE]
        assert sorted(span.name for span in spans) == ["POST", "POST WebhookAdmin", "process events"]
        by_name = {span.name: span for span in spans}
        parents = [by_name[name].parent_span_id for name in ("process events", "POST")]
        assert parents == [by_name[name].span_id for name in ("POST WebhookAdmin", "process events")]
        assert "GET Health" in {span.name for span in collector.spans}
        # What was not sent yet is sent when the app ends.
        assert "hub.deliveries.attempts" in {metric.name for metric in collector.metrics}
        secrets = [app.code, app.master_key, app.seed.api_key]
        assert [one for one in secrets for sent in collector.journal if one.encode() in sent.body] == []
