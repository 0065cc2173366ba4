"""Disabling a webhook whose receiver keeps failing: its state, a signal, and one notice to those who asked for it."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol
from unicodedata import category

from shared.audit.entry import AuditEntry, Keeper, Outcome, with_switches
from shared.audit.surfaces import DISABLE
from shared.audit.writing import write
from shared.delivery.attempt import Attempt, Verdict
from shared.errors import Unavailable
from shared.events.event import Event
from shared.storage.tables import Changed
from shared.telemetry.lines import tell
from shared.telemetry.tracing import traceparent_text
from shared.webhooks.pace import WebhookPace
from shared.webhooks.recipients import Recipients
from shared.webhooks.registration import Author, Registration
from shared.webhooks.registry import WebhookRegistry
from shared.webhooks.signals import with_state_event
from shared.webhooks.usage import NoticeClaims
from shared.webhooks.webhook import NotifyVia, WebhookState

_HUB = Author("hub", is_application=True)
_MAX_NAME = 60
# Besides letters, marks and digits: a blank, and what no mail program makes a link of.
_KEPT = frozenset(" -_()'&+,#!")

log = logging.getLogger(__name__)


class Notices(Protocol):
    """Sends notices to people."""

    def send(self, addresses: tuple[str, ...], subject: str, text: str) -> None:
        """Tell each of them once, without showing them each other's addresses.

        A failure is logged and not raised: it must not undo what the notice is about.
        """
        ...


class WebhookDisabler:
    """Sets webhooks to TooManyErrors. `now` returns the current time in UTC."""

    def __init__(
        self,
        registry: WebhookRegistry,
        pace: WebhookPace,
        usage: NoticeClaims,
        notices: Notices,
        recipients: Recipients,
        now: Callable[[], datetime],
        audit: Keeper,
    ) -> None:
        self._registry = registry
        self._pace = pace
        self._usage = usage
        self._notices = notices
        self._recipients = recipients
        self._now = now
        self._audit = audit

    def disable_webhook(self, registration: Registration, event: Event, attempt: Attempt) -> bool:
        """Disable a webhook after this attempt failed; raises Unavailable in an outage.

        However many deliveries do so at once, it is disabled, signalled and told only once. Returns False if somebody
        saved the webhook in the meantime and it is still active: their word counts.
        """
        if not registration.is_active:
            # This very attempt disabled it, and could not be written down then.
            return True
        disabled = replace(
            registration,
            webhook=registration.webhook.model_copy(update={"state": WebhookState.TOO_MANY_ERRORS}),
            updated=self._now(),
            updated_by=_HUB,
            # It is tested anyway when it is set to Active, and fingerprints of the previous version should not stay.
            tested="",
        )
        total_calls = self._registry.usage(registration.id).total_calls
        # Whatever dies from here on, somebody reads the webhook later, and signals what is stored and not signalled.
        self._pace.watch(registration.id)
        disabled = with_state_event(
            registration, disabled, total_calls=total_calls, hops=event.hops, traceparent=traceparent_text()
        )
        try:
            self._registry.update(registration, disabled)
        except Changed:
            # Somebody saved or removed it in the meantime, or another attempt has disabled it.
            current = self._registry.get(registration.id)
            return current is None or not current.is_active
        reason = "gone" if attempt.verdict is Verdict.GONE else "errors"
        tell(log, "webhook.disabled", {"webhook": registration.id, "reason": reason}, logging.ERROR)
        target = f"webhooks/{registration.id}"
        changed = with_switches(["State"], {"State": disabled.webhook.state.value})
        write(AuditEntry(disabled.updated, _HUB.id, DISABLE, target, Outcome.DONE, changed=changed), self._audit)
        self._notify(registration, event, attempt)
        # After an outage here, whoever was made to watch does it.
        self._pace.ended(registration.id)
        return True

    def _notify(self, registration: Registration, event: Event, attempt: Attempt) -> None:
        webhook = registration.webhook
        # Without any channel, as older clients leave it, the addresses stand for the wish to be mailed.
        addresses = () if webhook.notify_via == NotifyVia.IN_APP else self._recipients.of_webhook(webhook)
        subject, text = _notice(registration, event, attempt)
        try:
            # Claimed before it is sent: if this fails, nobody may be told, but nobody is told twice.
            is_first_today = not addresses or self._usage.claim_notice(registration.id, self._now())
        except Unavailable as error:
            # Nobody is told that the webhook is disabled.
            tell(log, "notice.omitted", {"webhook": registration.id, "detail": error.detail}, logging.ERROR)
            return
        if is_first_today:
            self._notices.send(addresses, subject, text)
        else:
            detail = "one was sent in the last 24 hours"
            tell(log, "notice.omitted", {"webhook": registration.id, "detail": detail}, logging.WARNING)


def _notice(registration: Registration, event: Event, attempt: Attempt) -> tuple[str, str]:
    """Subject and text of the mail.

    It holds nothing of what the receiver answered, and of what callers chose only the names of webhook and event.
    """
    name = _quoted(registration.webhook.name)
    what = "no answer" if attempt.status is None else f"HTTP status {attempt.status}"
    text = (
        f"The webhook {name} (id {registration.id}) was disabled: its receiver failed too often, or answered that it "
        f"is gone.\n\nEvent: {event.type}, {event.id}\nLast attempt: {what} (error class {attempt.error_class})\n\n"
        f"Events for it are held: set it to Active again, then replay them. The delivery log has the details."
    )
    return f"Webhook {name} was disabled", text


def _quoted(name: str) -> str:
    """A webhook's name for a mail: one short line in quotes, in which nothing can be clicked."""
    kept = "".join(one if one in _KEPT or category(one)[0] in "LMN" else " " for one in name)
    line = " ".join(kept.split())
    return f'"{line if len(line) <= _MAX_NAME else line[: _MAX_NAME - 1] + "…"}"'
