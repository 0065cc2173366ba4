"""One attempt: by the deliverer of the webhook's type, with what is sealed opened."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from shared.delivery.attempt import Attempt
from shared.delivery.attempt_runner import AttemptRunner
from shared.delivery.callback import CallbackEvent, callback_event
from shared.delivery.deliverer import ReceiverConsent
from shared.errors import FieldError, Misconfigured
from shared.outbound.reply import OnHead, nothing
from shared.storage.sealed import Sealer
from shared.webhooks.registration import Registration
from shared.webhooks.sealing import sealed_webhook, wanted_webhook
from shared.webhooks.webhook import WEBHOOK_TYPES, WebhookInput, parse_webhook
from tests.api.superoffice.samples import registered
from tests.support.events import make_event

NOW = datetime(2026, 3, 14, 9, 26, tzinfo=UTC)
KEY = Fernet.generate_key().decode()


class Delivers:
    """A type of its own that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[WebhookInput, list[str], CallbackEvent, int]] = []

    def refusals(self, webhook: WebhookInput, secret: str | None) -> list[FieldError]:
        return []

    def ask_consent(self, webhook: WebhookInput) -> ReceiverConsent:
        return ReceiverConsent()

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
        self.told.append((webhook, secrets, event, retry))
        on_head()
        return Attempt(at, timedelta(0), 200, "", "yes")


def sealed(type_: str) -> Registration:
    """A registration of this type whose token and signing secret are sealed."""
    sealer = Sealer(SecretStr(KEY))
    document = {"Name": "n", "Events": ["x"], "TargetUrl": "https://a.example/", "Type": type_}
    webhook = parse_webhook({**document, "Headers": {"Authorization": "Bearer t"}}, types=WEBHOOK_TYPES)
    stored, values = sealed_webhook(wanted_webhook(webhook, None, sealer), sealer)
    return replace(registered(), webhook=stored, sealed_values=values, sealed_secret=sealer.seal("signs"))


def test_the_deliverer_of_the_type_gets_the_event_and_what_was_sealed() -> None:
    others, mine, event = Delivers(), Delivers(), make_event()
    runner = AttemptRunner({"webhook": others, "cloudevents": mine}, Sealer(SecretStr(KEY)), lambda: NOW)
    attempt = runner.run(sealed("cloudevents"), event, retry=3)
    assert (attempt.at, attempt.text, others.told) == (NOW, "yes", [])
    ((webhook, secrets, told, retry),) = mine.told
    assert webhook.headers == {"Authorization": "Bearer t"}
    assert (secrets, told, retry) == (["signs"], callback_event(event), 3)


def test_the_deliverer_gets_whom_to_tell_of_the_head() -> None:
    heads: list[str] = []
    runner = AttemptRunner({"webhook": Delivers()}, Sealer(SecretStr(KEY)), lambda: NOW)
    runner.run(sealed("webhook"), make_event(), retry=0, on_head=lambda: heads.append("came"))
    assert heads == ["came"]


def test_without_the_key_nobody_is_called() -> None:
    deliverer = Delivers()
    runner = AttemptRunner({"webhook": deliverer}, Sealer(SecretStr(Fernet.generate_key().decode())), lambda: NOW)
    with pytest.raises(Misconfigured):
        runner.run(sealed("webhook"), make_event(), retry=0)
    assert deliverer.told == []
