"""The queries of alerts and workbook: each is valid where it runs, and reads what the hub logs by its names."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from shared.dynamics.intake import IntakeOutcome
from shared.telemetry.names import LINES
from tests.infra.compiled import alert_rules, read_range
from tests.infra.kusto import FIRST_LINE, TABLES, Judgement, judge, query_texts, with_parameters
from tests.support.cases import holds_for

NAMES = sorted(query_texts())
ALERTS = [name for name in NAMES if name.startswith("alerts/")]
IN_EVERY_LINE = {"name", "trace", "event"}
FUZZY_NAME = "KS205"
"""A name in `union isfuzzy=true` is not known: a warning, and the rest is read."""


_LINE = "AppTraces | extend l = parse_json(Message) | where tostring(l.name)"
WRONG = {
    "column": "AppTraces | where Massage has 'x'",
    "operator": "AppTraces | sumarize count()",
    "table": "AppTrace | count",
    "type": "AppTraces | where TimeGenerated > 3",
    "parameter": "AppTraces | summarize count() by bin(TimeGenerated, {TimeRange:grain})",
}
"""Queries that the service must refuse."""

MISNAMED = {
    "name": f'{_LINE} == "event.arrived"',
    "one of several": f'{_LINE} in ("event.received", "event.arrived")',
    "field": f'{_LINE} == "event.received" | project tostring(l.seconds)',
    "field of no line": "AppTraces | extend l = parse_json(Message) | project l.webhook",
    "nothing": f'{_LINE} == "event.dispatched" | where tostring(l.event) == "x" | project toreal(l.seconds)',
}
"""Queries that are valid, by what is not as the hub logs it."""


@pytest.fixture(scope="module")
def workspaces() -> list[dict[str, Judgement]]:
    """What the service says of all queries: in a workspace with the tables, and in one that has none yet."""
    texts = {name: with_parameters(text) for name, text in query_texts().items()}
    return judge(texts | WRONG | MISNAMED, TABLES, {})


@pytest.fixture(scope="module")
def judged(workspaces: list[dict[str, Judgement]]) -> dict[str, Judgement]:
    return workspaces[0]


@pytest.fixture(scope="module")
def judged_on_the_first_day(workspaces: list[dict[str, Judgement]]) -> dict[str, Judgement]:
    return workspaces[1]


def unknown_names(judgement: Judgement) -> Iterator[str]:
    """Names of lines that nobody writes, and fields that none of the lines has which their statement asks for."""
    for statement in judgement["statements"]:
        asked = {text for member, texts in statement["compared"] if member == "name" for text in texts}
        yield from asked - LINES.keys()
        fields = IN_EVERY_LINE.union(*(LINES[name] for name in asked & LINES.keys()))
        yield from (f"l.{member}" for member in statement["members"] if member not in fields)


def complaints(judgement: Judgement) -> list[str]:
    return [found["id"] for found in judgement["diagnostics"]]


@holds_for("name", NAMES)
def test_a_query_is_valid_and_reads_a_table(name: str, judged: dict[str, Judgement]) -> None:
    assert judged[name]["diagnostics"] == []
    assert judged[name]["tables"]
    assert judged[name]["columns"]


@holds_for("name", NAMES)
def test_a_query_is_valid_while_a_workspace_has_none_of_its_tables(
    name: str, judged_on_the_first_day: dict[str, Judgement]
) -> None:
    assert set(complaints(judged_on_the_first_day[name])) == {FUZZY_NAME}
    assert judged_on_the_first_day[name]["columns"]


@holds_for("name", NAMES)
def test_a_query_names_lines_and_fields_that_the_hub_logs(name: str, judged: dict[str, Judgement]) -> None:
    assert list(unknown_names(judged[name])) == []


def test_the_lines_that_queries_ask_for(judged: dict[str, Judgement]) -> None:
    statements = [statement for name in NAMES for statement in judged[name]["statements"]]
    compared = [texts for statement in statements for member, texts in statement["compared"] if member == "name"]
    assert {text for texts in compared for text in texts} == {
        "event.received",
        "event.dispatched",
        "delivery.attempted",
        "webhook.disabled",
        "request.refused",
        "role.answered",
        "message.poisoned",
        "retention",
    }


def test_the_values_that_queries_ask_for(judged: dict[str, Judgement]) -> None:
    asked = {
        (member, text)
        for name in NAMES
        for statement in judged[name]["statements"]
        for member, texts in statement["compared"]
        for text in texts
        if member != "name"
    }
    assert asked == {("outcome", IntakeOutcome.STORED.value), ("source", "dynamics"), ("outcome", "down")}


@holds_for("name", ALERTS)
def test_the_query_of_an_alert_gives_no_time_by_which_its_rows_would_be_parted(
    name: str, judged: dict[str, Judgement]
) -> None:
    assert "datetime" not in judged[name]["columns"].values()


def test_a_line_of_two_kinds_is_no_trap_for_a_union(judged: dict[str, Judgement]) -> None:
    # Columns of one name and two types become two columns, `status_int` and `status_long`.
    assert judged["alerts/dataverse-refusals"]["columns"] == {"function": "string", "status": "int", "refused": "long"}


@holds_for("name", ALERTS)
def test_what_a_rule_measures_and_parts_by_are_columns_of_its_query(name: str, judged: dict[str, Judgement]) -> None:
    rule = alert_rules()[name.removeprefix("alerts/")]
    columns = judged[name]["columns"]
    assert (rule["measure"] is None) == (rule["aggregation"] == "Count")
    assert rule["measure"] is None or columns[rule["measure"]] in ("long", "real")
    assert {columns[dimension] for dimension in rule["dimensions"]} <= {"string", "int"}


@holds_for("name", ALERTS)
def test_a_query_asks_for_no_time_that_its_rule_does_not_read(name: str, judged: dict[str, Judgement]) -> None:
    units = {"m": "minutes", "h": "hours"}
    ages: list[str] = judged[name]["ages"]
    asked = [timedelta(**{units[age[-2]]: int(age[1:-2])}) for age in ages]
    assert max(asked, default=timedelta(0)) <= read_range(alert_rules()[name.removeprefix("alerts/")])


def test_what_the_service_refuses_is_seen(judged: dict[str, Judgement]) -> None:
    assert complaints(judged["column"]) == ["KS142"]
    assert "KS176" in complaints(judged["operator"])
    assert [name for name in WRONG if not complaints(judged[name])] == []


def test_a_name_that_nobody_logs_is_seen(judged: dict[str, Judgement]) -> None:
    assert {case: list(unknown_names(judged[case])) for case in MISNAMED} == {
        "name": ["event.arrived"],
        "one of several": ["event.arrived"],
        "field": ["l.seconds"],
        "field of no line": ["l.webhook"],
        "nothing": [],
    }


@holds_for("name", NAMES)
def test_a_line_is_read_without_the_traceback_that_a_logger_puts_behind_it(name: str) -> None:
    # Kusto makes a text of JSON with anything behind it, and a text has no members.
    text = query_texts()[name]
    assert text.count("parse_json(") == text.count(f"parse_json({FIRST_LINE})")


def test_a_workbooks_parameters_are_those_that_it_has() -> None:
    left = {name: text for name, text in query_texts().items() if "{" in with_parameters(text)}
    assert left == {}
    assert [name for name, text in query_texts().items() if name.startswith("alerts/") and "{" in text] == []
