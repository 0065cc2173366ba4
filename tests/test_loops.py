"""How often deliveries led to a request: read from its header, refused above the limit, one more with each delivery."""

from collections.abc import Mapping

import azure.functions as func
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import BadRequest
from shared.loops import HOPS_HEADER, MAX_HOPS, delivery_hops, is_test, request_hops
from tests.support.cases import holds_for


def headers(value: str | None, name: str = HOPS_HEADER) -> Mapping[str, str]:
    """Headers as the worker hands them to a function."""
    given_ = {} if value is None else {name: value}
    found: Mapping[str, str] = func.HttpRequest("POST", "http://hub.example/", headers=given_, body=b"").headers
    return found


@holds_for(
    ("value", "hops"),
    [(None, 0), ("", 0), ("  ", 0), ("0", 0), ("1", 1), (" 4 ", 4), ("004", 4), ("1, 3", 3), ("3,1", 3)],
)
@holds_for("name", [HOPS_HEADER, HOPS_HEADER.lower(), HOPS_HEADER.upper()])
def test_the_number_is_read_in_any_case_of_the_name(value: str | None, hops: int, name: str) -> None:
    assert request_hops(headers(value, name)) == hops


@pytest.mark.parametrize("value", ["5", "6", "999999999", "1, 5", "5,1"])
def test_five_or_more_is_a_loop(value: str) -> None:
    with pytest.raises(BadRequest, match="loop") as caught:
        request_hops(headers(value))
    assert caught.value.errors[0].pointer == f"#/{HOPS_HEADER}"


@holds_for("value", ["-1", "+1", "1.0", "one", "1;", "1,", ",", "1 2", "0x1", "1" * 10, "9" * 5000, "\u0661"])
def test_what_is_no_number_is_refused_and_not_taken_for_none(value: str) -> None:
    with pytest.raises(BadRequest, match=f"^{HOPS_HEADER} must be a whole number"):
        request_hops(headers(value))


@given(st.text(max_size=20))
def test_whatever_comes_is_a_number_up_to_the_limit_or_a_refusal(value: str) -> None:
    try:
        assert request_hops(headers(value)) in range(MAX_HOPS + 1)
    except BadRequest as refusal:
        assert refusal.errors  # noqa: PT017 - either is right


def test_a_chain_that_hands_the_header_on_ends_after_five_events() -> None:
    hops = 0
    for _ in range(MAX_HOPS):
        hops = request_hops(headers(delivery_hops(hops)[HOPS_HEADER]))
    with pytest.raises(BadRequest):
        request_hops(headers(delivery_hops(hops)[HOPS_HEADER]))


@pytest.mark.parametrize(("name", "found"), [("X-Hook-Test", True), ("x-hook-test", True), ("X-Hook", False)])
def test_a_test_event_is_known_by_its_header(name: str, found: bool) -> None:
    assert is_test(headers("true", name)) is found


@holds_for(
    ("value", "found"),
    [
        *((value, True) for value in ("true", "True", "TRUE", "1", " true ", "true, true", "false,1")),
        *((value, False) for value in ("false", "0", "", " ", "no", "truely", "11", "true;q=0")),
    ],
)
def test_a_test_event_is_one_that_says_yes(value: str, found: bool) -> None:
    assert is_test(headers(value, "X-Hook-Test")) is found
