"""Makes one attempt: opens what is sealed, and has the deliverer of the webhook's type bring the event."""

from collections.abc import Callable, Mapping
from datetime import datetime

from shared.delivery.attempt import Attempt
from shared.delivery.callback import callback_event
from shared.delivery.deliverer import Deliverer
from shared.events.event import Event
from shared.outbound.reply import OnHead, nothing
from shared.storage.sealed import Sealer
from shared.webhooks.registration import Registration
from shared.webhooks.rotation import signing_secrets
from shared.webhooks.sealing import opened_webhook


class AttemptRunner:
    """Makes attempts with the deliverers, which are given by type. `now` returns the current time in UTC."""

    def __init__(self, deliverers: Mapping[str, Deliverer], sealer: Sealer, now: Callable[[], datetime]) -> None:
        self._deliverers = deliverers
        self._sealer = sealer
        self._now = now

    def run(self, registration: Registration, event: Event, *, retry: int, on_head: OnHead = nothing) -> Attempt:
        """Make one attempt; `retry` is 0 for the first one, `on_head` as Deliverer.deliver calls it.

        Never raises for what a receiver does. Raises Misconfigured if no key opens the webhook's secrets; nobody was
        called then.
        """
        secrets = signing_secrets(registration, self._sealer, self._now())
        webhook = opened_webhook(registration, self._sealer)
        deliverer = self._deliverers[webhook.type]
        told = callback_event(event)
        return deliverer.deliver(webhook, secrets, told, retry=retry, at=self._now(), on_head=on_head)
