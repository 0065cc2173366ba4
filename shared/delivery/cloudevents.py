"""Types `cloudevents` and `cloudevents-binary`: CloudEvents 1.0 over HTTP, with its handshake.

Source: docs/sources/delivery.md 2.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from shared.delivery.callback import CallbackEvent, callback_body
from shared.delivery.custom_headers import usable_headers
from shared.delivery.deliverer import RetryConsent
from shared.delivery.http_deliverer import HttpDeliverer
from shared.delivery.known_secrets import redaction_of
from shared.delivery.policy import Outcome, judge_failure
from shared.loops import delivery_hops
from shared.outbound.client import Transport
from shared.outbound.reply import DeliveryFailed, OutgoingRequest
from shared.version import __version__
from shared.webhooks.signing import standard_webhooks_headers
from shared.webhooks.webhook import WebhookInput

_ATTRIBUTE = re.compile(r"[a-z0-9]{1,20}")
_OWN_ATTRIBUTES = frozenset({"specversion", "id", "source", "type", "time", "subject", "datacontenttype", "data"})
_RATE = re.compile(r"0{0,9}[1-9][0-9]{0,8}")
_ORIGIN = "WebHook-Request-Origin"
_NO_ESCAPE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


class CloudEvents(HttpDeliverer):
    """Posts events in the structured mode, or in the binary one. `public_url` says who sends."""

    def __init__(self, transport: Transport, now: Callable[[], datetime], *, public_url: str, is_binary: bool) -> None:
        super().__init__(transport, now)
        self._origin = urlsplit(public_url).hostname or "localhost"
        self._public_url = public_url
        self._is_binary = is_binary

    def ask_consent(self, webhook: WebhookInput) -> RetryConsent:
        """The handshake: consent is the header WebHook-Allowed-Origin with our origin or `*`, whatever the status.

        WebHook-Allowed-Rate, which only has to be there where a rate was asked for, is respected where it is.
        """
        headers = {**usable_headers(webhook.headers or {}), _ORIGIN: self._origin}
        try:
            reply = self.transport.send(OutgoingRequest("OPTIONS", webhook.target_url, headers))
        except DeliveryFailed as failure:
            outcome = judge_failure(failure, redaction_of(webhook, []))
            return RetryConsent(f"the validation request failed: {outcome.error_class}: {outcome.text}")
        allowed = (reply.header("webhook-allowed-origin") or "").strip()
        if allowed != "*" and allowed.lower() != self._origin.lower():
            return RetryConsent(f"the receiver gave no consent: WebHook-Allowed-Origin must be {self._origin} or *")
        rate = (reply.header("webhook-allowed-rate") or "*").strip()
        if rate == "*":
            return RetryConsent()
        if not _RATE.fullmatch(rate):
            return RetryConsent(
                "the receiver's WebHook-Allowed-Rate must be a number of requests a minute above 0, or *"
            )
        return RetryConsent(per_minute=int(rate))

    def deliver(
        self, webhook: WebhookInput, secrets: list[str], occurrence: CallbackEvent, *, attempt: int, now: datetime
    ) -> Outcome:
        """Make one attempt."""
        attributes = self._attributes(occurrence, webhook.properties or {})
        data = callback_body(occurrence, webhook.name, None)
        own, body = _binary(attributes, data) if self._is_binary else _structured(attributes, data)
        headers = {
            **{name: text for name, text in usable_headers(webhook.headers or {}).items() if not _is_reserved(name)},
            **own,
            **delivery_hops(occurrence.hops),
            _ORIGIN: self._origin,
            "User-Agent": f"DynamicsWebhookHub/{__version__}",
        }
        if secrets:
            headers |= standard_webhooks_headers(occurrence.event_id, int(now.timestamp()), body, secrets)
        return self.post(webhook.target_url, headers, body, redaction_of(webhook, secrets))

    def _attributes(self, occurrence: CallbackEvent, properties: Mapping[str, object]) -> dict[str, str]:
        """The context attributes; properties are extensions where their names and values may be."""
        attributes = {
            "specversion": "1.0",
            "id": occurrence.event_id,
            "source": f"{self._public_url}/{occurrence.source}",
            "type": occurrence.event,
            "time": occurrence.timestamp.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "subject": f"{occurrence.entity}/{occurrence.record_id or occurrence.primary_key}",
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


def _structured(attributes: Mapping[str, str], data: bytes) -> tuple[dict[str, str], bytes]:
    body = json.dumps({**attributes, "data": json.loads(data)}, ensure_ascii=False, separators=(",", ":")).encode()
    return {"Content-Type": "application/cloudevents+json; charset=utf-8"}, body


def _binary(attributes: Mapping[str, str], data: bytes) -> tuple[dict[str, str], bytes]:
    headers = {
        # The binding percent-encodes what is not printable ASCII, and the space, quote and percent sign.
        f"ce-{name}": quote(value, safe=_NO_ESCAPE)
        for name, value in attributes.items()
        if name != "datacontenttype"
    }
    return {**headers, "Content-Type": attributes["datacontenttype"]}, data


def _is_reserved(name: str) -> bool:
    return name.lower().startswith("ce-") or name.lower() == _ORIGIN.lower()
