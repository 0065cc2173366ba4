"""Seals what is stored again, with the first key: what another key sealed, and what the first version left in clear."""

from dataclasses import dataclass, field, replace

from shared.errors import BadRequest, Misconfigured
from shared.storage.sealed import Sealer
from shared.storage.tables import Contended, retry_races
from shared.webhooks.fingerprint import Fingerprints
from shared.webhooks.listing import WebhookFilter
from shared.webhooks.registration import OldSecret, Registration
from shared.webhooks.registry import WebhookRegistry
from shared.webhooks.sealing import Wanted, opened_webhook, sealed_webhook
from shared.webhooks.sensitive import masked_webhook


@dataclass
class ResealResult:
    """How many webhooks there are, how many were written, and why some could not be, by id."""

    webhooks: int = 0
    resealed: int = 0
    failed: dict[int, str] = field(default_factory=dict)


def reseal_all(registry: WebhookRegistry, sealer: Sealer) -> ResealResult:
    """Seal all registrations again that need it; doing it twice is harmless. Raises StorageDown in an outage."""
    done = ResealResult()
    for id_ in [registration.id for registration, _ in registry.list(WebhookFilter())]:
        done.webhooks += 1
        try:
            done.resealed += _reseal(registry, id_, sealer)
        except (BadRequest, Contended, Misconfigured) as error:
            done.failed[id_] = error.detail
    return done


def resealed(registration: Registration, sealer: Sealer) -> Registration:
    """The registration with all secrets sealed by the first key, and a keyed fingerprint. It may be so already.

    Raises Misconfigured if no key opens it, or there are no keys, and BadRequest if it is too long to be sealed.
    """
    webhook = opened_webhook(registration, sealer)
    after = registration
    if masked_webhook(registration.webhook) != registration.webhook or not _is_current(registration, sealer):
        document, values = sealed_webhook(Wanted(webhook), sealer)
        after = replace(after, webhook=document, sealed_values=values)
    after = replace(
        after,
        sealed_secret=_anew(registration.sealed_secret, sealer),
        old_secrets=tuple(_old_anew(old, sealer) for old in registration.old_secrets),
    )
    if not registration.tested:
        return after
    secret = None if after.sealed_secret is None else sealer.open(after.sealed_secret)
    prints = Fingerprints(webhook, secret, sealer)
    return replace(after, tested=prints.current if prints.has(registration.tested) else "")


def _reseal(registry: WebhookRegistry, id_: int, sealer: Sealer) -> bool:
    def reseal() -> bool:
        found = registry.get(id_)
        if found is None or (after := resealed(found, sealer)) == found:
            return False
        registry.rewrite(after)
        return True

    return retry_races(reseal, "it could not be written")


def _is_current(registration: Registration, sealer: Sealer) -> bool:
    return registration.sealed_values is None or sealer.is_current(registration.sealed_values)


def _anew(sealed: str | None, sealer: Sealer) -> str | None:
    return sealed if sealed is None or sealer.is_current(sealed) else sealer.seal(sealer.open(sealed))


def _old_anew(old: OldSecret, sealer: Sealer) -> OldSecret:
    try:
        return replace(old, sealed=_anew(old.sealed, sealer) or old.sealed)
    except Misconfigured:
        # It signs nothing any more, and is removed when its time is over.
        return old
