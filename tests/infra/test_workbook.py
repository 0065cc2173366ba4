"""The workbook of the compiled template: what it shows, whom it asks, and what its queries make of rows."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.infra.compiled import module_with, resource_of, variable
from tests.infra.kusto import query_texts, with_parameters
from tests.infra.kusto_engine import Engine, Row, running_engine
from tests.infra.rows import HOUR, line, trace_row
from tests.support.invoking import TRACE

WORKBOOK_TYPE = "Microsoft.Insights/workbooks"
QUERIES = {name.removeprefix("workbook/"): text for name, text in query_texts().items() if name.startswith("workbook/")}
WORKSPACE = "[parameters('workspaceId')]"
OTHER_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with running_engine() as running:
        yield running


def shown(engine: Engine, name: str, traces: Sequence[Row], **parameters: str) -> list[dict[str, Any]]:
    return engine.run(with_parameters(QUERIES[name], **parameters), {"AppTraces": traces})


# ---------------------------------------------------------------- What the template says


def test_each_query_is_shown_once_under_a_title() -> None:
    items = variable(module_with(WORKBOOK_TYPE), "shown")
    assert {item["name"]: item["query"] for item in items} == QUERIES
    assert len({item["title"] for item in items}) == len(items) == len(QUERIES)
    assert {item["visualization"] for item in items} == {"barchart", "timechart", "table"}


def test_every_item_asks_the_workspace_for_the_time_that_was_chosen() -> None:
    template = module_with(WORKBOOK_TYPE)
    [items] = template["variables"]["copy"]
    asked = items["input"]["content"]
    assert items["count"] == "[length(variables('shown'))]"
    assert asked["query"] == "[variables('shown')[copyIndex('items')].query]"
    assert asked["timeContextFromParameter"] == "TimeRange"
    assert asked["crossComponentResources"] == [WORKSPACE]
    assert variable(template, "kind") == "microsoft.operationalinsights/workspaces"


def test_the_time_and_the_event_are_parameters_under_the_names_that_queries_have() -> None:
    inputs = variable(module_with(WORKBOOK_TYPE), "inputs")
    time, trace = inputs["content"]["parameters"]
    assert (time["name"], time["type"], time["isRequired"]) == ("TimeRange", 4, True)
    assert time["value"] in time["typeSettings"]["selectableValues"]
    assert (trace["name"], trace["type"], trace["isRequired"]) == ("Trace", 1, False)


def test_the_workbook_stands_in_the_workspace_under_a_name_that_stays() -> None:
    workbook = resource_of(WORKBOOK_TYPE)
    assert workbook["name"] == "[guid(resourceGroup().id, 'webhook-hub')]"
    assert workbook["kind"] == "shared"
    assert workbook["properties"]["sourceId"] == WORKSPACE
    data = workbook["properties"]["serializedData"]
    assert data.startswith("[string(createObject('version', 'Notebook/1.0', 'items', concat(")
    assert "createArray(variables('inputs')), variables('items')" in data


# ---------------------------------------------------------------- What its queries make of rows


def attempt(minutes: float, webhook: int, milliseconds: int, **fields: Any) -> Row:  # noqa: ANN401
    given = {"state": "delivered", "class_": "", "status": 200, **fields}
    return line(minutes, "delivery.attempted", webhook=webhook, milliseconds=milliseconds, **given)


def test_arrivals_are_counted_by_type_source_and_outcome(engine: Engine) -> None:
    traces = [
        *[line(5, "event.received", type="a", source="dynamics", outcome="stored")] * 2,
        line(5, "event.received", type="a", source="dynamics", outcome="duplicate"),
        line(5, "event.dispatched", type="a", outcome="dispatched"),
    ]
    assert shown(engine, "arrivals", traces) == [
        {"type": "a", "source": "dynamics", "outcome": "stored", "events": 2},
        {"type": "a", "source": "dynamics", "outcome": "duplicate", "events": 1},
    ]
    over_time = shown(engine, "arrivals-over-time", traces)
    assert {(row["outcome"], row["events"]) for row in over_time} == {("stored", 2), ("duplicate", 1)}


def test_latency_is_that_of_deliveries_that_arrived(engine: Engine) -> None:
    arrived = [attempt(5, 1, 10, seconds=float(seconds)) for seconds in range(1, 101)]
    failed = [attempt(5, 1, 10, seconds=None, class_="http") for _ in range(900)]
    # All in one bin or, at the turn of an hour, in one all the same: they are of the same moment.
    rows = shown(engine, "latency", [{**row, "TimeGenerated": arrived[0]["TimeGenerated"]} for row in arrived + failed])
    assert [(row["p50"], row["p95"], row["p99"]) for row in rows] == [(50.0, 95.0, 99.0)]


def test_deliveries_are_counted_by_the_state_after_each_attempt(engine: Engine) -> None:
    rows = shown(engine, "deliveries", [attempt(5, 1, 10), attempt(5, 1, 10, state="pending", class_="http")])
    assert {(row["state"], row["attempts"]) for row in rows} == {("delivered", 1), ("pending", 1)}


def test_failures_are_counted_by_class_and_status(engine: Engine) -> None:
    traces = [
        attempt(5, 1, 10),
        *(attempt(5, webhook, 10, state="pending", class_="http", status=503) for webhook in (1, 2, 2)),
        attempt(5, 3, 10, state="pending", class_="dns", status=None),
    ]
    assert shown(engine, "failures", traces) == [
        {"class": "http", "status": 503, "attempts": 3, "webhooks": 2},
        {"class": "dns", "status": None, "attempts": 1, "webhooks": 1},
    ]


def test_the_slowest_receivers_come_first_and_are_twenty_at_most(engine: Engine) -> None:
    traces = [attempt(5, webhook, 100 * webhook) for webhook in range(1, 31)]
    rows = shown(engine, "slowest-receivers", [*traces, attempt(5, 30, 2900, state="pending", class_="timeout")])
    assert [row["webhook"] for row in rows] == [str(webhook) for webhook in range(30, 10, -1)]
    assert {name: rows[0][name] for name in ("attempts", "failed", "p95")} == {"attempts": 2, "failed": 1, "p95": 3000}


def test_refused_requests_are_counted_by_function_status_and_error(engine: Engine) -> None:
    traces = [line(5, "request.refused", function="Events", status=404, error="NotFound", detail=None)] * 2
    [row] = shown(engine, "refused-requests", traces)
    assert {**row, "newest": None} == {
        "function": "Events", "status": 404, "error": "NotFound", "requests": 2, "newest": None
    }  # fmt: skip


def test_the_newest_run_of_retention_comes_first(engine: Engine) -> None:
    traces = [
        line(30 * HOUR, "retention", finished=True, stopped=None, failed=None, seconds=2.0, days=1, rows={"events": 3}),
        line(6 * HOUR, "retention", finished=False, stopped="RETENTION_DAYS is x", failed=None, seconds=1.0, days=0),
        trace_row(5, "the retention of something else"),
    ]
    rows = shown(engine, "retention", traces)
    assert [(row["finished"], row["stopped"], row["rows"]) for row in rows] == [
        (False, "RETENTION_DAYS is x", ""),
        (True, "", '{"events":3}'),
    ]


WAY = (
    line(9, "event.received", event="e1", type="t", source="arcgis", outcome="stored"),
    line(9, "event.received", event="e2", type="t", source="arcgis", outcome="stored"),
    line(8, "event.dispatched", event="e1", type="t", outcome="dispatched", webhooks=1, seconds=1.0),
    line(9, "role.answered", directory="table", outcome="yes", milliseconds=5),
    line(7, "delivery.attempted", event="e1", webhook=1, state="delivered", raised=OSError("gone")),
    line(6, "event.received", event="e3", trace=OTHER_TRACE, type="t", source="signal", outcome="stored"),
    trace_row(5, "Executed 'Functions.EventDispatch' (Succeeded)"),
)


def names(rows: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(row["name"], row["event"]) for row in rows]


def test_the_way_of_an_event_is_found_by_its_id_without_that_of_others_in_its_trace(engine: Engine) -> None:
    rows = shown(engine, "trace", WAY, Trace=" E1 ")
    assert sorted(names(rows)[:2]) == [("event.received", "e1"), ("role.answered", "")]
    assert names(rows)[2:] == [("event.dispatched", "e1"), ("delivery.attempted", "e1")]


def test_a_trace_shows_all_that_it_brought(engine: Engine) -> None:
    rows = shown(engine, "trace", WAY, Trace=TRACE)
    assert len(rows) == 5
    assert {row["trace"] for row in rows} == {TRACE}
    assert names(shown(engine, "trace", WAY, Trace=OTHER_TRACE)) == [("event.received", "e3")]


def test_where_nothing_was_asked_for_nothing_is_shown(engine: Engine) -> None:
    assert shown(engine, "trace", WAY, Trace="") == []
