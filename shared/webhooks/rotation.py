"""Replaced secrets: they keep signing beside the new one for a while, so that a receiver can change at its own time.

Standard Webhooks sends one signature for each valid secret (docs/sources/delivery.md 1 and 5). The functions here touch
nothing but the sealer.
"""

from datetime import datetime, timedelta

from shared.errors import Misconfigured
from shared.storage.sealed import Sealer
from shared.webhooks.registration import OldSecret, Registration

_MAX_KEPT = 5


def old_secrets_beside(
    secret: str | None, before: Registration, sealer: Sealer, now: datetime, overlap: timedelta
) -> tuple[OldSecret, ...]:
    """Previous secrets that keep signing after this save, newest first.

    Empty if `secret` is None. A secret that no key opens is dropped.
    """
    kept = old_secrets_at(now, before)
    if secret is None or before.sealed_secret is None:
        return kept if secret is not None else ()
    current = _opened(before.sealed_secret, sealer)
    if current == secret or current is None or not overlap:
        return kept
    return (OldSecret(before.sealed_secret, now + overlap), *kept)[:_MAX_KEPT]


def old_secrets_at(now: datetime, registration: Registration) -> tuple[OldSecret, ...]:
    """The replaced secrets that still sign at this time."""
    return tuple(old for old in registration.old_secrets if old.until > now)


def signing_secrets(registration: Registration, sealer: Sealer, now: datetime) -> list[str]:
    """The current secret, then the replaced ones that still sign; [] if the webhook has no secret.

    Raises Misconfigured if no key opens the current one.
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
