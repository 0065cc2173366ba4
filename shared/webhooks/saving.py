"""Saves a webhook: validates it, has its receiver tested with one event, and only then stores it.

See docs/superoffice.md "What a save checks".
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.callers.caller import Caller
from shared.errors import BadRequest, Conflict, Misconfigured, Unavailable
from shared.secret_mask import SECRET_MASK
from shared.storage.sealed import Sealer
from shared.storage.tables import Changed
from shared.telemetry.lines import tell
from shared.telemetry.tracing import traceparent_text
from shared.webhooks.limits import WebhookLimits
from shared.webhooks.pace import WebhookPace
from shared.webhooks.properties import property_refusals
from shared.webhooks.receiver_proof import ReceiverTestResult, ReceiverTests, TargetCheck
from shared.webhooks.recipients import Recipients
from shared.webhooks.registration import Author, Registration
from shared.webhooks.registry import WebhookRegistry
from shared.webhooks.rotation import old_secrets_at, old_secrets_beside, signing_secrets
from shared.webhooks.sealing import opened_webhook, sealed_webhook, wanted_webhook
from shared.webhooks.secret_rules import has_moved, refuse_moved_masks, warnings_of, with_plain_secret
from shared.webhooks.signals import with_state_event
from shared.webhooks.signing import public_key_of
from shared.webhooks.webhook import WebhookInput, WebhookState

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SaveResult:
    """A registration as it was stored, and the secret if this save set it: the only time that it is shown.

    `warnings` are sentences about what was accepted but should be better. `changed` names what an update changed.
    """

    registration: Registration
    new_secret: str | None
    warnings: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def public_key(self) -> str | None:
        """What receivers verify with, if this save set a private key (`whpk_...`)."""
        return public_key_of(self.new_secret)


class WebhookSaving:
    """Saves webhooks. A replaced secret keeps signing for `secret_overlap`. `now` gives the current time, in UTC."""

    def __init__(
        self,
        registry: WebhookRegistry,
        pace: WebhookPace,
        sealer: Sealer,
        target: TargetCheck,
        now: Callable[[], datetime],
        *,
        limits: WebhookLimits,
        secret_overlap: timedelta,
        recipients: Recipients,
    ) -> None:
        self._registry = registry
        self._pace = pace
        self._sealer = sealer
        self._tests = ReceiverTests(target, sealer, now)
        self._now = now
        self._limits = limits
        self._secret_overlap = secret_overlap
        self._recipients = recipients

    def create(self, webhook: WebhookInput, caller: Caller) -> SaveResult:
        """Store a new webhook. Raises BadRequest, or Conflict if there is no room, and then nothing is stored."""
        webhook = with_plain_secret(webhook, None)
        if webhook.state is WebhookState.TOO_MANY_ERRORS:
            raise _not_to_be_set()
        self._refuse_additions(webhook, None)
        self._require_within_limits(webhook, None)
        self._registry.require_room(caller.user.id)
        wanted = wanted_webhook(webhook, None, self._sealer)
        document, sealed_values = sealed_webhook(wanted, self._sealer)
        sealed_secret = self._sealer.seal(webhook.secret) if webhook.secret else None
        proof = self._tests.prove(wanted, [webhook.secret] if webhook.secret else [], caller, None)
        author, now = _author(caller), self._now()
        registration = Registration(
            id=self._registry.next_id(),
            webhook=document,
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
        """Put `webhook` in the place of what is stored; raises BadRequest, or Conflict if somebody else was quicker."""
        webhook = with_plain_secret(webhook, before)
        if webhook.state is WebhookState.TOO_MANY_ERRORS and before.webhook.state is not webhook.state:
            raise _not_to_be_set()
        keeps_secret = webhook.secret == SECRET_MASK
        self._refuse_additions(webhook, before.webhook)
        self._require_within_limits(webhook, before)
        wanted = wanted_webhook(webhook, before, self._sealer)
        # The signing secret stays with its webhook wherever that points: clients that move a target send its mask.
        refuse_moved_masks(before, wanted)
        document, sealed_values = sealed_webhook(wanted, self._sealer)
        sealed = self._with_secret_of(webhook, before)
        secrets = self._secrets(sealed)
        proof = self._tests.prove(wanted, secrets, caller, before)
        after = replace(
            sealed,
            webhook=document,
            updated=self._now(),
            updated_by=_author(caller),
            tested=proof.tested,
            per_minute=proof.per_minute,
            sealed_values=sealed_values,
        )
        if before.webhook.state is not after.webhook.state:
            after = self._with_signal(before, after, caller)
        try:
            stored = self._registry.update(before, after)
        except Changed:
            raise Conflict(f"webhook {before.id} was changed by somebody else meanwhile") from None
        self._tell_pace(before, after, is_proved_anew=proof.is_new)
        warnings = warnings_of(webhook, secrets[0] if secrets else None)
        changed = changed_members(self._opened(before), wanted.webhook)
        if before.sealed_secret != after.sealed_secret:
            changed = (*changed, "Secret")
        return SaveResult(stored, None if keeps_secret else webhook.secret, warnings, changed)

    def delete(self, registration: Registration) -> None:
        """Remove a webhook; raises Conflict if somebody else changes it at this moment."""
        # An attempt that is under way may park its delivery, or count itself, after all was put away.
        self._pace.watch(registration.id)
        try:
            self._registry.delete(registration)
        except Changed:
            raise Conflict(f"webhook {registration.id} was changed by somebody else meanwhile") from None
        with _stored_all_the_same(registration.id):
            self._pace.ended(registration.id)

    def test(self, webhook: WebhookInput, before: Registration | None, caller: Caller) -> ReceiverTestResult:
        """Send a test event without saving anything; raises BadRequest if the target may not be called.

        Stored secrets are sent to no other origin than that of the stored target, and sign nothing for another one.
        """
        webhook = with_plain_secret(webhook, before)
        wanted = wanted_webhook(webhook, before, self._sealer)
        is_elsewhere = before is not None and refuse_moved_masks(before, wanted, with_secret=True)
        if before is None or before.sealed_secret is None or is_elsewhere:
            secrets = [webhook.secret] if webhook.secret else []
        else:
            secrets = self._secrets(self._with_secret_of(webhook, before))
        return self._tests.test(wanted, secrets, caller, before)

    def _opened(self, registration: Registration) -> WebhookInput:
        try:
            return opened_webhook(registration, self._sealer)
        except Misconfigured:
            # No key opens what is stored, so everything given counts as changed.
            return registration.webhook

    def _refuse_additions(self, webhook: WebhookInput, before: WebhookInput | None) -> None:
        """Raise BadRequest for what a save must not add; what is stored may stay, whatever the rules are now."""
        recipients = self._recipients.refusals(webhook, before)
        properties = property_refusals(webhook.properties, before.properties if before else None)
        if wrong := [*properties, *recipients]:
            raise BadRequest.of(wrong)

    def _require_within_limits(self, webhook: WebhookInput, before: Registration | None) -> None:
        # Before the receiver is tested, so that it sees no event of a save that is refused anyway.
        if refusals := self._limits.refusals(webhook, before.webhook if before else None):
            raise BadRequest.of(refusals)

    def _with_secret_of(self, webhook: WebhookInput, before: Registration) -> Registration:
        """The registration with this webhook's secret, and the replaced ones that keep signing for a while."""
        if webhook.secret == SECRET_MASK:
            return replace(before, old_secrets=old_secrets_at(self._now(), before))
        old = old_secrets_beside(webhook.secret, before, self._sealer, self._now(), self._secret_overlap)
        return replace(
            before, sealed_secret=self._sealer.seal(webhook.secret) if webhook.secret else None, old_secrets=old
        )

    def _secrets(self, registration: Registration) -> list[str]:
        return signing_secrets(registration, self._sealer, self._now())

    def _tell_pace(self, before: Registration, after: Registration, *, is_proved_anew: bool) -> None:
        with _stored_all_the_same(after.id):
            if not after.is_active:
                self._pace.ended(after.id)
            elif is_proved_anew:
                self._pace.is_well(after.id, ends_pause=has_moved(before.webhook, after.webhook))

    def _with_signal(self, before: Registration, after: Registration, caller: Caller) -> Registration:
        """`after` with the event that tells of its new state, once somebody is certain to look at the webhook later."""
        total_calls = self._registry.usage(before.id).total_calls
        self._pace.watch(before.id)
        return with_state_event(
            before, after, total_calls=total_calls, hops=caller.hops, traceparent=traceparent_text()
        )


@contextmanager
def _stored_all_the_same(webhook_id: int) -> Iterator[None]:
    """What is stored stays stored in an outage that comes afterwards: a wake-up that is under way does the rest."""
    try:
        yield
    except Unavailable as error:
        tell(log, "webhook.unwoken", {"webhook": webhook_id, "detail": error.detail}, logging.WARNING)


def changed_members(before: WebhookInput, after: WebhookInput) -> tuple[str, ...]:
    """The names of the members in which two opened webhooks differ, by the vendor's spelling; not `Secret`."""
    members = [one.model_dump(mode="json", by_alias=True, exclude={"secret"}) for one in (before, after)]
    return tuple(name for name in members[1] if members[0].get(name) != members[1][name])


def _author(caller: Caller) -> Author:
    return Author(caller.user.id, caller.is_application)


def _not_to_be_set() -> BadRequest:
    return BadRequest("State must be Active or Stopped: only the hub sets TooManyErrors", pointer="#/State")
