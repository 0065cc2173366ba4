from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.webhooks.fields import MAX_DEPTH, addresses, event_names, header_texts, list_items, not_blank
from tests.api.superoffice.samples import ANY_JSON


def test_event_names_are_lower_case_and_each_once() -> None:
    assert event_names(["B.c", "a", "b.C"]) == ("b.c", "a")


@given(
    st.text(alphabet="a.B-_9", min_size=1, max_size=5),
    st.text(alphabet=" \t\r\n\v\f\x1c\x85\xa0\u2007\u2028\u3000\ufeff\u200b", min_size=1, max_size=3),
)
def test_white_space_is_part_of_no_name_and_is_not_taken_off_it(name: str, blank: str) -> None:
    for padded in (f"{name}{blank}", f"{blank}{name}", f"{name}{blank}{name}"):
        with pytest.raises(ValueError, match="name 2 has not"):
            event_names(["a", padded])


def test_blank_addresses_are_left_out() -> None:
    assert addresses(["", " a@b.c", " "]) == ("a@b.c",)


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
