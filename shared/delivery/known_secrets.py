"""Which secrets are cut from texts: those of one attempt, and those of a registration whose texts are shown."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime

from shared.delivery.policy import MAX_TEXT
from shared.delivery.record import DeliveryRecord
from shared.delivery.redaction import Redaction
from shared.storage.sealed import Sealer
from shared.webhooks.registration import Registration, Usage
from shared.webhooks.sealing import known_secrets
from shared.webhooks.sensitive import secrets_in
from shared.webhooks.webhook import WebhookInput


def redaction_of(webhook: WebhookInput, secrets: Collection[str]) -> Redaction:
    """What a receiver is sent, or can know, that nobody else is shown: of an opened webhook and what signs for it."""
    return Redaction([*secrets, *(value for _, value in secrets_in(webhook))])


class KnownSecrets:
    """Cleans what the version before stored of receivers' answers, each time it is shown.

    What this version stores is clean. `now` gives the current time, in UTC.
    """

    def __init__(self, sealer: Sealer, now: Callable[[], datetime]) -> None:
        self._sealer = sealer
        self._now = now

    def usage(self, registration: Registration, usage: Usage) -> Usage:
        """The usage as it may be shown."""
        if not usage.last_error:
            return usage
        return replace(usage, last_error=_clean(self._redaction(registration), usage.last_error))

    def record(self, registration: Registration | None, record: DeliveryRecord) -> DeliveryRecord:
        """The delivery as it may be shown; of a webhook that is gone nothing is known."""
        if registration is None:
            return record
        redaction = self._redaction(registration)
        return replace(record, log=tuple(replace(one, reply=_clean(redaction, one.reply)) for one in record.log))

    def _redaction(self, registration: Registration) -> Redaction:
        return Redaction(known_secrets(registration, self._sealer, self._now()))


def _clean(redaction: Redaction, text: str) -> str:
    return redaction.redact(text, is_cut=len(text) >= MAX_TEXT)
