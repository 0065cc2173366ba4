"""The test of a receiver: what a save asks for, and what the receiver proved by it.

A receiver is tested with one event before a webhook that posts to it is saved. What was tested stands in the
registration as a fingerprint, so that a save which changes nothing of it needs no other test.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.callers.caller import Caller
from shared.errors import BadRequest, FieldError
from shared.secret_mask import SECRET_MASK
from shared.storage.sealed import Sealer
from shared.telemetry.traceparent import TRACE_HEADERS
from shared.webhooks.fingerprint import Fingerprints
from shared.webhooks.registration import Registration
from shared.webhooks.sealing import Wanted, known_secrets
from shared.webhooks.sensitive import masked_webhook
from shared.webhooks.webhook import WebhookInput, WebhookState


@dataclass(frozen=True)
class ReceiverTestResult:
    """How a test event ended; `message` is the answer, headers and body, or what happened instead of one.

    `per_minute` is how many requests the receiver allows, None for any number.
    """

    is_success: bool
    message: str
    per_minute: int | None = None


class TargetCheck(Protocol):
    """What a target must pass."""

    def refusals(self, webhook: WebhookInput, secret: str | None) -> list[FieldError]:
        """What the policy has against target, headers and secret. It asks the name service, but calls no receiver."""
        ...

    def test(
        self, webhook: WebhookInput, secrets: list[str], caller: Caller, *, known: Collection[str] = ()
    ) -> ReceiverTestResult:
        """Send one test event, signed with all of the secrets, the current one first; it must be answered 2xx.

        The message holds no secret: none of this webhook, none of `secrets`, and none of `known`.
        """
        ...


@dataclass(frozen=True)
class Proof:
    """What a receiver proved, now or before: the fingerprint that was tested, and how many requests it allows a minute.

    The fingerprint is empty if nothing was tested, the number None if it allows any. `is_new` says that the receiver
    was tested just now.
    """

    tested: str
    per_minute: int | None
    is_new: bool = False


class ReceiverTests:
    """Tests receivers with opened webhooks. `now` gives the current time, in UTC."""

    def __init__(self, target: TargetCheck, sealer: Sealer, now: Callable[[], datetime]) -> None:
        self._target = target
        self._sealer = sealer
        self._now = now

    def test(
        self, wanted: Wanted, secrets: list[str], caller: Caller, before: Registration | None
    ) -> ReceiverTestResult:
        """Send a test event whatever was proved; raises BadRequest if the policy refuses the target."""
        self._require_allowed(wanted.webhook, secrets)
        return self._send(wanted.webhook, secrets, caller, before)

    def prove(self, wanted: Wanted, secrets: list[str], caller: Caller, before: Registration | None) -> Proof:
        """Test the receiver if the save needs it; raises BadRequest if the policy or the receiver refuses.

        A webhook that was not active is tested whatever was proved once: its receiver may be another one by now.
        """
        webhook = wanted.webhook
        prints = Fingerprints(webhook, secrets[0] if secrets else None, self._sealer)
        was_proved = before is not None and prints.has(before.tested)
        must_be_tested = webhook.state is WebhookState.ACTIVE and not (before and before.is_active and was_proved)
        # A webhook whose host has vanished can still be stopped, or renamed.
        if must_be_tested or has_news(wanted, before):
            self._require_allowed(_as_judged(webhook, before), secrets)
        if not must_be_tested:
            # A fingerprint of something else is not kept: only what is active is ever spared a test.
            return Proof(prints.current if was_proved else "", before.per_minute if before else None)
        tested = self._send(webhook, secrets, caller, before)
        if not tested.is_success:
            raise BadRequest(f"TargetUrl: the test event failed: {tested.message}", pointer="#/TargetUrl")
        return Proof(prints.current, tested.per_minute, is_new=True)

    def _require_allowed(self, webhook: WebhookInput, secrets: list[str]) -> None:
        if refusals := self._target.refusals(webhook, secrets[0] if secrets else None):
            raise BadRequest.of(refusals)

    def _send(
        self, webhook: WebhookInput, secrets: list[str], caller: Caller, before: Registration | None
    ) -> ReceiverTestResult:
        # The receiver may still have the secrets from before, and its answer may repeat them.
        known = [] if before is None else [*known_secrets(before, self._sealer, self._now())]
        return self._target.test(webhook, secrets, caller, known=known)


def _as_judged(webhook: WebhookInput, before: Registration | None) -> WebhookInput:
    """The webhook without stored headers that the hub has come to set itself: they stay, and are not sent."""
    stored = (before.webhook.headers or {}) if before else {}
    kept = {name for name in stored if name.lower() in TRACE_HEADERS}
    if not kept or not webhook.headers:
        return webhook
    return webhook.model_copy(
        update={"headers": {name: value for name, value in webhook.headers.items() if name not in kept}}
    )


def has_news(wanted: Wanted, before: Registration | None) -> bool:
    """True if the policy has anything to judge that it did not see when the webhook was saved before."""
    if before is None or wanted.webhook.secret not in {None, SECRET_MASK} or wanted.has_new_headers:
        return True
    judged = [(one.target_url, one.type, masked_webhook(one).headers) for one in (wanted.webhook, before.webhook)]
    return judged[0] != judged[1]
