import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.case import simple_lower
from tests.support.cases import holds_for

LETTERS = [chr(number) for number in range(sys.maxunicode + 1)]


@pytest.mark.parametrize(
    ("one", "other"), [("MEGAN@Contoso.com", "megan@contoso.COM"), ("JÜRGEN", "jürgen"), ("Ж", "ж")]
)
def test_texts_that_differ_in_case_are_equal(one: str, other: str) -> None:
    assert simple_lower(one) == simple_lower(other)


@holds_for(
    ("one", "other"),
    [
        ("\u017fam", "sam"),  # a long s
        ("straße", "strasse"),
        ("stra\u1e9ee", "straße"),
        ("\u212aim", "kim"),  # the Kelvin sign
        ("\u212bke", "åke"),  # the Ångström sign
        ("\u0130rem", "i\u0307rem"),
        ("\u0130rem", "irem"),
        ("irem", "\u0131rem"),
        ("\ufb01nn", "finn"),
        ("nikos", "niko\u03c2"),
        ("\u03c3", "\u03c2"),
        ("\u00b5", "\u03bc"),
    ],
)
def test_different_texts_stay_different(one: str, other: str) -> None:
    assert simple_lower(one) != simple_lower(other)


def test_no_letter_stands_for_more_than_itself_and_its_capital() -> None:
    spellings: dict[str, set[str]] = {}
    for letter in LETTERS:
        spellings.setdefault(simple_lower(letter), set()).add(letter)
    shared = {small: letters for small, letters in spellings.items() if len(letters) > 1}
    assert all(letters == {small, small.upper()} for small, letters in shared.items())
    assert all(f"{letter}" in shared for letter in "abcdefghijklmnopqrstuvwxyzäöüéñж")


@given(st.text())
def test_doing_it_again_changes_nothing(text: str) -> None:
    assert simple_lower(simple_lower(text)) == simple_lower(text)
    assert len(simple_lower(text)) == len(text)
