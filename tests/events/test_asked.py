"""Column `Asked`: the webhooks that a dispatch asks, there and back."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.asked import MAX_NAMED, Asked, asked_column, asked_too, parse_asked
from shared.events.rows import log_row
from shared.hub.hub import Hub
from tests.support.events import make_event

IDS = st.lists(st.integers(0, 2**31 - 1), unique=True, max_size=60).map(lambda ids: tuple(sorted(ids)))


@given(IDS | st.none() | st.integers(0, MAX_NAMED).map(lambda count: tuple(range(7, 7 + count))))
def test_who_was_asked_is_read_as_it_was_written(asked: Asked) -> None:
    assert parse_asked(asked_column(asked)) == asked


@given(IDS, IDS)
def test_those_who_are_asked_too_are_added_in_order(asked: tuple[int, ...], more: tuple[int, ...]) -> None:
    assert asked_too(asked, more) == tuple(sorted({*asked, *more}))
    assert asked_too(None, more) is None


def test_the_text_has_spans_and_very_many_are_not_named() -> None:
    texts = {
        (): "",
        (7,): "7",
        (1, 2, 3, 7, 9, 10): "1-3 7 9-10",
        tuple(range(MAX_NAMED + 1)): "many",
        None: "many",
    }
    for asked, text in texts.items():
        assert zlib.decompress(asked_column(asked)["Asked"]).decode() == text


def test_a_row_names_a_thousand_scattered_webhooks_in_a_few_kilobytes() -> None:
    assert len(asked_column(tuple(range(1, 10_000, 11)))["Asked"]) < 3_000


@pytest.mark.parametrize("row", [{}, {"Asked": None}])
def test_a_row_of_the_previous_version_may_have_asked_any(row: dict[str, None]) -> None:
    assert parse_asked(row) is None


def test_the_row_of_an_event_names_them(hub: Hub) -> None:
    event, other = make_event(), make_event()
    hub.events.begin_dispatch(event, None, (1, 2, 9))
    assert hub.events.listed_event(event).asked == (1, 2, 9)
    begun = hub.events.begun_dispatch(event)
    assert begun is not None
    assert begun.asked == (1, 2, 9)
    assert (hub.events.listed_event(other).asked, parse_asked(log_row(other))) == ((), None)
