"""Which paths a route's template takes, with which values."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis.strategies import from_regex, lists, sampled_from, text

from devhost.routes import BadRoute, Route, alphabetical, find_route, parse_template
from tests.support.cases import holds_for

TEMPLATES = ["a", "{id}", "a/{id?}", "a/{id=one}/{*rest}", "{id:int}/{key:guid?}", "{flag:bool}/b/{word:alpha}"]


def match(template: str, path: str) -> dict[str, str] | None:
    values = parse_template(template).match(path)
    return None if values is None else dict(values)


@holds_for(
    ("template", "path", "values"),
    [
        ("api/Orders", "/api/orders", {}),
        ("api/orders", "/API/ORDERS/", {}),
        ("api/orders", "/api/orders//", None),
        ("api/orders", "/api//orders", None),
        ("api/orders", "/api", None),
        ("api/orders", "/api/orders/1", None),
        ("{id}", "/x", {"id": "x"}),
        ("{id}", "/", None),
        ("{id}", "/a%20b%C3%BC", {"id": "a bü"}),
        ("{id}", "/a%2Fb%2fc", {"id": "a%2Fb%2fc"}),
        ("{id}", "/%0A", {"id": "\n"}),
        ("{id}", "/%FF", {"id": "\ufffd"}),
        ("a/{id?}", "/a", {}),
        ("a/{id?}", "/a/", {}),
        ("a/{id?}", "/a/x", {"id": "x"}),
        ("a/{id=one}", "/a", {"id": "one"}),
        ("a/{id=one}", "/a/two", {"id": "two"}),
        ("a/{*rest}", "/a", {}),
        ("a/{*rest}", "/a/b/c%2Fd", {"rest": "b/c%2Fd"}),
        ("a/{**rest}", "/a/b/c", {"rest": "b/c"}),
        ("", "/", {}),
        ("", "/a", None),
    ],
)
def test_a_template_takes_these_paths_and_no_others(template: str, path: str, values: dict[str, str] | None) -> None:
    assert match(template, path) == values


@pytest.mark.parametrize(
    ("constraint", "good", "bad"),
    [
        ("int", ["0", "-5", "2147483647", "-2147483648"], ["one", "1.5", "2147483648", "\u0661", "1_0", "9" * 5000]),
        ("long", ["9223372036854775807"], ["9223372036854775808", "x"]),
        ("bool", ["true", "False"], ["1", "yes"]),
        ("alpha", ["abc", "XYZ"], ["a1", "ü", "\u212a"]),
        (
            "guid",
            ["3609bbbd-a041-5c9e-acb0-045d2dff171d", "{3609BBBD-A041-5C9E-ACB0-045D2DFF171D}", "0" * 32],
            ["{3609bbbd-a041-5c9e-acb0-045d2dff171d", "3609bbbda041-5c9e-acb0-045d2dff171d", "x" * 32],
        ),
    ],
)
def test_a_constraint_takes_what_net_takes(constraint: str, good: list[str], bad: list[str]) -> None:
    template = parse_template(f"{{id:{constraint}}}")
    assert [template.match(f"/{text}") for text in good] == [{"id": text} for text in good]
    assert [template.match(f"/{text}") for text in bad] == [None] * len(bad)


@holds_for(
    "template", ["{id", "id}", "a{id}", "{id}-{x}", "{id:regex(a)}", "{id:}", "{*rest}/b", "{id}/{ID}", "{}", "{i d}"]
)
def test_a_template_that_is_none_or_not_known_is_refused(template: str) -> None:
    with pytest.raises(BadRoute):
        parse_template(template)


def route(function: str, template: str, *methods: str) -> Route:
    return Route(function, parse_template(template), frozenset(methods))


def test_the_first_match_in_alphabetical_order_counts_with_its_method() -> None:
    routes = [route("b", "{any}", "get", "post"), route("C", "fixed"), route("A", "{*rest}", "post")]
    found = [find_route(routes, method, "/fixed") for method in ("POST", "GET", "PUT")]
    assert [one[0].function for one in found if one] == ["A", "b", "C"]


def test_no_route_is_found_for_an_unknown_path_or_method() -> None:
    routes = [route("a", "fixed", "get")]
    assert [find_route(routes, "POST", "/fixed"), find_route(routes, "GET", "/other")] == [None, None]


def test_the_alphabet_is_that_of_upper_case() -> None:
    assert sorted(["a_c", "aB", "A-d", "ab2"], key=alphabetical) == ["A-d", "aB", "ab2", "a_c"]


@given(sampled_from(TEMPLATES), text())
def test_no_path_makes_a_template_fail(template: str, path: str) -> None:
    parse_template(template).match(path)


@given(sampled_from(TEMPLATES), lists(sampled_from(["a", "b", "1", "true", "%2F", "%", "%zz", "", "%C3"])))
def test_no_path_of_odd_parts_makes_a_template_fail(template: str, parts: list[str]) -> None:
    parse_template(template).match("/".join(parts))


@given(text())
def test_a_template_is_parsed_or_refused_but_nothing_else_happens(template: str) -> None:
    with suppress(BadRoute):
        parse_template(template)


@given(from_regex(r"[!-~]{1,20}", fullmatch=True).filter(lambda part: not set(part) & set("/%?")))
def test_a_part_without_percent_signs_is_the_parameter_itself(part: str) -> None:
    assert match("a/{id}", f"/a/{part}") == {"id": part}
