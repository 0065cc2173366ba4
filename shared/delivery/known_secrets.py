"""Which secrets are cut from texts: those of one attempt, and those that the texts of an older version may hold."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime

from shared.delivery.attempt import MAX_TEXT
from shared.delivery.record import DeliveryRecord
from shared.delivery.redaction import Redaction
from shared.storage.sealed import Sealer
from shared.webhooks.registration import Registration, Usage
from shared.webhooks.sealing import known_secrets
from shared.webhooks.sensitive import secrets_in
from shared.webhooks.webhook import WebhookInput


def redaction_of(webhook: WebhookInput, secrets: Collection[str]) -> Redaction:
    """Cuts what a receiver is sent and nobody else is shown: the secrets that sign, and those in an opened webhook."""
    return Redaction([*secrets, *(value for _, value in secrets_in(webhook))])


class KnownSecrets:
    """Cuts secrets from receivers' answers each time they are shown, because the previous version stored them uncut.

    What this version stores is clean. `now` returns the current time in UTC.
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
        """The delivery as it may be shown. The secrets of a webhook that is gone are not known any more."""
        if registration is None:
            return record
        redaction = self._redaction(registration)
        return replace(
            record, log=tuple(replace(attempt, text=_clean(redaction, attempt.text)) for attempt in record.log)
        )

    def _redaction(self, registration: Registration) -> Redaction:
        return Redaction(known_secrets(registration, self._sealer, self._now()))


def _clean(redaction: Redaction, text: str) -> str:
    return redaction.redact(text, is_cut=len(text) >= MAX_TEXT)
