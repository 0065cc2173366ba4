"""Types `cloudevents` and `cloudevents-binary`: CloudEvents 1.0 over HTTP, with its handshake.

Source: docs/sources/delivery.md 2.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import quote, urlsplit

from shared.delivery.attempt import Attempt, loggable
from shared.delivery.callback import CallbackEvent, as_body, callback_content
from shared.delivery.custom_headers import usable_headers
from shared.delivery.deliverer import ReceiverConsent
from shared.delivery.http_deliverer import HttpDeliverer
from shared.delivery.known_secrets import redaction_of
from shared.delivery.redaction import CLOUD_EVENTS_UNESCAPED
from shared.loops import delivery_hops
from shared.outbound.client import HttpClient
from shared.outbound.reply import OnHead, OutgoingRequest, RequestFailed, nothing
from shared.timestamps import utc_z
from shared.version import __version__
from shared.webhooks.signing import standard_webhooks_headers
from shared.webhooks.webhook import WebhookInput

_ATTRIBUTE = re.compile(r"[a-z0-9]{1,20}")
_OWN_ATTRIBUTES = frozenset({"specversion", "id", "source", "type", "time", "subject", "datacontenttype", "data"})
_RATE = re.compile(r"0{0,9}[1-9][0-9]{0,8}")
_ORIGIN = "WebHook-Request-Origin"


class CloudEvents(HttpDeliverer):
    """Posts events in the structured or the binary mode. `public_url` says who sends."""

    def __init__(self, client: HttpClient, now: Callable[[], datetime], *, public_url: str, is_binary: bool) -> None:
        super().__init__(client, now)
        self._origin = urlsplit(public_url).hostname or "localhost"
        self._public_url = public_url
        self._is_binary = is_binary

    def ask_consent(self, webhook: WebhookInput) -> ReceiverConsent:
        """The handshake. Consent is the header WebHook-Allowed-Origin with our origin or `*`, whatever the status.

        WebHook-Allowed-Rate may be missing, because the hub asks for no rate; it is respected if it is there.
        """
        headers = {**usable_headers(webhook.headers or {}), _ORIGIN: self._origin}
        try:
            reply = self.client.send(OutgoingRequest("OPTIONS", webhook.target_url, headers))
        except RequestFailed as failure:
            reason = loggable(failure.detail, redaction_of(webhook, []), is_cut=failure.is_cut)
            return ReceiverConsent(f"the validation request failed: {failure.error_class}: {reason}")
        allowed = (reply.header("webhook-allowed-origin") or "").strip()
        if allowed != "*" and allowed.lower() != self._origin.lower():
            return ReceiverConsent(f"the receiver gave no consent: WebHook-Allowed-Origin must be {self._origin} or *")
        rate = (reply.header("webhook-allowed-rate") or "*").strip()
        if rate == "*":
            return ReceiverConsent()
        if not _RATE.fullmatch(rate):
            return ReceiverConsent(
                "the receiver's WebHook-Allowed-Rate must be a number of requests a minute above 0, or *"
            )
        return ReceiverConsent(per_minute=int(rate))

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
        """Post the event once. CloudEvents has no place for `retry`."""
        attributes = self._attributes(event, webhook.properties or {})
        data = callback_content(event, webhook.name)
        own, body = _binary(attributes, data) if self._is_binary else _structured(attributes, data)
        headers = {
            **{name: text for name, text in usable_headers(webhook.headers or {}).items() if not _is_reserved(name)},
            **own,
            **delivery_hops(event.hops),
            _ORIGIN: self._origin,
            "User-Agent": f"DynamicsWebhookHub/{__version__}",
        }
        if secrets:
            headers |= standard_webhooks_headers(event.event_id, int(at.timestamp()), body, secrets)
        redaction = redaction_of(webhook, secrets)
        return self.post(webhook.target_url, headers, body, at=at, redaction=redaction, on_head=on_head)

    def _attributes(self, event: CallbackEvent, properties: Mapping[str, object]) -> dict[str, str]:
        """The context attributes. Properties are extension attributes if their names and values allow it."""
        attributes = {
            "specversion": "1.0",
            "id": event.event_id,
            "source": f"{self._public_url}/{event.source}",
            "type": event.event,
            "time": utc_z(event.timestamp),
            "subject": f"{event.entity}/{event.record_id or event.primary_key}",
            "datacontenttype": "application/json",
        }
        return {**_extensions(properties), **attributes}


def _extensions(properties: Mapping[str, object]) -> dict[str, str]:
    usable = {
        name: value
        for name, value in properties.items()
        if _ATTRIBUTE.fullmatch(name) and name not in _OWN_ATTRIBUTES and isinstance(value, str | int | bool)
    }
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in usable.items()}


def _structured(attributes: Mapping[str, str], data: Mapping[str, object]) -> tuple[dict[str, str], bytes]:
    """Headers and body of the structured mode: one JSON document with the data inside."""
    return {"Content-Type": "application/cloudevents+json; charset=utf-8"}, as_body({**attributes, "data": data})


def _binary(attributes: Mapping[str, str], data: Mapping[str, object]) -> tuple[dict[str, str], bytes]:
    """Headers and body of the binary mode: the attributes as headers, the data as the body."""
    headers = {
        # The binding percent-encodes what is not printable ASCII, and the space, quote and percent sign.
        f"ce-{name}": quote(value, safe=CLOUD_EVENTS_UNESCAPED)
        for name, value in attributes.items()
        if name != "datacontenttype"
    }
    return {**headers, "Content-Type": attributes["datacontenttype"]}, as_body(data)


def _is_reserved(name: str) -> bool:
    return name.lower().startswith("ce-") or name.lower() == _ORIGIN.lower()
