"""The alerts of the compiled template: which rules there are, when each fires, and that the runbook says what to do."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.infra.compiled import DURATIONS, RULE_TYPE, alert_rules, module_with, read_range, resource_of, variable
from tests.infra.kusto import FIRST_LINE, query_texts
from tests.infra.kusto_engine import Engine, Row, running_engine
from tests.infra.rows import DAY, HOUR, line, request, trace_row
from tests.support.cases import holds_for
from tests.support.paths import ROOT

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
GROUP_TYPE = "Microsoft.Insights/actionGroups"
QUERIES = {name.removeprefix("alerts/"): text for name, text in query_texts().items() if name.startswith("alerts/")}
NAMES = sorted(QUERIES)
LATE_LINES = timedelta(minutes=10)
"""For so long at least a line is looked for after the moment that it tells of: it needs some minutes to arrive."""

type Rule = Mapping[str, Any]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with running_engine() as running:
        yield running


class Watch:
    """The alert rules over rows of a test: what each would tell."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def told(self, name: str, traces: Sequence[Row] = (), requests: Sequence[Row] = ()) -> dict[str, float]:
        """What a rule fires for: the measured value, by the values of its dimensions. Empty if it does not fire."""
        rule = alert_rules()[name]
        found = self._engine.run(rule["query"], {"AppTraces": traces, "AppRequests": requests})
        return _fired(rule, found)

    def told_of(self, name: str, rows: Mapping[str, Sequence[Row]]) -> dict[str, float]:
        """The same for rows of any tables; the others do not exist."""
        rule = alert_rules()[name]
        return _fired(rule, self._engine.run(rule["query"], rows))


