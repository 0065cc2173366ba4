"""The account of a soak finds what is lost: without that, a soak would prove nothing (bench/soak/account.py)."""

from dataclasses import replace

import pytest

from bench.soak.account import DELIVERED, Books
from bench.soak.receivers import Kind

BOOKS = Books(
    acknowledged=frozenset({"first", "second"}),
    listed=(("first", "id1"), ("second", "id2"), ("nobody was told", "id3")),
    states={("id1", 1): "delivered", ("id1", 2): "held", ("id2", 1): "delivered", ("id2", 2): "failed"},
    successes={("id1", 1): 1, ("id2", 1): 3},
    webhooks={1: Kind.HEALTHY, 2: Kind.GONE},
)
FIRST_TO_GONE = ("id1", 2)


def test_what_is_delivered_held_or_failed_is_accounted_for() -> None:
    assert BOOKS.lost() == []
    assert BOOKS.stored_twice() == []


def test_an_event_that_is_not_listed_is_lost() -> None:
    lost = replace(BOOKS, listed=BOOKS.listed[1:]).lost()
    assert lost == ["event first was acknowledged and is not listed"]


def test_a_delivery_that_is_not_in_the_log_is_lost() -> None:
    states = {key: state for key, state in BOOKS.states.items() if key != ("id2", 2)}
    assert replace(BOOKS, states=states).lost() == ["event id2 for webhook 2 (gone) is not in the log"]


@pytest.mark.parametrize("state", ["pending", "waiting", "held", "failed"])
def test_what_is_for_a_receiver_that_is_well_must_be_delivered(state: str) -> None:
    lost = replace(BOOKS, states={**BOOKS.states, ("id1", 1): state}).lost()
    assert lost == [f"event id1 for webhook 1 (healthy) is {state}"]


def test_what_waits_for_one_that_is_not_well_is_accounted_for() -> None:
    assert replace(BOOKS, states={**BOOKS.states, FIRST_TO_GONE: "waiting"}).lost() == []


@pytest.mark.parametrize("state", ["pending", "waiting for no reason"])
def test_what_stays_open_or_waits_for_no_reason_is_lost(state: str) -> None:
    lost = replace(BOOKS, states={**BOOKS.states, FIRST_TO_GONE: state}).lost()
    assert lost == [f"event id1 for webhook 2 (gone) is {state}"]


def test_what_is_logged_as_delivered_and_never_came_is_lost() -> None:
    lost = replace(BOOKS, successes={("id1", 1): 1}).lost()
    assert lost == ["event id2 is logged as delivered to webhook 1, which never got it"]


def test_after_a_replay_nothing_may_be_held_or_failed() -> None:
    assert BOOKS.lost(settled=DELIVERED) == [
        "event id1 for webhook 2 (gone) is held",
        "event id2 for webhook 2 (gone) is failed",
    ]


@pytest.mark.parametrize(("counts", "expected"), [({}, 0), ({("id1", 1): 1}, 0), ({("id1", 1): 3, ("id2", 1): 2}, 3)])
def test_a_duplicate_is_a_success_after_the_first(counts: dict[tuple[str, int], int], expected: int) -> None:
    assert replace(BOOKS, successes=counts).duplicates() == expected


def test_an_event_that_is_listed_twice_is_found() -> None:
    assert replace(BOOKS, listed=(*BOOKS.listed, ("second", "id4"))).stored_twice() == ["second"]
