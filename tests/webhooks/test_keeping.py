"""Masks that come back keep the value that they were shown for, and never another one."""

from hypothesis import given
from hypothesis import strategies as st

from shared.webhooks.keeping import Keeping
from shared.webhooks.sensitive import masked_webhook
from tests.support.cases import holds_for
from tests.webhooks.registered import webhook
from tests.webhooks.test_sensitive import MASK, VALUES

STORED: dict[str, object] = {
    "apiKey": "K",
    "tenant": "T",
    "tokens": ["A", "B"],
    "servers": [{"url": "u", "token": "A"}, {"url": "v", "token": "B"}],
}


def shown(properties: dict[str, object]) -> object:
    return masked_webhook(webhook("a.b").model_copy(update={"properties": properties})).properties


def filled(new: object, stored: dict[str, object] | None = None) -> tuple[object, list[str], list[str]]:
    """What a document is once its masks are replaced, and the places that were kept and refused."""
    keeping, properties = Keeping(), STORED if stored is None else stored
    value = keeping.filled(new, shown(properties), properties, ())
    return value, ["/".join(place) for place in keeping.kept], ["/".join(place) for place in keeping.wrong]


def test_what_was_read_keeps_everything() -> None:
    value, kept, wrong = filled(shown(STORED))
    assert (value, wrong) == (STORED, [])
    assert kept == ["apiKey", "tokens/0", "tokens/1", "servers/0/token", "servers/1/token"]


@given(st.dictionaries(st.sampled_from(["token", "a", "b"]), VALUES, max_size=3))
def test_whatever_is_stored_is_kept_by_what_was_read(stored: dict[str, object]) -> None:
    value, _, wrong = filled(shown(stored), stored)
    assert (value, wrong) == (stored, [])


@holds_for(
    ("new", "expected", "kept"),
    [
        ({"APIKEY": MASK}, {"APIKEY": "K"}, ["APIKEY"]),
        ({"apiKey": f"{MASK} "}, {"apiKey": "K"}, ["apiKey"]),
        ({"apiKey": "new", "more": 1}, {"apiKey": "new", "more": 1}, []),
        ({}, {}, []),
        (
            {"servers": [{"url": "v", "token": MASK}, {"url": "u", "token": MASK}]},
            {"servers": [{"url": "v", "token": "B"}, {"url": "u", "token": "A"}]},
            ["servers/0/token", "servers/1/token"],
        ),
        ({"servers": [{"url": "v", "token": MASK}]}, {"servers": [{"url": "v", "token": "B"}]}, ["servers/0/token"]),
        (
            {"servers": [{"url": "u", "token": MASK}, {"url": "w", "token": MASK}]},
            {"servers": [{"url": "u", "token": "A"}, {"url": "w", "token": "B"}]},
            ["servers/0/token", "servers/1/token"],
        ),
        ({"tokens": [MASK, MASK, "C"]}, {"tokens": ["A", "B", "C"]}, ["tokens/0", "tokens/1"]),
    ],
)
def test_a_mask_keeps_what_it_was_shown_for(new: object, expected: object, kept: list[str]) -> None:
    assert filled(new) == (expected, kept, [])


@holds_for(
    ("new", "wrong"),
    [
        ({"other": MASK}, ["other"]),
        ({"tenant": MASK}, ["tenant"]),
        ({"apiKey": [MASK]}, ["apiKey/0"]),
        ({"apiKey": {"inner": MASK}}, ["apiKey/inner"]),
        # One of the two is gone, and nobody can tell which.
        ({"tokens": [MASK]}, ["tokens/0"]),
        ({"tokens": [MASK, "C"]}, ["tokens/0"]),
        ({"tokens": MASK}, ["tokens"]),
        ({"servers": [{"url": "w", "token": MASK}]}, ["servers/0/token"]),
        ({"servers": [{"url": "v", "token": MASK}, {"url": "w", "token": MASK}]}, ["servers/1/token"]),
    ],
)
def test_a_mask_that_stands_for_nothing_certain_is_refused(new: object, wrong: list[str]) -> None:
    assert filled(new)[2] == wrong


def test_of_items_that_hold_the_same_some_may_go() -> None:
    assert filled({"tokens": [MASK]}, {"tokens": ["A", "A"]})[0] == {"tokens": ["A"]}


def test_two_spellings_of_one_name_are_two_names_and_a_third_is_neither() -> None:
    stored: dict[str, object] = {"apiKey": "one", "APIKEY": "two"}
    assert filled({"APIKEY": MASK, "apiKey": MASK}, stored)[0] == {"APIKEY": "two", "apiKey": "one"}
    assert filled({"ApiKey": MASK}, stored)[2] == ["ApiKey"]


def test_a_text_that_was_stored_as_a_mask_stays_one() -> None:
    assert filled({"note": MASK}, {"note": MASK}) == ({"note": MASK}, [], [])
