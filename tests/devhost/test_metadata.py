"""Which folders are functions, and which are left out for which reason."""

import json
from pathlib import Path

import pytest

from devhost.metadata import Function, discover
from tests.devhost.apps import (
    RETURN,
    Binding,
    http_trigger,
    queue_output,
    queue_trigger,
    timer_trigger,
    write_function,
)


def write(root: Path, name: str, *bindings: Binding, **members: object) -> None:
    write_function(root, name, "", *bindings, **members)


def names(root: Path, **environment: str) -> list[str]:
    return [function.name for function in discover(root, environment)[0]]


def only(root: Path, **environment: str) -> Function:
    (function,), left_out = discover(root, environment)
    assert left_out == {}
    return function


def reason(root: Path) -> str:
    """Why the only function is left out."""
    found, left_out = discover(root, {})
    assert (found, len(left_out)) == ([], 1)
    return next(iter(left_out.values()))


def test_functions_are_the_folders_with_a_function_json_in_alphabetical_order(tmp_path: Path) -> None:
    for name in ("beta", "Alpha", "alpha-2", "Gamma"):
        write(tmp_path, name, http_trigger())
    (tmp_path / "shared").mkdir()
    write(tmp_path / "shared", "Hidden", http_trigger())
    assert names(tmp_path) == ["Alpha", "alpha-2", "beta", "Gamma"]


def test_what_function_json_does_not_say_is_as_the_platform_has_it(tmp_path: Path) -> None:
    write(tmp_path, "Work", {"name": "req", "type": "httpTrigger", "direction": "in"})
    function = only(tmp_path)
    assert (function.route_text, function.methods, function.auth_level) == ("Work", frozenset(), "function")
    assert (function.is_http, function.is_queue, function.is_disabled, function.http_output) == (True, False, False, "")


def test_what_function_json_says_is_taken(tmp_path: Path) -> None:
    trigger = http_trigger(route="/orders/{id}/", methods=["GET", "post"], authLevel="Admin")
    write(tmp_path, "Work", trigger, RETURN, entryPoint="start")
    function = only(tmp_path)
    assert (function.route_text, function.methods) == ("orders/{id}", frozenset({"get", "post"}))
    assert (function.auth_level, function.http_output, function.entry_point) == ("admin", "$return", "start")


@pytest.mark.parametrize("name", ["1st", "a.b", "host", "HOST", "a b", "é", "_a", "a" * 129])
def test_a_bad_name_is_left_out(tmp_path: Path, name: str) -> None:
    write(tmp_path, name, http_trigger())
    assert reason(tmp_path) == "this is not a valid name for a function"


@pytest.mark.parametrize("text", ["", "{", "[]", "1", '{"bindings": 1}', '{"bindings": [1]}', '{"bindings": ["ab"]}'])
def test_a_function_json_that_is_none_is_left_out(tmp_path: Path, text: str) -> None:
    write(tmp_path, "Work", http_trigger())
    (tmp_path / "Work" / "function.json").write_text(text, encoding="utf-8")
    assert reason(tmp_path).startswith("function.json cannot be read")


@pytest.mark.parametrize(
    ("bindings", "expected"),
    [
        ([], "at least one binding must be declared"),
        ([RETURN], "a function must have one trigger (got 0)"),
        ([http_trigger(), queue_trigger("q")], "a function must have one trigger (got 2)"),
        ([http_trigger(), {"name": "x", "direction": "out"}], "a binding has no type"),
        ([{"type": "httpTrigger"}], "a binding has no name"),
        ([{"type": "queueTrigger", "name": "msg"}], "a binding has no queueName"),
        ([http_trigger(), {**queue_output("q"), "queueName": ""}], "a binding has no queueName"),
        ([timer_trigger("")], "a binding has no schedule"),
        ([timer_trigger("hourly")], "the schedule 'hourly' has not the six fields of NCRONTAB"),
        ([timer_trigger("%WHEN%")], "'%WHEN%' does not resolve to a value: no setting has this name"),
        ([http_trigger(route="admin/x")], "the route conflicts with one that is built in"),
        ([http_trigger(route="Administration")], "the route conflicts with one that is built in"),
        ([http_trigger(route="/runtime")], "the route conflicts with one that is built in"),
        ([http_trigger(route="a/{id:even}")], "this host does not know the constraint even of the route"),
    ],
)
def test_bindings_that_the_platform_refuses_are_left_out(
    tmp_path: Path, bindings: list[Binding], expected: str
) -> None:
    write(tmp_path, "Work", *bindings)
    assert reason(tmp_path) == expected


def test_the_schedule_of_a_timer_may_be_a_setting(tmp_path: Path) -> None:
    write(tmp_path, "Work", timer_trigger("%WHEN%"))
    schedule = only(tmp_path, WHEN="0 30 3 * * *").schedule
    assert schedule is not None
    assert schedule.text == "0 30 3 * * *"


def test_a_script_that_is_not_there_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, "Work", http_trigger(), scriptFile="other.py")
    assert reason(tmp_path) == "the file that scriptFile names does not exist"


def test_of_two_equal_routes_with_a_method_in_common_the_second_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, "First", http_trigger(route="orders/{id}", methods=["get", "post"]))
    write(tmp_path, "Second", http_trigger(route="/ORDERS/{ID}", methods=["POST"]))
    write(tmp_path, "Third", http_trigger(route="orders/{id}", methods=["put"]))
    found, left_out = discover(tmp_path, {})
    assert [function.name for function in found] == ["First", "Third"]
    assert left_out == {"Second": "First has the same route, for a method that both have"}


def test_routes_that_differ_in_the_name_of_a_parameter_are_two(tmp_path: Path) -> None:
    write(tmp_path, "First", http_trigger(route="a/{x}"))
    write(tmp_path, "Second", http_trigger(route="a/{y}"))
    assert names(tmp_path) == ["First", "Second"]


@pytest.mark.parametrize(
    ("member", "setting", "is_disabled"),
    [(False, "true", True), (False, "True", True), (False, "1", True), (True, "", False), (True, "false", False)],
)
def test_the_setting_that_disables_a_function_wins_over_its_file(
    tmp_path: Path, member: bool, setting: str, is_disabled: bool
) -> None:
    write(tmp_path, "Work", http_trigger(), disabled=member)
    assert only(tmp_path).is_disabled is member
    assert only(tmp_path, **{"AzureWebJobs.Work.Disabled": setting}).is_disabled is is_disabled


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    write(tmp_path, "Work", http_trigger())
    file = tmp_path / "Work" / "function.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8"))), encoding="utf-8-sig")
    assert names(tmp_path) == ["Work"]
