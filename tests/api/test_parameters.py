"""How parameters are read, and what the refusal of a wrong one says."""

from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.api.parameters import (
    event_name_filter,
    parse_flag,
    parse_limit,
    parse_moment,
    parse_place,
    parse_webhook_id,
    require_known,
    token_of,
    with_empty,
)
from shared.errors import BadRequest
from shared.storage.paging import BEGINNING, Place, Position


@pytest.mark.parametrize(
    ("query", "flag"),
    [({}, False), ({"dryRun": "true"}, True), ({"dryRun": "True"}, True), ({"dryRun": "false"}, False)],
)
def test_a_flag_is_true_or_false(query: dict[str, str], flag: bool) -> None:
    assert parse_flag(query, "dryRun") is flag


@pytest.mark.parametrize("text", ["", "1", "maybe"])
def test_any_other_flag_names_its_parameter(text: str) -> None:
    # Taken for false, a slip in `dryRun` would replay what was only to be counted.
    with pytest.raises(BadRequest, match=r"^dryRun must be true or false$"):
        parse_flag({"dryRun": text}, "dryRun")


@pytest.mark.parametrize(("text", "limit"), [(None, 50), ("1", 1), ("200", 200), ("007", 7)])
def test_a_limit_is_an_integer_within_bounds(text: str | None, limit: int) -> None:
    assert parse_limit({} if text is None else {"limit": text}) == limit


@pytest.mark.parametrize("text", ["0", "201", "", "-1", "many", "1.0", "\u0665"])
def test_any_other_limit_says_its_bounds(text: str) -> None:
    with pytest.raises(BadRequest, match=r"^limit must be an integer from 1 to 200$") as caught:
        parse_limit({"limit": text})
    assert caught.value.errors[0].pointer == "#/limit"


@pytest.mark.parametrize(
    ("text", "id_"),
    [("0", 0), ("12", 12), ("2147483647", 2**31 - 1), ("2147483648", None), ("", None), ("-1", None), ("x", None)],
)
def test_an_id_of_a_webhook_is_a_positive_32_bit_integer(text: str, id_: int | None) -> None:
    assert parse_webhook_id(text) == id_


@pytest.mark.parametrize(
    "text", ["2026-01-31T12:00:00Z", "2026-01-31T13:00:00+01:00", "2026-01-31T13:00:00 01:00", "2026-01-31 12:00"]
)
def test_a_moment_is_read_in_utc(text: str) -> None:
    assert parse_moment({"since": text}, "since") == datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "0001-01-01T00:00:00+14:00", "2026-01-31\n12:00", "2" * 101])
def test_any_other_moment_says_how_it_must_be(text: str) -> None:
    with pytest.raises(BadRequest, match=r"^until must be an ISO 8601 time, such as 2026-01-31T12:00:00Z$"):
        parse_moment({"until": text}, "until")


@pytest.mark.parametrize(
    ("text", "name"), [(None, None), ("", None), ("a.b", "a.b"), ("no event has this", "no event has this")]
)
def test_a_name_in_a_filter_is_kept_as_it_is(text: str | None, name: str | None) -> None:
    assert event_name_filter(text, "type") == name


@pytest.mark.parametrize("text", [" a", "a ", "a\n", "a\0b", "x" * 251])
def test_a_name_that_no_event_can_have_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match=r"^type must be "):
        event_name_filter(text, "type")


_PLACES = st.builds(
    Place,
    st.none() | st.builds(Position, st.text(min_size=1), st.text()),
    st.none() | st.tuples(st.text(min_size=1), st.text()),
)


@given(_PLACES)
def test_a_token_leads_to_the_place_that_it_was_made_for(place: Place) -> None:
    token = token_of(place, "asked")
    assert token.isascii()
    assert quote(token, safe="") == token
    assert parse_place({"continuationToken": token}, "asked") == place
    assert parse_place({}, "asked") == BEGINNING


_GOOD = token_of(Place(Position("0000000007", "98226441599999999-37c7c867-d571-e911-a956-000d3a1bc3f6")), "asked")


@pytest.mark.parametrize("token", ["", "x", "1.2", f"{_GOOD}x", f"{_GOOD}\n", _GOOD[:-4], "W" * 6000, "W1tb" * 1200])
def test_a_token_that_is_none_or_was_changed_is_refused(token: str) -> None:
    with pytest.raises(BadRequest, match=r"^continuationToken must be a token from an answer of this API to the same"):
        parse_place({"continuationToken": token}, "asked")


def test_a_token_of_another_query_is_refused() -> None:
    assert parse_place({"continuationToken": _GOOD}, "asked") != BEGINNING
    with pytest.raises(BadRequest, match=r"^continuationToken must"):
        parse_place({"continuationToken": _GOOD}, "something else")


@given(st.text())
def test_any_text_is_a_token_or_refused(text: str) -> None:
    with suppress(BadRequest):
        parse_place({"continuationToken": text}, "asked")


def test_a_parameter_that_nobody_knows_is_named_with_those_that_are_known() -> None:
    require_known({"limit": "1", "code": "a key", "CODE": "a key"}, ("limit", "state"))
    for name in ("Limit", "states", "x" * 1000):
        with pytest.raises(BadRequest) as caught:
            require_known({name: ""}, ("limit", "state"))
        assert caught.value.detail == f"{name[:50]} is not a known parameter; known are limit, state"
    with pytest.raises(BadRequest, match=r"^dryRun is not a known parameter; there are none here$"):
        require_known({"dryRun": "true"}, ())


@pytest.mark.parametrize(
    ("address", "params", "wanted"),
    [
        ("?after=&code=x", {"code": "x"}, {"code": "x", "after": ""}),
        ("?code=x&after", {"code": "x"}, {"code": "x", "after": ""}),
        ("?q=&after=now", {"after": "now"}, {"q": "", "after": "now"}),
        ("?type=after", {"type": "after"}, {"type": "after"}),
        ("?xafter=&other=", {}, {}),
        ("", {}, {}),
    ],
)
def test_parameters_without_a_value_are_found_although_the_platform_drops_them(
    address: str, params: dict[str, str], wanted: dict[str, str]
) -> None:
    assert with_empty(f"https://hub.example/api/v1/events{address}", params, ("after", "q")) == wanted
