"""Disabling a webhook whose receiver fails for good: state, signal, and one notice to those who asked for it."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from shared.audit.entry import AuditEntry, Keeper, Outcome
from shared.audit.surfaces import DISABLE
from shared.audit.writing import write
from shared.events.event import Event
from shared.events.store import EventStore
from shared.storage.tables import AlreadyStored, Changed
from shared.superoffice.entity import WebhookState
from shared.webhooks.registration import Author, Registration
from shared.webhooks.registry import WebhookRegistry
from shared.webhooks.signals import state_event

_HUB = Author("hub", is_application=True)

log = logging.getLogger(__name__)


class Notices(Protocol):
    """Tells people."""

    def send(self, addresses: tuple[str, ...], subject: str, text: str) -> None:
        """Tell them once; a failure is logged, for it must not undo what they are told of."""
        ...


class Disabling:
    """Sets webhooks to TooManyErrors."""

    def __init__(
        self,
        registry: WebhookRegistry,
        events: EventStore,
        notices: Notices,
        now: Callable[[], datetime],
        audit: Keeper,
    ) -> None:
        self._registry = registry
        self._events = events
        self._notices = notices
        self._now = now
        self._audit = audit

    def disable(self, registration: Registration, event: Event, error: str) -> bool:
        """Disable a webhook, once however many deliveries find the same; raises Unavailable in an outage.

        False where somebody saved it meanwhile and it is active still: their word counts.
        """
        disabled = replace(
            registration,
            webhook=registration.webhook.model_copy(update={"state": WebhookState.TOO_MANY_ERRORS}),
            updated=self._now(),
            updated_by=_HUB,
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
        write(AuditEntry(disabled.updated, _HUB.id, DISABLE, target, Outcome.DONE, changed=("State",)), self._audit)
        self._notify(registration, event, error)
        return True

    def _signal(self, disabled: Registration, cause: Event) -> None:
        """Signal `.errors` before the state changes: a host that dies in between would else never do it."""
        event, payload = state_event(disabled, self._now(), _HUB.id, hops=cause.hops)
        try:
            self._events.accept(event, payload)
        except AlreadyStored:
            return

    def _notify(self, registration: Registration, event: Event, error: str) -> None:
        webhook = registration.webhook
        addresses = tuple(dict.fromkeys(filter(None, (webhook.errors_email, *webhook.error_emails))))
        text = (
            f"The webhook {webhook.name} (id {registration.id}) was disabled: its receiver failed too often, or "
            f"answered that it is gone.\n\nEvent: {event.type}, {event.id}\nAnswer:\n{error}\n\n"
            f"Events for it are kept until it is set to Active again and they are replayed."
        )
        self._notices.send(addresses, f"Webhook {webhook.name} was disabled", text)
