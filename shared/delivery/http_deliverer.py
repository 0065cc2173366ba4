"""What all types that call a URL have in common: the checks before a save, and the call itself."""

from collections.abc import Callable, Mapping
from datetime import datetime

from shared.delivery.attempt import Attempt, judge_failure, judge_reply
from shared.delivery.custom_headers import check_custom_headers
from shared.delivery.redaction import Redaction
from shared.errors import FieldError
from shared.outbound.client import HttpClient
from shared.outbound.reply import OnHead, OutgoingRequest, RequestFailed, nothing
from shared.outbound.resolver import NameNotResolved
from shared.outbound.target import TargetRefused
from shared.telemetry.tracing import trace_headers
from shared.validation import field_error, pointer_to
from shared.webhooks.signing import InvalidSecret, check_secret
from shared.webhooks.webhook import WebhookInput


class HttpDeliverer:
    """Calls URLs. One client, and so one target policy, serves save, test and delivery.

    `now` returns the current time in UTC.
    """

    def __init__(self, client: HttpClient, now: Callable[[], datetime]) -> None:
        self.client = client
        self.now = now

    def refusals(self, webhook: WebhookInput, secret: str | None) -> list[FieldError]:
        """What is wrong with headers, secret and target. The host's name is resolved, but nobody is called."""
        return [
            *_header_refusals(webhook.headers or {}),
            *([] if secret is None else _secret_refusals(secret)),
            *self._target_refusals(webhook.target_url),
        ]

    def post(
        self,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        at: datetime,
        redaction: Redaction,
        on_head: OnHead = nothing,
    ) -> Attempt:
        """Post once, and judge what comes back. Secrets that the receiver repeats are cut from its answer.

        The request tells its place in the trace of the code that calls.
        """
        try:
            reply = self.client.send(OutgoingRequest("POST", url, {**headers, **trace_headers()}, body), on_head)
        except RequestFailed as failure:
            return judge_failure(failure, at, self.now(), redaction)
        return judge_reply(reply, at, self.now(), redaction, target_url=url)

    def _target_refusals(self, url: str) -> list[FieldError]:
        try:
            self.client.check_target(url)
        except TargetRefused as error:
            return [field_error(("TargetUrl",), f"is refused: {error.detail} (rule: {error.rule})")]
        except (NameNotResolved, TimeoutError) as error:
            return [field_error(("TargetUrl",), f"is refused: {error} (rule: address)")]
        return []


def _header_refusals(headers: Mapping[str, str]) -> list[FieldError]:
    return [
        FieldError(pointer_to(("Headers", name)), f"Headers/{name} {phrase}")
        for name, phrase in check_custom_headers(headers)
    ]


def _secret_refusals(secret: str) -> list[FieldError]:
    try:
        check_secret(secret)
    except InvalidSecret as error:
        return [field_error(("Secret",), f"cannot sign: {error}")]
    return []
