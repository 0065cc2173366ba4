"""What a receiver must pass before a webhook is saved: consent, one test event, and no secret in what is said of it."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.callers.caller import Caller
from shared.delivery.attempt import Attempt
from shared.delivery.callback import CallbackEvent, callback_content
from shared.delivery.deliverer import ReceiverConsent
from shared.delivery.receiver_check import ReceiverCheck
from shared.errors import FieldError
from shared.outbound.reply import OnHead, nothing
from shared.roles.user import User
from shared.webhooks.associate import associate_of
from shared.webhooks.webhook import WEBHOOK_TYPES, WebhookInput, parse_webhook

NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
CALLER = Caller(User.of_account("anna@example.com"), hops=2)
WEBHOOK = parse_webhook(
    {"Name": "Mine", "Events": ["x"], "TargetUrl": "https://a.example/", "Type": "cloudevents"}, types=WEBHOOK_TYPES
)


class Answers:
    """A type whose receivers give this consent and this answer, and which notes what they are told."""

    def __init__(self, consent: ReceiverConsent, status: int | None, error_class: str, text: str) -> None:
        self.consent = consent
        self.answer = (status, error_class, text)
        self.told: list[tuple[CallbackEvent, list[str], int, datetime]] = []

    def refusals(self, webhook: WebhookInput, secret: str | None) -> list[FieldError]:
        return [FieldError("#/TargetUrl", f"{webhook.target_url} with {secret}")]

    def ask_consent(self, webhook: WebhookInput) -> ReceiverConsent:
        return self.consent

    def deliver(
        self,
        webhook: WebhookInput,
        secrets: list[str],
        event: CallbackEvent,
        *,
        retry: int,
        at: datetime,
        on_head: OnHead = nothing,
    ) -> Attempt:
        self.told.append((event, secrets, retry, at))
        return Attempt(at, timedelta(0), *self.answer)


def answers(
    status: int | None = 200, error_class: str = "", text: str = "fine", consent: ReceiverConsent | None = None
) -> tuple[Answers, ReceiverCheck]:
    deliverer = Answers(consent or ReceiverConsent(), status, error_class, text)
    return deliverer, ReceiverCheck({"cloudevents": deliverer}, lambda: NOW)


def test_the_type_says_what_it_refuses() -> None:
    _, check = answers()
    assert check.refusals(WEBHOOK, "s") == [FieldError("#/TargetUrl", "https://a.example/ with s")]


def test_a_receiver_that_answers_well_passes_with_what_it_said_and_allows() -> None:
    deliverer, check = answers(text="HTTP 200\n\nfine", consent=ReceiverConsent(per_minute=30))
    result = check.test(WEBHOOK, ["new", "old"], CALLER)
    assert (result.is_success, result.message, result.per_minute) == (True, "HTTP 200\n\nfine", 30)
    ((event, secrets, retry, at),) = deliverer.told
    assert (secrets, retry, at, event.is_test, event.hops) == (["new", "old"], 0, NOW, True, 2)
    content = callback_content(event, "Mine")
    assert (content["Event"], content["Source"], "FieldValues" in content) == ("test", "hub", False)
    assert content["ChangedByAssociateId"] == associate_of("anna@example.com", is_application=False).id


def test_each_test_event_has_an_id_of_its_own() -> None:
    deliverer, check = answers()
    for _ in range(2):
        check.test(WEBHOOK, [], CALLER)
    assert len({event.event_id for event, *_ in deliverer.told}) == 2


def test_without_consent_no_event_is_sent() -> None:
    deliverer, check = answers(consent=ReceiverConsent("it said OLDSECRET and no"))
    result = check.test(WEBHOOK, [], CALLER, known=["OLDSECRET"])
    assert (result.is_success, result.message, deliverer.told) == (False, "it said ******** and no", [])


@pytest.mark.parametrize(
    ("status", "error_class", "begins"),
    [(503, "http", "it was answered 503: "), (None, "dns", "the host has no address (dns): ")],
)
def test_a_failure_says_what_came_shortened_and_without_secrets(
    status: int | None, error_class: str, begins: str
) -> None:
    _, check = answers(status, error_class, "NEWSECRET OLDSECRET " + "x" * 1000)
    result = check.test(WEBHOOK, ["NEWSECRET"], CALLER, known=["OLDSECRET"])
    assert (result.is_success, result.per_minute) == (False, None)
    assert result.message == begins + ("******** ******** " + "x" * 1000)[:500]
