"""Types `cloudevents` and `cloudevents-binary`: CloudEvents 1.0 over HTTP, with its handshake.

Source: docs/sources/delivery.md 2.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import quote, urlsplit

from shared.delivery.attempt import Attempt, loggable, redirect_advice
from shared.delivery.callback import CallbackEvent, as_body, callback_content
from shared.delivery.custom_headers import request_headers
from shared.delivery.deliverer import ReceiverConsent
from shared.delivery.http_deliverer import HttpDeliverer
from shared.delivery.known_secrets import redaction_of
from shared.delivery.redaction import CLOUD_EVENTS_UNESCAPED
from shared.loops import delivery_hops
from shared.outbound.client import HttpClient
from shared.outbound.reply import OnHead, OutgoingRequest, Reply, RequestFailed, nothing, why_no_answer
from shared.timestamps import utc_z
from shared.webhooks.signing import standard_webhooks_headers
from shared.webhooks.webhook import WebhookInput

_ATTRIBUTE = re.compile(r"[a-z0-9]{1,20}")
# Those of the specification, also where the hub has nothing to say in them: a receiver checks `dataschema` for a URI.
_RESERVED = frozenset(
    {"specversion", "id", "source", "type", "time", "subject", "datacontenttype", "dataschema", "data"}
)
# What the specification's type String may not hold: control characters, lone surrogates, noncharacters.
_NO_STRING = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\ufdd0-\\ufdef"
    + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17))
    + "]"
)
_MAX_REPEATED = 200
"""Characters of a receiver's answer that the refusal of its consent repeats."""
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
        headers = {**request_headers(webhook.headers), _ORIGIN: self._origin}
        try:
            reply = self.client.send(OutgoingRequest("OPTIONS", webhook.target_url, headers))
        except RequestFailed as failure:
            reason = loggable(failure.detail, redaction_of(webhook, []), is_cut=failure.is_cut)
            return ReceiverConsent(f"the validation request failed: {why_no_answer(failure.error_class)}: {reason}")
        if not {"*", self._origin.lower()} & _values(reply, "webhook-allowed-origin"):
            wanted = f"WebHook-Allowed-Origin must be {self._origin} or *"
            return ReceiverConsent(f"the receiver gave no consent: {wanted}; {_answered(reply, webhook)}")
        rates = _values(reply, "webhook-allowed-rate") - {"*"}
        if not all(map(_RATE.fullmatch, rates)):
            wanted = "WebHook-Allowed-Rate must be a number of requests a minute above 0, or *"
            return ReceiverConsent(f"the receiver's {wanted}; {_answered(reply, webhook)}")
        return ReceiverConsent(per_minute=min(map(int, rates), default=None))

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
            **{name: text for name, text in request_headers(webhook.headers).items() if not _is_reserved(name)},
            **own,
            **delivery_hops(event.hops),
            _ORIGIN: self._origin,
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
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in properties.items()
        if _ATTRIBUTE.fullmatch(name) and name not in _RESERVED and isinstance(value, str | int | bool)
    }
    return {name: value for name, value in usable.items() if not _NO_STRING.search(value)}


def _values(reply: Reply, name: str) -> set[str]:
    """The values of a header in lower case; a proxy may have doubled it."""
    return {value.strip().lower() for value in (reply.header(name) or "").split(",")} - {""}


def _answered(reply: Reply, webhook: WebhookInput) -> str:
    """What the receiver answered instead: most often a firewall says no, and why."""
    redaction = redaction_of(webhook, [])
    advice = loggable(redirect_advice(reply, webhook.target_url), redaction)
    body = loggable(reply.body.decode("utf-8", "replace").strip(), redaction, is_cut=reply.was_truncated)
    told = [text for text in (advice, body[:_MAX_REPEATED]) if text]
    return ": ".join([f"it was answered {reply.status}", *told])


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