def _fired(rule: Rule, rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    parts: dict[str, list[float]] = {}
    for row in rows:
        parts.setdefault("/".join(str(row[name]) for name in rule["dimensions"]), []).append(
            float(row[rule["measure"]]) if rule["measure"] else 1
        )
    is_maximum = {"Total": False, "Count": False, "Maximum": True}[rule["aggregation"]]
    measured = {part: max(values) if is_maximum else sum(values) for part, values in parts.items()}
    return {part: value for part, value in measured.items() if value > rule["above"]}


@pytest.fixture(scope="module")
def watch(engine: Engine) -> Watch:
    return Watch(engine)


# ---------------------------------------------------------------- What the template says


def test_each_query_is_a_rule_and_each_rule_has_the_query_of_its_name() -> None:
    assert {name: rule["query"] for name, rule in alert_rules().items()} == QUERIES


def test_how_bad_each_is_and_how_often_it_is_looked_at() -> None:
    told = {
        name: (rule["severity"], rule["frequency"], rule["window"], rule["range"], rule["isState"])
        for name, rule in alert_rules().items()
    }
    assert told == {
        "poison": (1, "PT5M", "PT1H", None, False),
        "backlog": (1, "PT5M", "P1D", None, True),
        "webhook-disabled": (2, "PT15M", "PT1H", None, False),
        "failed-attempts": (2, "PT15M", "PT30M", None, True),
        "server-errors": (1, "PT5M", "PT15M", None, True),
        "role-directory": (1, "PT5M", "PT15M", None, True),
        "dataverse-refusals": (1, "PT15M", "PT1H", None, False),
        "retention": (2, "PT1H", "P1D", "P2D", False),
        "log-cap": (2, "PT1H", "P1D", None, False),
    }


def test_what_the_platform_is_told_of_each_rule() -> None:
    rule = "variables('rules')[copyIndex()]"
    properties = resource_of(RULE_TYPE)["properties"]
    [criterion] = properties["criteria"]["allOf"]
    assert resource_of(RULE_TYPE)["copy"]["count"] == "[length(variables('rules'))]"
    assert {name: value for name, value in properties.items() if name not in ("criteria", "actions")} == {
        "displayName": f"[format('Webhook hub: {{0}}', {rule}.title)]",
        "description": f"[format('{{0}} More: {{1}}', {rule}.advice, variables('runbook'))]",
        "severity": f"[{rule}.severity]",
        "enabled": True,
        "scopes": ["[parameters('workspaceId')]"],
        "evaluationFrequency": f"[{rule}.frequency]",
        "windowSize": f"[{rule}.window]",
        "overrideQueryTimeRange": f"[{rule}.range]",
        "autoMitigate": f"[{rule}.isState]",
        "muteActionsDuration": f"[if({rule}.isState, null(), {rule}.window)]",
        "skipQueryValidation": True,
    }
    assert {name: value for name, value in criterion.items() if name != "copy"} == {
        "query": f"[{rule}.query]",
        "timeAggregation": f"[{rule}.aggregation]",
        "metricMeasureColumn": f"[{rule}.measure]",
        "operator": "GreaterThan",
        "threshold": f"[{rule}.above]",
        "failingPeriods": {"numberOfEvaluationPeriods": 1, "minFailingPeriodsToAlert": 1},
    }
    [dimensions] = criterion["copy"]
    assert dimensions["count"] == f"[length({rule}.dimensions)]"
    assert dimensions["input"] == {
        "name": f"[{rule}.dimensions[copyIndex('dimensions')]]",
        "operator": "Include",
        "values": ["*"],
    }


def test_mails_go_to_the_address_that_was_given_and_to_nobody_without_one() -> None:
    group = resource_of(GROUP_TYPE)
    group_id = f"resourceId('{GROUP_TYPE}', format('ag-{{0}}', parameters('token')))"
    assert group["condition"] == "[not(empty(parameters('alertEmail')))]"
    assert group["name"] == "[format('ag-{0}', parameters('token'))]"
    assert group["location"] == "Global"
    assert len(group["properties"]["groupShortName"]) <= 12
    assert [to["emailAddress"] for to in group["properties"]["emailReceivers"]] == ["[parameters('alertEmail')]"]
    assert resource_of(RULE_TYPE)["properties"]["actions"] == {
        "actionGroups": f"[if(empty(parameters('alertEmail')), createArray(), createArray({group_id}))]"
    }


@holds_for("name", NAMES)
def test_a_line_that_arrives_late_is_still_seen(name: str) -> None:
    rule = alert_rules()[name]
    assert DURATIONS[rule["window"]] - DURATIONS[rule["frequency"]] >= LATE_LINES


def test_the_functions_that_alerts_name_exist() -> None:
    capitalized = {name for text in QUERIES.values() for name in re.findall(r'"([A-Z][A-Za-z]+)"', text)}
    named = capitalized - {"MaxDequeueCount", "Ingestion", "OverQuota"}
    assert "ConnectionWebhook" in named
    assert [name for name in sorted(named) if not (ROOT / name / "function.json").exists()] == []


# ---------------------------------------------------------------- What the runbook says


def sections() -> dict[str, str]:
    """The sections of "Alerts" in the runbook, by their titles."""
    alerts = RUNBOOK.partition("\n## Alerts\n")[2].partition("\n## ")[0]
    parts = re.split(r"^### (.+)$", alerts, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_each_alert_has_a_section_that_says_what_to_do() -> None:
    assert sections().keys() == {rule["title"] for rule in alert_rules().values()}
    assert [
        rule["name"] for rule in alert_rules().values() if f"`{rule['name']}`" not in sections()[rule["title"]]
    ] == []
    assert variable(module_with(RULE_TYPE), "runbook") == "docs/runbook.md#alerts"


@holds_for("name", NAMES)
def test_a_command_that_an_alert_advises_stands_in_its_section(name: str) -> None:
    rule = alert_rules()[name]
    advised = re.findall(r"python -m admin [a-z]+(?: [a-z]+)?|GET /[^\s:,.]+", rule["advice"])
    assert [command for command in advised if command not in sections()[rule["title"]]] == []


# ---------------------------------------------------------------- When each fires


@holds_for("name", NAMES)
def test_no_alert_fires_while_there_is_nothing_yet(name: str, watch: Watch) -> None:
    assert watch.told_of(name, {}) == {}
    assert watch.told_of(name, {"AppTraces": [], "AppRequests": [], "_LogOperation": []}) == {}


@holds_for("name", NAMES)
def test_no_alert_fires_on_a_day_like_others(name: str, watch: Watch) -> None:
    traces = [
        line(30 * HOUR, "event.received", event="e0", type="t", source="dynamics", outcome="stored"),
        line(20, "event.received", event="e1", type="t", source="dynamics", outcome="stored"),
        line(20, "role.answered", directory="table", outcome="yes", milliseconds=5),
        line(20, "event.dispatched", event="e1", type="t", outcome="dispatched", webhooks=1, seconds=0.4),
        line(20, "delivery.attempted", event="e1", webhook=1, state="delivered", class_="", status=200, seconds=1.5),
        line(9 * HOUR, "retention", finished=True, seconds=3.0),
    ]
    requests = [request(20, "ConnectionWebhook", "201"), request(9 * HOUR, "Retention", "")]
    assert watch.told(name, traces, requests) == {}


def test_a_poisoned_message_is_told_by_the_app_or_by_the_host_and_counts_once(watch: Watch) -> None:
    moved = "Message has reached MaxDequeueCount of 5. Moving message to queue '{}-poison'."
    traces = [
        line(3, "message.poisoned", queue="events", error="ValueError", raised=ValueError("no such thing")),
        trace_row(2, moved.format("events")),
        trace_row(2, moved.format("wakeups")),
        trace_row(2, "The log speaks of MaxDequeueCount, and of a poison queue 'events-poison'"),
    ]
    assert watch.told("poison", traces) == {"events": 1, "wakeups": 1}


def test_what_a_query_takes_for_a_line_ends_before_a_traceback(engine: Engine) -> None:
    row = line(3, "message.poisoned", queue="events", error="ValueError")
    longer = line(3, "message.poisoned", queue="events", error="ValueError", raised=ValueError("no such thing"))
    assert longer["Message"] == f"{row['Message']}\nValueError: no such thing"
    found = engine.run(f"AppTraces | project text = {FIRST_LINE}", {"AppTraces": [row, longer]})
    assert [each["text"] for each in found] == [row["Message"]] * 2


def stored(minutes: float, event: str, outcome: str = "stored") -> Row:
    return line(minutes, "event.received", event=event, type="t", source="dynamics", outcome=outcome)


def dispatched(minutes: float, event: str, seconds: float = 1.0, outcome: str = "dispatched") -> Row:
    return line(minutes, "event.dispatched", event=event, type="t", outcome=outcome, webhooks=1, seconds=seconds)


def test_an_event_that_is_not_dispatched_is_a_backlog_as_old_as_it_is(watch: Watch) -> None:
    [seconds] = watch.told("backlog", [stored(600, "e1"), dispatched(600, "e1"), stored(30, "e2")]).values()
    assert 1800 <= seconds < 36000


@holds_for("hours", [1.5, 12, 22])
def test_a_backlog_stays_one_for_as_long_as_the_night_is_away(hours: float, watch: Watch) -> None:
    assert watch.told("backlog", [stored(hours * HOUR, "e1")])


@holds_for("outcome", ["dispatched", "ignored", "unreadable", "forgotten", "dropped"])
def test_an_event_whose_announcement_has_ended_waits_no_more(outcome: str, watch: Watch) -> None:
    assert watch.told("backlog", [stored(30, "e1"), dispatched(29, "e1", outcome=outcome)]) == {}


def test_an_event_that_came_just_now_or_was_not_stored_waits_for_nothing(watch: Watch) -> None:
    traces = [stored(5, "e1"), stored(30, "e2", "duplicate"), stored(30, "e3", "ignored")]
    assert watch.told("backlog", traces) == {}


def test_an_event_whose_dispatch_was_told_before_its_receipt_waits_no_more(watch: Watch) -> None:
    traces = [stored(23 * HOUR - 1, "e1"), dispatched(23 * HOUR + 1, "e1"), stored(30, "e2"), dispatched(30.1, "e2")]
    assert watch.told("backlog", traces) == {}


def test_an_event_that_was_dispatched_late_tells_of_a_backlog_for_a_while(watch: Watch) -> None:
    assert watch.told("backlog", [stored(40, "e1"), dispatched(5, "e1", seconds=2100)]) == {"": 2100}
    assert watch.told("backlog", [stored(80, "e1"), dispatched(45, "e1", seconds=2100)]) == {}


def test_a_line_that_was_lost_on_its_way_is_no_backlog_among_many(watch: Watch) -> None:
    many = [row for number in range(150) for row in (stored(30, f"e{number}"), dispatched(30, f"e{number}"))]
    assert watch.told("backlog", [*many, stored(30, "lost")]) == {}
    assert watch.told("backlog", [*many, stored(30, "lost"), stored(30, "lost too")])


def test_each_webhook_that_is_disabled_is_told_of_with_its_reason(watch: Watch) -> None:
    traces = [
        line(3, "webhook.disabled", webhook=12, reason="gone"),
        line(2, "webhook.disabled", webhook=7, reason="errors"),
    ]
    assert watch.told("webhook-disabled", traces) == {"12/gone": 1, "7/errors": 1}


@holds_for(("failed", "all_", "percent"), [(11, 20, 55.0), (20, 20, 100.0), (10, 20, None), (19, 19, None)])
def test_failed_attempts_are_told_of_if_more_than_half_of_enough_failed(
    failed: int, all_: int, percent: float | None, watch: Watch
) -> None:
    traces = [
        line(5, "delivery.attempted", webhook=number, state="pending", class_="http")
        if number < failed
        else line(5, "delivery.attempted", webhook=number, state="delivered", class_="")
        for number in range(all_)
    ]
    assert watch.told("failed-attempts", traces) == ({} if percent is None else {"": percent})


def test_requests_that_bring_events_and_fail_are_told_of_by_function_from_the_second_on(watch: Watch) -> None:
    requests = [
        *(request(2, "ConnectionWebhook", "503") for _ in range(2)),
        request(2, "POST /api/org/item/webhookConnections", "500", operation="WebhookConnections"),
        request(2, "WebhookConnections", "", success=False),
        request(2, "DynamicsWebhook", "503"),
        *(request(2, "DynamicsWebhook", status, success=False) for status in ("400", "403", "413")),
        *(request(2, "Events", "503") for _ in range(5)),
        *(request(2, "Retention", "", success=False) for _ in range(5)),
    ]
    assert watch.told("server-errors", requests=requests) == {"ConnectionWebhook": 2, "WebhookConnections": 2}


def test_a_role_directory_that_gives_no_answer_is_told_of_and_one_that_says_no_is_not(watch: Watch) -> None:
    traces = [
        *(line(2, "role.answered", directory="graph", outcome="down", milliseconds=9000) for _ in range(2)),
        *(line(2, "role.answered", directory="table", outcome="no", milliseconds=5) for _ in range(9)),
    ]
    assert watch.told("role-directory", traces) == {"graph": 2}
    assert watch.told("role-directory", traces[1:]) == {}


def refused(function: str, status: int) -> Row:
    return line(5, "request.refused", function=function, status=status, error="BadRequest")


def test_each_request_of_dataverse_that_is_refused_is_told_of(watch: Watch) -> None:
    traces = [
        refused("ConnectionWebhook", 400),
        refused("DynamicsWebhook", 413),
        refused("DynamicsWebhook", 413),
        refused("DynamicsWebhook", 503),
        refused("Events", 400),
        refused("WebhookConnections", 400),
    ]
    assert watch.told("dataverse-refusals", traces) == {"ConnectionWebhook/400": 1, "DynamicsWebhook/413": 2}


def test_a_wrong_function_key_is_told_of_where_the_platform_notes_it(watch: Watch) -> None:
    address = "https://hub.example.com/api/webhooks/incoming/dynamicscrm"
    requests = [
        request(5, "ConnectionWebhook", "401", url=f"{address}/connection"),
        request(5, "POST /api/webhooks/incoming/dynamicscrm", "401", url=address),
        request(5, "Events", "401", url="https://hub.example.com/api/v1/events/"),
    ]
    told = watch.told("dataverse-refusals", requests=requests)
    assert told == {"ConnectionWebhook/401": 1, "DynamicsWebhook/401": 1}


def test_users_without_a_role_are_daily_work_unless_hardly_anybody_gets_through(watch: Watch) -> None:
    forbidden = [refused("ConnectionWebhook", 403) for _ in range(5)]
    taken = [stored(5, f"e{number}") for number in range(5)]
    assert watch.told("dataverse-refusals", [*forbidden, *taken]) == {}
    assert watch.told("dataverse-refusals", [*forbidden, *taken[1:]]) == {"ConnectionWebhook/403": 5}
    assert watch.told("dataverse-refusals", forbidden[1:]) == {}


def test_retention_that_did_not_run_is_told_of_once_the_hub_is_old_enough(watch: Watch) -> None:
    assert watch.told("retention", [stored(25 * HOUR, "e1"), stored(5, "e2")]) == {}
    assert watch.told("retention", [stored(27 * HOUR, "e1"), stored(5, "e2")]) == {"": 1}
    assert watch.told("retention", [stored(27 * HOUR, "e1")], [request(25 * HOUR, "Retention", "")]) == {}


def test_a_run_of_retention_that_failed_is_none(watch: Watch) -> None:
    failed = [request(hours * HOUR, "Retention", "", success=False) for hours in (2, 26.5)]
    assert watch.told("retention", requests=failed) == {"": 1}


def test_a_hub_that_says_nothing_any_more_is_told_of(watch: Watch) -> None:
    assert watch.told("retention", requests=[request(27 * HOUR, "Retention", "")]) == {"": 1}


def test_a_workspace_that_takes_no_more_lines_is_told_of(watch: Watch) -> None:
    now = line(5, "retention")["TimeGenerated"]
    operations = [
        {"TimeGenerated": now, "Category": "Ingestion", "Detail": "Data collection stopped: status = OverQuota"},
        {"TimeGenerated": now, "Category": "Ingestion", "Detail": "The rate of ingestion is near its limit"},
    ]
    assert watch.told_of("log-cap", {"_LogOperation": operations}) == {"": 1}
    assert watch.told_of("log-cap", {"_LogOperation": operations[1:]}) == {}


def test_every_rule_reads_what_the_tests_give_it() -> None:
    assert read_range(alert_rules()["backlog"]) == timedelta(minutes=DAY)
    assert read_range(alert_rules()["retention"]) == timedelta(minutes=2 * DAY)
