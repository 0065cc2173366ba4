"""What an older version stored of receivers' answers is shown without the secrets of its webhook."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from shared.delivery.attempt import MAX_TEXT, Attempt
from shared.delivery.known_secrets import KnownSecrets, redaction_of
from shared.delivery.record import DeliveryState, new_record
from shared.storage.sealed import Sealer
from shared.webhooks.registration import Registration, Usage
from shared.webhooks.webhook import WEBHOOK_TYPES, parse_webhook
from tests.api.superoffice.samples import registered
from tests.support.events import make_event

NOW = datetime(2026, 3, 14, 9, 26, tzinfo=UTC)
SEALER = Sealer(SecretStr(Fernet.generate_key().decode()))
KNOWN = KnownSecrets(SEALER, lambda: NOW)


@pytest.fixture
def registration() -> Registration:
    return replace(registered(), sealed_secret=SEALER.seal("SIGNINGSECRET"))


def test_the_last_error_is_shown_without_them_and_all_else_as_it_is(registration: Registration) -> None:
    usage = Usage(total_calls=3, total_errors=2, consecutive_errors=1, last_error="not SIGNINGSECRET!")
    assert KNOWN.usage(registration, usage) == replace(usage, last_error="not ********!")
    assert KNOWN.usage(registration, Usage()) == Usage()


def test_every_attempt_of_a_delivery_is_shown_without_them(registration: Registration) -> None:
    record = new_record(18, make_event())
    # The second one was cut in the middle of a secret when it was stored.
    cut = "x" * (MAX_TEXT - 4) + "SIGN"
    for text in ("echo SIGNINGSECRET", cut):
        record = record.after(Attempt(NOW, timedelta(0), 500, "http", text), DeliveryState.PENDING)
    shown = [attempt.text for attempt in KNOWN.record(registration, record).log]
    assert shown == ["echo ********", "x" * (MAX_TEXT - 4) + "********"]


def test_of_a_webhook_that_is_gone_nothing_is_known() -> None:
    record = new_record(18, make_event())
    assert KNOWN.record(None, record) is record


def test_what_a_receiver_is_sent_is_cut() -> None:
    document = {"Name": "n", "Events": ["x"], "TargetUrl": "https://a.example/"}
    webhook = parse_webhook(
        {**document, "Headers": {"Authorization": "Bearer HEADERTOKEN"}, "Properties": {"apikey": "PROPERTY"}},
        types=WEBHOOK_TYPES,
    )
    redaction = redaction_of(webhook, ["SIGNINGSECRET"])
    assert redaction.redact("HEADERTOKEN PROPERTY SIGNINGSECRET Mine") == "******** ******** ******** Mine"
