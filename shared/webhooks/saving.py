"""Saving a webhook: validation, target policy, one synchronous test event, and only then the store.

See docs/superoffice.md "What a save checks".
"""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from shared.callers.caller import Caller
from shared.errors import BadRequest, Conflict, FieldError, Misconfigured
from shared.events.store import EventStore
from shared.storage.sealed import Sealer
from shared.storage.tables import AlreadyStored, Changed
from shared.webhooks.fingerprint import Fingerprints
from shared.webhooks.limits import WebhookLimits
from shared.webhooks.properties import property_refusals
from shared.webhooks.recipients import Recipients
from shared.webhooks.registration import SECRET_MASK, Author, Registration
from shared.webhooks.registry import WebhookRegistry
from shared.webhooks.rotation import old_secrets_at, old_secrets_beside, signing_secrets
from shared.webhooks.sealing import Wanted, known_secrets, opened_webhook, sealed_webhook, wanted_webhook
from shared.webhooks.secret_rules import refuse_moved_masks, with_plain_secret
from shared.webhooks.sensitive import masked_webhook
from shared.webhooks.signals import state_event
from shared.webhooks.warnings import warnings_of
from shared.webhooks.webhook import WebhookInput, WebhookState


@dataclass(frozen=True)
class ReceiverTestResult:
    """What a test event came to; `message` is the answer, headers and body, or what happened instead of one.

    `per_minute` is how many requests the receiver allows, None for any number.
    """

    is_success: bool
    message: str
    per_minute: int | None = None


class TargetCheck(Protocol):
    """What a target must pass."""

    def refusals(self, webhook: WebhookInput, secret: str | None) -> list[FieldError]:
        """What the policy has against target, headers and secret; asks the name service, calls nobody."""
        ...

    def test(
        self, webhook: WebhookInput, secrets: list[str], caller: Caller, *, known: Collection[str] = ()
    ) -> ReceiverTestResult:
        """Send one test event, signed with all of the secrets, the current one first; it must be answered 2xx.

        The message holds no secret: none of this webhook and of `secrets`, and none that is `known` besides.
        """
        ...


@dataclass(frozen=True)
class SaveResult:
    """A registration as it was stored, and the secret where this save set it: the only time it is shown.

    `warnings` are sentences on what was taken, but should be better. `changed` names what an update changed.
    """

    registration: Registration
    new_secret: str | None
    warnings: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Proof:
    """What a receiver proved: the fingerprint that was tested, now or before, and what it allows a minute."""

    tested: str
    per_minute: int | None


