"""How long what is kept, and settings that make no sense."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis.strategies import integers, text

from shared.keeping.retention_rules import MAX_DAYS, RetentionRules, UnusableRetention, retention_warnings

NOW = datetime(2026, 6, 15, 3, 30, tzinfo=UTC)


def days_ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


def test_events_are_kept_for_so_many_times_24_hours() -> None:
    assert RetentionRules.parse("90", "0").kept_from(NOW) == days_ago(90)


def test_0_keeps_events_and_the_audit() -> None:
    rules = RetentionRules.parse("0", "0")
    assert (rules.kept_from(NOW), rules.contents_from(NOW), rules.audit_from(NOW)) == (None, None, None)
    assert rules.due_before(NOW) is None


@pytest.mark.parametrize(("days", "payload_days", "expected"), [("90", "30", 30), ("0", "30", 30), ("2", "1", 1)])
def test_contents_go_earlier(days: str, payload_days: str, expected: int) -> None:
    assert RetentionRules.parse(days, payload_days).contents_from(NOW) == days_ago(expected)


@pytest.mark.parametrize(("days", "payload_days"), [("90", "0"), ("30", "30")])
def test_contents_go_with_their_event(days: str, payload_days: str) -> None:
    assert RetentionRules.parse(days, payload_days).contents_from(NOW) is None


@pytest.mark.parametrize(
    ("days", "payload_days", "expected"), [("90", "30", 30), ("90", "0", 90), ("0", "30", 30), ("30", "30", 30)]
)
def test_what_goes_first_says_from_when_events_are_whole(days: str, payload_days: str, expected: int) -> None:
    assert RetentionRules.parse(days, payload_days).due_before(NOW) == days_ago(expected)


@pytest.mark.parametrize(("days", "expected"), [("1", 400), ("400", 400), ("401", 401)])
def test_the_audit_is_kept_as_long_but_for_400_days_at_least(days: str, expected: int) -> None:
    assert RetentionRules.parse(days, "0").audit_from(NOW) == days_ago(expected)


@pytest.mark.parametrize(
    "wrong", ["-1", "1.5", "", "ninety", "1e3", "٣", "+1", " 1", str(MAX_DAYS + 1), "9" * 400, "90 days", "0x10"]
)
def test_what_is_no_number_of_days_is_told_with_its_setting(wrong: str) -> None:
    with pytest.raises(
        UnusableRetention, match=r"^RETENTION_DAYS is .*: must be a whole number of days from 0 to 36500"
    ):
        RetentionRules.parse(wrong, "0")
    with pytest.raises(UnusableRetention, match=r"^RETENTION_PAYLOAD_DAYS is "):
        RetentionRules.parse("90", wrong)


def test_what_may_be_a_secret_is_not_shown() -> None:
    with pytest.raises(UnusableRetention, match=r"^RETENTION_DAYS is not shown: "):
        RetentionRules.parse("hunter2-hunter2-hunter2", "0")


def test_contents_that_would_outlast_their_event_are_a_contradiction() -> None:
    with pytest.raises(UnusableRetention, match=r"RETENTION_PAYLOAD_DAYS is 91: must not be more than RETENTION_DAYS"):
        RetentionRules.parse("90", "91")


@given(integers(0, MAX_DAYS), integers(0, MAX_DAYS))
def test_contents_never_outlast_their_event(days: int, payload_days: int) -> None:
    try:
        rules = RetentionRules.parse(str(days), str(payload_days))
    except UnusableRetention:
        return
    kept, contents, audit = rules.kept_from(NOW), rules.contents_from(NOW), rules.audit_from(NOW)
    assert kept is None or contents is None or contents > kept
    assert (kept is None) == (audit is None)


@given(text(), text())
def test_any_text_is_a_number_of_days_or_told(days: str, payload_days: str) -> None:
    with suppress(UnusableRetention):
        assert RetentionRules.parse(days, payload_days).days == int(days)


def test_what_is_wrong_is_a_warning_of_health() -> None:
    assert retention_warnings("90", "0") == []
    (warning,) = retention_warnings("-1", "0")
    assert warning.startswith("retention removes nothing: RETENTION_DAYS is '-1': ")
