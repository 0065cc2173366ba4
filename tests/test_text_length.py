"""Guards how long a text is for neighbours that count UTF-16 units, and that no character is cut in two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text_length import cut_to_utf16_length, utf16_length

TEXTS = st.text(alphabet=st.one_of(st.sampled_from("aß€\U0001f600\U00010000\uffff"), st.characters(codec="utf-8")))


@pytest.mark.parametrize(("text", "length"), [("", 0), ("a", 1), ("ß€", 2), ("\U0001f600", 2), ("a\U0001f600b", 4)])
def test_a_character_beyond_the_basic_plane_counts_twice(text: str, length: int) -> None:
    assert utf16_length(text) == length


def test_half_a_pair_counts_once() -> None:
    assert utf16_length("\ud83d") == 1


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("abcd", 3, "abc"),
        ("abcd", 4, "abcd"),
        ("abcd", 0, ""),
        ("a\U0001f600b", 2, "a"),
        ("a\U0001f600b", 3, "a\U0001f600"),
        ("\U0001f600", 1, ""),
    ],
)
def test_a_text_is_cut_before_the_character_that_does_not_fit(text: str, limit: int, cut: str) -> None:
    assert cut_to_utf16_length(text, limit) == cut


@given(TEXTS, st.integers(0, 20))
def test_what_is_cut_is_the_longest_beginning_that_fits(text: str, limit: int) -> None:
    cut = cut_to_utf16_length(text, limit)
    assert text.startswith(cut)
    assert utf16_length(cut) <= limit
    assert cut == text or utf16_length(text[: len(cut) + 1]) > limit
