"""Attempts that were made and could not be written down: kept by their message, a thousand at most."""

from datetime import UTC, datetime, timedelta

from shared.delivery.attempt import Attempt
from shared.delivery.made_attempts import MadeAttempt, MadeAttempts
from shared.delivery.pace.circuit import Kind, Outcome

NOW = datetime(2026, 3, 14, tzinfo=UTC)


def made(event_id: str = "an event") -> MadeAttempt:
    return MadeAttempt(Attempt(NOW, timedelta(0), 204, "", ""), Outcome(Kind.SUCCESS, event_id, NOW))


def test_an_attempt_is_kept_until_it_is_written_down() -> None:
    attempts, one = MadeAttempts(), made()
    attempts.keep("a message", one)
    assert (attempts.get("a message"), attempts.get("another")) == (one, None)
    attempts.forget("a message")
    attempts.forget("a message")
    assert attempts.get("a message") is None


def test_without_the_id_of_a_message_nothing_is_kept() -> None:
    attempts = MadeAttempts()
    attempts.keep("", made())
    assert attempts.get("") is None


def test_of_very_many_the_oldest_are_dropped() -> None:
    attempts = MadeAttempts()
    for number in range(1001):
        attempts.keep(str(number), made(str(number)))
    assert attempts.get("0") is None
    assert attempts.get("1") is not None
    assert attempts.get("1000") is not None
