"""Seals the secret values of a webhook's headers and properties, and opens them again (see also sensitive.py).

A row holds masks in the place of secrets, and what they stand for, sealed, in a column of its own. Rows of the first
version still hold secrets in clear; these are masked when they are shown, like the others.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from shared.errors import BadRequest, FieldError, Misconfigured
from shared.secret_mask import SECRET_MASK
from shared.storage.sealed import Sealer
from shared.validation import pointer_to
from shared.webhooks.fields import json_at_most
from shared.webhooks.keeping import Keeping
from shared.webhooks.registration import Registration
from shared.webhooks.rotation import old_secrets_at
from shared.webhooks.sensitive import (
    MEMBERS,
    Place,
    asked_names,
    folded,
    has_mask,
    join_webhook,
    label_of,
    looks_masked,
    masked_webhook,
    names_in,
    secrets_in,
    split_webhook,
)
from shared.webhooks.webhook import WebhookInput

MAX_ERRORS = 20
"""How many places one refusal names."""

_at_most_stored: Callable[[object], object] = json_at_most(30_000)


@dataclass(frozen=True)
class Wanted:
    """A webhook that somebody wants to save or test, opened: nothing in it but `secret` is a mask.

    `kept` are the places where a mask came back, which therefore hold what is stored.
    """

    webhook: WebhookInput
    kept: tuple[Place, ...] = ()

    @cached_property
    def new(self) -> dict[Place, str]:
        """The secrets that were not stored before, by their places."""
        # A mask that is left was stored by the first version as if it were a value.
        old = frozenset(self.kept)
        return {place: value for place, value in secrets_in(self.webhook) if place not in old and value != SECRET_MASK}

    @property
    def has_new_headers(self) -> bool:
        """True if a header brings a secret that was not stored before."""
        return any(place[0] == MEMBERS[0] for place in self.new)


def opened_webhook(registration: Registration, sealer: Sealer) -> WebhookInput:
    """The webhook with the values that its receiver is sent; raises Misconfigured if no key opens them."""
    if registration.sealed_values is None:
        return registration.webhook
    return join_webhook(registration.webhook, json.loads(sealer.open(registration.sealed_values)))


def wanted_webhook(webhook: WebhookInput, before: Registration | None, sealer: Sealer) -> Wanted:
    """The webhook with the stored values in the place of masks.

    Raises BadRequest for a mask that stands for nothing, and for other values that look like one; Misconfigured if no
    key opens what is stored.
    """
    keeping, asked = Keeping(), _asked(webhook, before)
    given = webhook.model_copy(update={"sealed_headers": asked or None})
    shown = stored = None
    if before is not None and has_mask([webhook.headers, webhook.properties]):
        shown, stored = masked_webhook(before.webhook), opened_webhook(before, sealer)
    headers = keeping.filled(webhook.headers, shown and shown.headers, stored and stored.headers, MEMBERS[:1])
    properties = keeping.filled(
        webhook.properties, shown and shown.properties, stored and stored.properties, MEMBERS[1:]
    )
    opened = given.model_copy(update={"headers": headers, "properties": properties})
    wanted = Wanted(opened, tuple(keeping.kept))
    if errors := [*_masks_of_nothing(keeping.wrong), *_misnamed(wanted, webhook, before), *_mask_like(wanted)]:
        raise BadRequest.of(errors[:MAX_ERRORS])
    return wanted


def sealed_webhook(wanted: Wanted, sealer: Sealer) -> tuple[WebhookInput, str | None]:
    """The webhook as it is stored: with masks, and without `secret`, which is sealed on its own.

    The second value is what the masks stand for, sealed, None if there are none. Raises Misconfigured if there is a new
    secret and no key; secrets that the first version stored in clear stay as they are then. Raises BadRequest if the
    webhook is too long with its masks.
    """
    unsigned = wanted.webhook.model_copy(update={"secret": None})
    masked, secrets = split_webhook(unsigned)
    if not secrets:
        return masked, None
    if not sealer.has_keys and not wanted.new:
        return unsigned, None
    for name, value in zip(MEMBERS, (masked.headers, masked.properties), strict=True):
        try:
            _at_most_stored(value)
        except ValueError as error:
            text = f"{name} {error}; each secret value counts {len(SECRET_MASK)}"
            raise BadRequest(text, pointer=f"#/{name}") from None
    return masked, sealer.seal(json.dumps(secrets, separators=(",", ":")))


def known_secrets(registration: Registration, sealer: Sealer, now: datetime) -> Iterator[str]:
    """Every secret of a registration that a key opens: the signing secret, replaced ones, and secret values."""
    for sealed in (registration.sealed_secret, *(old.sealed for old in old_secrets_at(now, registration))):
        try:
            if sealed is not None:
                yield sealer.open(sealed)
        except Misconfigured:
            continue
    try:
        yield from (value for _, value in secrets_in(opened_webhook(registration, sealer)))
    except Misconfigured:
        return


def _asked(webhook: WebhookInput, before: Registration | None) -> tuple[str, ...]:
    """The names to seal: the stored ones if the caller, who may not know the member, names none."""
    names = webhook.sealed_headers
    if names is None:
        names = (before.webhook.sealed_headers if before else None) or ()
    known = names_in(webhook)
    return tuple(name for name in names if folded(name) in known)


def _masks_of_nothing(places: list[Place]) -> Iterator[FieldError]:
    for place in places:
        text = f"{label_of(place)} must be the value itself: none is stored here that {SECRET_MASK} could stand for"
        yield FieldError(pointer_to(place), text)


def _misnamed(wanted: Wanted, webhook: WebhookInput, before: Registration | None) -> Iterator[FieldError]:
    """What `SealedHeaders` must not do: name what is not there, or drop a name whose value came back as a mask."""
    known = names_in(webhook) | (asked_names(before.webhook) if before else frozenset())
    for name in webhook.sealed_headers or ():
        if folded(name) not in known:
            text = f"SealedHeaders must name headers and properties: none has the name {name[:100]}"
            yield FieldError("#/SealedHeaders", text)
    sealed = {place for place, _ in secrets_in(wanted.webhook)}
    for place in wanted.kept:
        if place not in sealed:
            text = f"{label_of(place)} must be given anew, not as {SECRET_MASK}, to be shown from now on"
            yield FieldError(pointer_to(place), text)


def _mask_like(wanted: Wanted) -> Iterator[FieldError]:
    for place, value in wanted.new.items():
        if looks_masked(value):
            text = f"{label_of(place)} must be the value itself, but looks like a mask"
            yield FieldError(pointer_to(place), text)
