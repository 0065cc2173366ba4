"""Makes one attempt: opens what is sealed, and has the deliverer of the webhook's type bring the event."""

from collections.abc import Callable, Mapping
from datetime import datetime

from shared.delivery.attempt import Attempt
from shared.delivery.callback import callback_event
from shared.delivery.deliverer import Deliverer
from shared.events.event import Event
from shared.outbound.reply import OnHead, nothing
from shared.outbound.target import TargetRefused, parse_target
from shared.storage.sealed import Sealer
from shared.telemetry.spans import SpanKind, span
from shared.webhooks.registration import Registration
from shared.webhooks.rotation import signing_secrets
from shared.webhooks.sealing import opened_webhook
from shared.webhooks.webhook import WebhookInput


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
        with span("POST", SpanKind.CLIENT, _begun(registration, webhook, event, retry)) as called:
            attempt = deliverer.deliver(webhook, secrets, told, retry=retry, at=self._now(), on_head=on_head)
            called.end_with(_ended(attempt), is_error=not attempt.is_success)
        return attempt


def _begun(registration: Registration, webhook: WebhookInput, event: Event, retry: int) -> dict[str, object]:
    """The attributes of an attempt's span: of the address the host alone, for the rest may hold a key."""
    own: dict[str, object] = {
        "hub.webhook.id": registration.id,
        "hub.webhook.type": webhook.type,
        "hub.event.id": event.id,
        "hub.event.type": event.type,
    }
    if retry:
        own["http.request.resend_count"] = retry
    if webhook.type == "crmscript":
        return own
    try:
        address = parse_target(webhook.target_url)
    except TargetRefused:
        # It was stored under older rules, and is not called.
        return own
    return {**own, "http.request.method": "POST", "server.address": address.host, "server.port": address.port}


def _ended(attempt: Attempt) -> dict[str, object]:
    status: dict[str, object] = {} if attempt.status is None else {"http.response.status_code": attempt.status}
    return status if attempt.is_success else {**status, "error.type": str(attempt.status or attempt.error_class)}
