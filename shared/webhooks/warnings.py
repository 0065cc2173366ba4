"""What is taken, but should be better: sentences for whoever saves a webhook. Pure.

They go into a header, several of them in one line with commas between them, so a sentence is ASCII and has no comma.
"""

from shared.webhooks.signing import InvalidSecret, secret_bytes
from shared.webhooks.webhook import WebhookInput

MIN_SECRET = 24
"""Characters of a secret, or bytes where `whsec_` encodes them; what Standard Webhooks asks for at least."""

_ENCODED = "whsec_"


def warnings_of(webhook: WebhookInput, secret: str | None) -> tuple[str, ...]:
    """What is to be said of a webhook that was saved with this secret."""
    found = []
    if webhook.target_url.lower().startswith("http://"):
        found.append("TargetUrl: http sends events and headers in clear; https is safer")
    if secret is not None and (unit := _too_short(secret)) is not None:
        found.append(f"Secret: one of fewer than {MIN_SECRET} {unit} can be guessed; 32 random bytes are better")
    return tuple(found)


def _too_short(secret: str) -> str | None:
    """What there is too little of."""
    if not secret.startswith(_ENCODED):
        return "characters" if len(secret) < MIN_SECRET else None
    try:
        return "bytes" if len(secret_bytes(secret)) < MIN_SECRET else None
    except InvalidSecret:
        # A webhook of a type that does not sign may have any.
        return None
