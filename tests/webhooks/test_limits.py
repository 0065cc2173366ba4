"""Limits judge what a save adds, and nothing else: whoever is above them can still stop, shrink and remove."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.webhooks.limits import WebhookLimits, member_bytes
from shared.webhooks.webhook import WebhookInput, WebhookState
from tests.support.cases import holds_for
from tests.webhooks.registered import webhook

LIMITS = WebhookLimits(webhooks=10, per_caller=5, events=3, bytes=1000)
NAMES = st.lists(st.sampled_from([f"e{number}.x" for number in range(8)]), min_size=1, max_size=8, unique=True)
DESCRIPTIONS = st.text(st.characters(exclude_categories=["Cs"]), max_size=800)


def events(*names: str) -> WebhookInput:
    return webhook(*names)


def described(text: str, **members: object) -> WebhookInput:
    return webhook("a.b", Description=text, **members)


def refused(after: WebhookInput, before: WebhookInput | None = None) -> list[str]:
    return [refusal.pointer for refusal in LIMITS.refusals(after, before)]


def test_a_new_webhook_may_have_as_many_names_as_the_limit_says_and_no_more() -> None:
    assert refused(events("a", "b", "c")) == []
    [refusal] = LIMITS.refusals(events("a", "b", "c", "d"), None)
    assert refusal.pointer == "#/Events"
    assert refusal.detail == "Events must be at most 3 names (got 4) (MAX_EVENTS_PER_WEBHOOK)"


@holds_for(
    ("before", "after", "is_refused"),
    [
        ("abcdef", "abcdef", False),  # kept
        ("abcdef", "fedcba", False),  # in another order
        ("abcdef", "abcde", False),  # made smaller, and still above
        ("abcdef", "xyz", False),  # not above any more
        ("abcdef", "abcdefg", True),
        ("abcdef", "abcdeg", True),  # as many, but one of them is new
        ("abcdef", "abcg", True),  # fewer, above the limit, and one of them is new
        ("abc", "abcd", True),
    ],
)
def test_above_the_limit_names_can_be_kept_and_removed_and_none_added(
    before: str, after: str, is_refused: bool
) -> None:
    assert refused(events(*after), events(*before)) == (["#/Events"] if is_refused else [])


@given(NAMES, NAMES)
def test_only_a_name_that_is_added_is_refused(before: list[str], after: list[str]) -> None:
    is_refused = refused(events(*after), events(*before)) == ["#/Events"]
    assert is_refused == (len(after) > LIMITS.events and bool(set(after) - set(before)))


def test_a_new_webhook_may_have_so_many_bytes_and_the_largest_member_is_named() -> None:
    size = sum(member_bytes(described("x" * 100)).values())
    fits = "x" * (100 + LIMITS.bytes - size)
    assert refused(described(fits)) == []
    [refusal] = LIMITS.refusals(described(fits + "x"), None)
    assert refusal.pointer == "#/Description"
    assert "must be at most 1000 bytes (got 1001) (MAX_WEBHOOK_BYTES)" in refusal.detail


def test_bytes_are_those_of_utf8_as_they_are_stored() -> None:
    assert refused(described("x" * 300)) == []
    assert refused(described("\N{GRINNING FACE}" * 300)) == ["#/Description"]


@pytest.mark.parametrize("state", [state.value for state in WebhookState if state is not WebhookState.UNKNOWN])
def test_a_webhook_above_the_limit_can_change_its_state(state: str) -> None:
    before = described("x" * 2000)
    assert refused(described("x" * 2000, State=state), before) == []
    assert refused(described("x" * 1999, State=state), before) == []
    assert refused(described("x" * 2001, State=state), before) == ["#/Description"]


def test_the_secret_is_not_counted() -> None:
    before = described("x" * 2000)
    assert refused(described("x" * 2000, Secret="s" * 400), before) == []


@given(DESCRIPTIONS, DESCRIPTIONS)
def test_what_grows_no_larger_is_never_refused(before: str, after: str) -> None:
    sizes = [sum(member_bytes(described(text)).values()) for text in (before, after)]
    is_refused = refused(described(after), described(before)) != []
    assert is_refused == (sizes[1] > LIMITS.bytes and sizes[1] > sizes[0])


@pytest.mark.parametrize(
    ("in_all", "by_caller", "named"),
    [(9, 4, None), (10, 0, "MAX_WEBHOOKS"), (9, 5, "MAX_WEBHOOKS_PER_CALLER"), (12, 9, "MAX_WEBHOOKS")],
)
def test_a_full_hub_names_the_limit(in_all: int, by_caller: int, named: str | None) -> None:
    refusal = LIMITS.full(in_all, by_caller)
    assert (refusal.detail.split()[0] if refusal else None) == named
