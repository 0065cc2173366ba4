"""The event as receivers are told it, and clocks that jump."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.attempt import AttemptRunner, occurrence_of
from shared.delivery.callback import CallbackEvent
from shared.delivery.deliverer import RetryConsent
from shared.delivery.policy import Outcome, Verdict
from shared.errors import FieldError
from shared.webhooks.webhook import WebhookInput
from tests.api.superoffice.samples import registered
from tests.support.cases import holds_for
from tests.support.events import make_event

INT32 = range(-(2**31), 2**31)
NOW = datetime(2026, 3, 14, 9, 26, tzinfo=UTC)


class Delivers:
    """A type of its own, whose receivers take everything."""

    def refusals(self, webhook: WebhookInput, secret: str | None) -> list[FieldError]:
        return []

    def ask_consent(self, webhook: WebhookInput) -> RetryConsent:
        return RetryConsent()

    def deliver(
        self, webhook: WebhookInput, secrets: list[str], occurrence: CallbackEvent, *, attempt: int, now: datetime
    ) -> Outcome:
        return Outcome(Verdict.DELIVERED, 200, "", f"{occurrence.event_id} {attempt} {now.isoformat()}")


@given(st.integers(-(2**40), 2**40))
def test_a_key_that_is_a_32_bit_integer_is_the_primary_key_and_any_other_0(number: int) -> None:
    assert occurrence_of(make_event(entity_id=str(number))).primary_key == (number if number in INT32 else 0)


@given(st.text(max_size=20))
def test_whatever_the_key_is_the_primary_key_is_a_32_bit_integer(text: str) -> None:
    occurrence = occurrence_of(make_event(entity_id=text))
    assert occurrence.primary_key in INT32
    assert occurrence.record_id == text


@holds_for("text", ["", "-", "--5", "٣", "²", "1.0", " 5", "5\n", "0x10", "37c7c867", "9" * 5000])
def test_what_only_looks_like_an_integer_is_0(text: str) -> None:
    assert occurrence_of(make_event(entity_id=text)).primary_key == 0


@pytest.mark.parametrize("seconds", [-86_400.0, -0.5, 0.0, 2.5])
def test_an_attempt_during_which_the_clock_is_set_back_takes_no_negative_time(seconds: float) -> None:
    clock = iter([NOW, NOW + timedelta(seconds=seconds)])
    webhook, event = registered().webhook, make_event()
    made = AttemptRunner({"webhook": Delivers()}, lambda: next(clock)).call(webhook, [], event, attempt=3)
    assert (made.at, made.duration) == (NOW, timedelta(seconds=max(seconds, 0.0)))
    assert made.outcome.text == f"{event.id} 3 {NOW.isoformat()}"