class WebhookSaving:
    """Saves webhooks. What was the secret signs on for `secret_overlap`. `now` gives the current time, in UTC."""

    def __init__(
        self,
        registry: WebhookRegistry,
        events: EventStore,
        sealer: Sealer,
        target: TargetCheck,
        now: Callable[[], datetime],
        *,
        limits: WebhookLimits,
        secret_overlap: timedelta,
        recipients: Recipients,
    ) -> None:
        self._registry = registry
        self._events = events
        self._sealer = sealer
        self._target = target
        self._now = now
        self._limits = limits
        self._secret_overlap = secret_overlap
        self._recipients = recipients

    def create(self, webhook: WebhookInput, caller: Caller) -> SaveResult:
        """Store a new webhook; raises BadRequest, or Conflict where there is no room; then nothing is stored."""
        webhook = with_plain_secret(webhook, None)
        if webhook.state is WebhookState.TOO_MANY_ERRORS:
            raise _not_to_be_set()
        self._refuse_additions(webhook, None)
        self._require_within_limits(webhook, None)
        self._registry.require_room(caller.user.id)
        wanted = wanted_webhook(webhook, None, self._sealer)
        document, sealed_values = sealed_webhook(wanted, self._sealer)
        sealed_secret = self._sealer.seal(webhook.secret) if webhook.secret else None
        proof = self._prove(wanted, [webhook.secret] if webhook.secret else [], caller, None)
        author, now = _author(caller), self._now()
        registration = Registration(
            id=self._registry.next_id(),
            webhook=without_secret(document),
            sealed_secret=sealed_secret,
            registered=now,
            updated=now,
            registered_by=author,
            updated_by=author,
            tested=proof.tested,
            per_minute=proof.per_minute,
            sealed_values=sealed_values,
        )
        self._registry.create(registration)
        return SaveResult(registration, webhook.secret, warnings_of(webhook, webhook.secret))

    def update(self, before: Registration, webhook: WebhookInput, caller: Caller) -> SaveResult:
        """Put `webhook` in the place of what is stored; raises BadRequest, or Conflict where another was quicker."""
        webhook = with_plain_secret(webhook, before)
        if webhook.state is WebhookState.TOO_MANY_ERRORS and before.webhook.state is not webhook.state:
            raise _not_to_be_set()
        keeps_secret = webhook.secret == SECRET_MASK
        self._refuse_additions(webhook, before.webhook)
        self._require_within_limits(webhook, before)
        wanted = wanted_webhook(webhook, before, self._sealer)
        # The signing secret stays with its webhook wherever that points, for clients move targets with its mask.
        refuse_moved_masks(before, wanted)
        document, sealed_values = sealed_webhook(wanted, self._sealer)
        sealed = self._with_secret_of(webhook, before)
        secrets = self._secrets(sealed)
        proof = self._prove(wanted, secrets, caller, before)
        after = replace(
            sealed,
            webhook=without_secret(document),
            updated=self._now(),
            updated_by=_author(caller),
            tested=proof.tested,
            per_minute=proof.per_minute,
            sealed_values=sealed_values,
        )
        self._signal_change(before, after, caller)
        try:
            stored = self._registry.update(before, after)
        except Changed:
            raise Conflict(f"webhook {before.id} was changed by somebody else meanwhile") from None
        warnings = warnings_of(webhook, secrets[0] if secrets else None)
        changed = changed_members(self._opened(before), wanted.webhook)
        if before.sealed_secret != after.sealed_secret:
            changed = (*changed, "Secret")
        return SaveResult(stored, None if keeps_secret else webhook.secret, warnings, changed)

    def delete(self, registration: Registration) -> None:
        """Remove a webhook; raises Conflict where somebody else changes it at this moment."""
        try:
            self._registry.delete(registration)
        except Changed:
            raise Conflict(f"webhook {registration.id} was changed by somebody else meanwhile") from None

    def test(self, webhook: WebhookInput, before: Registration | None, caller: Caller) -> ReceiverTestResult:
        """Send a test event without saving anything; raises BadRequest where the target may not be called.

        What is stored is neither sent to another origin than the stored target's, nor signs anything for it.
        """
        webhook = with_plain_secret(webhook, before)
        wanted = wanted_webhook(webhook, before, self._sealer)
        has_moved = before is not None and refuse_moved_masks(before, wanted, with_secret=True)
        if before is None or before.sealed_secret is None or has_moved:
            secrets = [webhook.secret] if webhook.secret else []
        else:
            secrets = self._secrets(self._with_secret_of(webhook, before))
        if refusals := self._target.refusals(wanted.webhook, secrets[0] if secrets else None):
            raise BadRequest.of(refusals)
        return self._target.test(wanted.webhook, secrets, caller, known=self._known(before))

    def _opened(self, registration: Registration) -> WebhookInput:
        try:
            return opened_webhook(registration, self._sealer)
        except Misconfigured:
            # No key opens what is stored, so whatever came counts as changed.
            return registration.webhook

    def _refuse_additions(self, webhook: WebhookInput, before: WebhookInput | None) -> None:
        """Raise BadRequest for what a save adds and may not; what is stored may stay, whatever the rules are now."""
        recipients = self._recipients.refusals(webhook, before)
        properties = property_refusals(webhook.properties, before.properties if before else None)
        if wrong := [*properties, *recipients]:
            raise BadRequest.of(wrong)

    def _require_within_limits(self, webhook: WebhookInput, before: Registration | None) -> None:
        # Before the receiver is tested, so that a save which is refused costs nobody anything.
        if refusals := self._limits.refusals(webhook, before.webhook if before else None):
            raise BadRequest.of(refusals)

    def _with_secret_of(self, webhook: WebhookInput, before: Registration) -> Registration:
        """The registration with this webhook's secret, and those that are to sign besides it for a while yet."""
        if webhook.secret == SECRET_MASK:
            return replace(before, old_secrets=old_secrets_at(self._now(), before))
        old = old_secrets_beside(webhook.secret, before, self._sealer, self._now(), self._secret_overlap)
        return replace(
            before, sealed_secret=self._sealer.seal(webhook.secret) if webhook.secret else None, old_secrets=old
        )

    def _secrets(self, registration: Registration) -> list[str]:
        return signing_secrets(registration, self._sealer, self._now())

    def _known(self, before: Registration | None) -> list[str]:
        """What a receiver may know that is not to be shown: it may still have the secrets of before."""
        return [] if before is None else [*known_secrets(before, self._sealer, self._now())]

    def _prove(self, wanted: Wanted, secrets: list[str], caller: Caller, before: Registration | None) -> _Proof:
        """Have the receiver tested where that is needed; raises BadRequest where policy or receiver say no.

        A webhook that was not active is tested whatever was proved once: its receiver may be another one by now.
        """
        webhook, secret = wanted.webhook, secrets[0] if secrets else None
        prints = Fingerprints(webhook, secret, self._sealer)
        was_proved = before is not None and prints.has(before.tested)
        must_be_tested = webhook.state is WebhookState.ACTIVE and not (before and before.is_active and was_proved)
        # A webhook whose host has vanished can still be stopped, or renamed.
        if (must_be_tested or _has_news(wanted, before)) and (refusals := self._target.refusals(webhook, secret)):
            raise BadRequest.of(refusals)
        if not must_be_tested:
            # A fingerprint of something else is not kept: only what is active is ever spared a test.
            return _Proof(prints.current if was_proved else "", before.per_minute if before else None)
        tested = self._target.test(webhook, secrets, caller, known=self._known(before))
        if not tested.is_success:
            raise BadRequest(f"TargetUrl: the test event failed: {tested.message}", pointer="#/TargetUrl")
        return _Proof(prints.current, tested.per_minute)

    def _signal_change(self, before: Registration, after: Registration, caller: Caller) -> None:
        """Signal it before it is stored: a save that fails in between is made again, and would find no change then."""
        if before.webhook.state is after.webhook.state:
            return
        if after.is_active:
            self._registry.reset_errors(after.id)
        event, payload = state_event(after, self._now(), caller.user.id, hops=caller.hops)
        # A save that is made again signals the same event again.
        with suppress(AlreadyStored):
            self._events.append(event, payload)


def without_secret(webhook: WebhookInput) -> WebhookInput:
    """The webhook as it is stored: without its secret, which is sealed on its own."""
    return webhook.model_copy(update={"secret": None})


def _has_news(wanted: Wanted, before: Registration | None) -> bool:
    """Whether the policy has anything to judge that it did not see when the webhook was saved before."""
    if before is None or wanted.webhook.secret not in {None, SECRET_MASK} or wanted.has_new_headers:
        return True
    judged = [(one.target_url, one.type, masked_webhook(one).headers) for one in (wanted.webhook, before.webhook)]
    return judged[0] != judged[1]


def changed_members(before: WebhookInput, after: WebhookInput) -> tuple[str, ...]:
    """The names of the members in which two opened webhooks differ, by the vendor's spelling; not `Secret`."""
    members = [one.model_dump(mode="json", by_alias=True, exclude={"secret"}) for one in (before, after)]
    return tuple(name for name in members[1] if members[0].get(name) != members[1][name])


def _author(caller: Caller) -> Author:
    return Author(caller.user.id, caller.is_application)


def _not_to_be_set() -> BadRequest:
    return BadRequest("State: Active or Stopped is needed; TooManyErrors is the hub's to set", pointer="#/State")
