"""What all types that call a URL have in common: the checks before a save, the call, and the verdict on its answer."""

from collections.abc import Callable, Mapping
from datetime import datetime

from shared.delivery.custom_headers import check_custom_headers
from shared.delivery.policy import Outcome, judge_failure, judge_reply
from shared.delivery.redaction import Redaction
from shared.errors import FieldError
from shared.outbound.client import Transport
from shared.outbound.reply import DeliveryFailed, OutgoingRequest
from shared.outbound.resolver import NameNotResolved
from shared.outbound.target import TargetRefused
from shared.webhooks.signing import InvalidSecret, check_secret
from shared.webhooks.webhook import WebhookInput


class HttpDeliverer:
    """One transport, and so one policy, for save, test and delivery. `now` gives the current time, in UTC."""

    def __init__(self, transport: Transport, now: Callable[[], datetime]) -> None:
        self.transport = transport
        self._now = now

    def refusals(self, webhook: WebhookInput, secret: str | None) -> list[FieldError]:
        """What is wrong with headers, secret and target; the host's name is resolved, and nobody is called."""
        return [
            *_header_refusals(webhook.headers or {}),
            *([] if secret is None else _secret_refusals(secret)),
            *self._target_refusals(webhook.target_url),
        ]

    def post(self, url: str, headers: Mapping[str, str], body: bytes, redaction: Redaction) -> Outcome:
        """Post once, and judge what comes back; secrets that the receiver repeats are cut from it."""
        try:
            reply = self.transport.send(OutgoingRequest("POST", url, headers, body))
        except DeliveryFailed as failure:
            return judge_failure(failure, redaction)
        return judge_reply(reply, self._now(), redaction)

    def _target_refusals(self, url: str) -> list[FieldError]:
        try:
            self.transport.vet(url)
        except TargetRefused as error:
            return [FieldError("#/TargetUrl", f"TargetUrl: {error.detail} (rule: {error.rule})")]
        except (NameNotResolved, TimeoutError) as error:
            return [FieldError("#/TargetUrl", f"TargetUrl: {error} (rule: address)")]
        return []


def _header_refusals(headers: Mapping[str, str]) -> list[FieldError]:
    refused = check_custom_headers(headers)
    return [FieldError(f"#/Headers/{name}", f"Headers: {name}: {reason}") for name, reason in refused]


def _secret_refusals(secret: str) -> list[FieldError]:
    try:
        check_secret(secret)
    except InvalidSecret as error:
        return [FieldError("#/Secret", f"Secret: {error}")]
    return []
