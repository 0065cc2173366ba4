import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text_length import utf16_length
from shared.webhooks.fields import (
    MAX_DEPTH,
    addresses,
    event_names,
    header_texts,
    is_deeper_than,
    list_items,
    names,
    not_blank,
)
from tests.api.superoffice.samples import ANY_JSON, TEXTS


def test_event_names_are_lower_case_and_each_once() -> None:
    assert event_names(["B.c", "a", "b.C"]) == ("b.c", "a")


@given(
    st.text(alphabet="a.B-_9", min_size=1, max_size=5),
    st.text(alphabet=" \t\r\n\v\f\x1c\x85\xa0\u2007\u2028\u3000\ufeff\u200b", min_size=1, max_size=3),
)
def test_white_space_is_part_of_no_name_and_is_not_taken_off_it(name: str, blank: str) -> None:
    for padded in (f"{name}{blank}", f"{blank}{name}", f"{name}{blank}{name}"):
        with pytest.raises(ValueError, match=r"\(name 2 is not\)"):
            event_names(["a", padded])


def test_blank_addresses_are_left_out() -> None:
    assert addresses(["", " a@b.c", " "]) == ("a@b.c",)


def test_names_are_kept_once_in_their_first_spelling() -> None:
    assert names([" X-Key ", "x-key", "", "Other"]) == ("X-Key", "Other")


def test_a_text_that_is_not_blank_stays_as_it_is() -> None:
    assert not_blank(" a ") == " a "


def test_list_items_have_the_names_of_the_vendor_at_every_level() -> None:
    item = {"id": 5, "FULLNAME": "Mira", "Unknown": 1, "childItems": [{"toolTip": "t"}]}
    assert list_items([item]) == ({"Id": 5, "FullName": "Mira", "ChildItems": [{"ToolTip": "t"}]},)


@pytest.mark.parametrize("read", [event_names, addresses, header_texts, list_items])
@given(value=ANY_JSON)
def test_any_value_is_read_or_refused_but_nothing_else_happens(read: Callable[[object], object], value: object) -> None:
    with suppress(ValueError):
        assert read(value) is not None


def test_list_items_are_nested_as_deep_as_other_values_and_no_deeper() -> None:
    item: dict[str, object] = {"Id": 0}
    for number in range(MAX_DEPTH):
        item = {"Id": number, "ChildItems": [item]}
    with pytest.raises(ValueError, match=f"at most {MAX_DEPTH} levels of nesting"):
        list_items([item])


def depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@given(ANY_JSON)
def test_a_value_is_deeper_than_all_levels_below_its_own(value: object) -> None:
    levels = depth(value)
    assert not is_deeper_than(value, levels)
    assert not levels or is_deeper_than(value, levels - 1)


@given(TEXTS)
def test_a_length_is_counted_as_javascript_and_dot_net_count_it(text: str) -> None:
    astral = sum(ord(character) > 0xFFFF for character in text)
    assert utf16_length(text) == len(text) + astral == len(json.loads(json.dumps(text))) + astral
