"""Secrets that were replaced: for a while they sign besides the new one, so that a receiver changes when it can.

As docs/sources/delivery.md 1 and 5 have it: Standard Webhooks sends one signature for each valid secret. Nothing
here touches anything but the sealer.
"""

from datetime import datetime, timedelta

from shared.errors import Misconfigured
from shared.storage.sealed import Sealer
from shared.webhooks.registration import OldSecret, Registration

_MAX_KEPT = 5


def old_secrets_beside(
    secret: str | None, before: Registration, sealer: Sealer, now: datetime, overlap: timedelta
) -> tuple[OldSecret, ...]:
    """What signs besides `secret` once it is saved in the place of the one before, newest first.

    Without a secret nothing is signed, so nothing is kept; neither is what no key opens any more.
    """
    kept = old_secrets_at(now, before)
    if secret is None or before.sealed_secret is None:
        return kept if secret is not None else ()
    current = _opened(before.sealed_secret, sealer)
    if current == secret or current is None or not overlap:
        return kept
    return (OldSecret(before.sealed_secret, now + overlap), *kept)[:_MAX_KEPT]


def old_secrets_at(now: datetime, registration: Registration) -> tuple[OldSecret, ...]:
    """Those whose time is not over."""
    return tuple(old for old in registration.old_secrets if old.until > now)


def signing_secrets(registration: Registration, sealer: Sealer, now: datetime) -> list[str]:
    """The current secret, then those that still sign besides it; [] where there is none.

    Raises Misconfigured where no key opens the current one.
    """
    if registration.sealed_secret is None:
        return []
    current = sealer.open(registration.sealed_secret)
    old = [_opened(one.sealed, sealer) for one in old_secrets_at(now, registration)]
    return list(dict.fromkeys([current, *(secret for secret in old if secret is not None)]))


def _opened(sealed: str, sealer: Sealer) -> str | None:
    try:
        return sealer.open(sealed)
    except Misconfigured:
        return None
