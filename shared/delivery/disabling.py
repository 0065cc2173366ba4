"""Disabling a webhook whose receiver fails for good: state, signal, and one notice to those who asked for it."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol
from unicodedata import category

from shared.audit.entry import AuditEntry, Keeper
from shared.audit.entry import Outcome as AuditOutcome
from shared.audit.surfaces import DISABLE
from shared.audit.writing import write
from shared.delivery.policy import Outcome
from shared.errors import Unavailable
from shared.events.event import Event
from shared.events.store import EventStore
from shared.storage.tables import AlreadyStored, Changed
from shared.webhooks.recipients import Recipients
from shared.webhooks.registration import Author, Registration
from shared.webhooks.registry import WebhookRegistry
from shared.webhooks.signals import state_event
from shared.webhooks.usage import UsageCounter
from shared.webhooks.webhook import WebhookState

_HUB = Author("hub", is_application=True)
_MAX_NAME = 60
# Letters and marks, digits, a blank, and what no mail program makes a link of.
_KEPT = frozenset(" -_()'&+,#!")

log = logging.getLogger(__name__)


class Notices(Protocol):
    """Tells people."""

    def send(self, addresses: tuple[str, ...], subject: str, text: str) -> None:
        """Tell them once, none of the others; a failure is logged, for it must not undo what they are told of."""
        ...


class WebhookDisabler:
    """Sets webhooks to TooManyErrors."""

    def __init__(
        self,
        registry: WebhookRegistry,
        events: EventStore,
        usage: UsageCounter,
        notices: Notices,
        recipients: Recipients,
        now: Callable[[], datetime],
        audit: Keeper,
    ) -> None:
        self._registry = registry
        self._events = events
        self._usage = usage
        self._notices = notices
        self._recipients = recipients
        self._now = now
        self._audit = audit

    def disable(self, registration: Registration, event: Event, outcome: Outcome) -> bool:
        """Disable a webhook, once however many deliveries find the same; raises Unavailable in an outage.

        `outcome` is what became of the last attempt. False where somebody saved it meanwhile and it is active still:
        their word counts.
        """
        disabled = replace(
            registration,
            webhook=registration.webhook.model_copy(update={"state": WebhookState.TOO_MANY_ERRORS}),
            updated=self._now(),
            updated_by=_HUB,
            # Active again it is tested anyway, and the version before wrote fingerprints that should not stay.
            tested="",
        )
        self._signal(disabled, event)
        try:
            self._registry.update(registration, disabled)
        except Changed:
            # Somebody saved or removed it meanwhile, or another attempt has disabled it.
            current = self._registry.get(registration.id)
            return current is None or not current.is_active
        log.error("webhook %d is disabled: its receiver failed too often, or wants no more", registration.id)
        target = f"webhooks/{registration.id}"
        write(
            AuditEntry(disabled.updated, _HUB.id, DISABLE, target, AuditOutcome.DONE, changed=("State",)), self._audit
        )
        self._notify(registration, event, outcome)
        return True

    def _signal(self, disabled: Registration, cause: Event) -> None:
        """Signal `.errors` before the state changes: a host that dies in between would else never do it."""
        event, payload = state_event(disabled, self._now(), _HUB.id, hops=cause.hops)
        try:
            self._events.append(event, payload)
        except AlreadyStored:
            return

    def _notify(self, registration: Registration, event: Event, outcome: Outcome) -> None:
        addresses = self._recipients.of_webhook(registration.webhook)
        subject, text = _notice(registration, event, outcome)
        try:
            # Before it is sent: of two who fail to tell whether it was, nobody tells twice.
            is_first_today = not addresses or self._usage.claim_notice(registration.id, self._now())
        except Unavailable as error:
            log.error("nobody was told that webhook %d is disabled: %s", registration.id, error.detail)
            return
        if is_first_today:
            self._notices.send(addresses, subject, text)
        else:
            log.warning("webhook %d had its notice of the day before", registration.id)


def _notice(registration: Registration, event: Event, outcome: Outcome) -> tuple[str, str]:
    """Subject and text of the mail: nothing of what the receiver answered, and no more of what people chose than the
    names of webhook and event."""
    name = _quoted(registration.webhook.name)
    what = "no answer" if outcome.status is None else f"HTTP status {outcome.status}"
    text = (
        f"The webhook {name} (id {registration.id}) was disabled: its receiver failed too often, or answered that it "
        f"is gone.\n\nEvent: {event.type}, {event.id}\nLast attempt: {what} (error class {outcome.error_class})\n\n"
        f"Events for it are kept until it is set to Active again and they are replayed. The delivery log has the rest."
    )
    return f"Webhook {name} was disabled", text


def _quoted(name: str) -> str:
    """A webhook's name in a mail: one short line in quotes, in which nothing can be clicked."""
    kept = "".join(one if one in _KEPT or category(one)[0] in "LMN" else " " for one in name)
    line = " ".join(kept.split())
    return f'"{line if len(line) <= _MAX_NAME else line[: _MAX_NAME - 1] + "…"}"'
