"""Rules for secrets: what a mask may stand for and where it may be sent, and what a save is warned of. Pure."""

from shared.errors import BadRequest, FieldError
from shared.outbound.target import TargetRefused, parse_target
from shared.secret_mask import SECRET_MASK
from shared.validation import pointer_to
from shared.webhooks.registration import Registration
from shared.webhooks.sealing import MAX_ERRORS, Wanted
from shared.webhooks.sensitive import is_mask, label_of, looks_masked
from shared.webhooks.signing import ENCODED, InvalidSecret, secret_bytes
from shared.webhooks.webhook import WebhookInput

MIN_SECRET = 24
"""Characters of a secret, or bytes if `whsec_` encodes them: the least that Standard Webhooks asks for."""


def origin_of(webhook: WebhookInput) -> str:
    """The origin of the target; the whole target if it is not a URL but, for example, an entry point."""
    try:
        return parse_target(webhook.target_url).origin
    except TargetRefused:
        return webhook.target_url


def has_moved(before: WebhookInput, after: WebhookInput) -> bool:
    """True if the target has another origin than before."""
    return origin_of(before) != origin_of(after)


def with_plain_secret(webhook: WebhookInput, before: Registration | None) -> WebhookInput:
    """The webhook with a secret that is None, a text that is meant as one, or exactly the mask.

    Raises BadRequest for a mask if no secret is stored, and for a text that looks like one (`***`, or blanks).
    """
    if is_mask(webhook.secret):
        if before is None or before.sealed_secret is None:
            text = f"Secret must be the secret itself: none is stored that {SECRET_MASK} could stand for"
            raise BadRequest(text, pointer="#/Secret")
        return webhook.model_copy(update={"secret": SECRET_MASK})
    if webhook.secret and looks_masked(webhook.secret):
        raise BadRequest("Secret must be the secret itself, but looks like a mask", pointer="#/Secret")
    return webhook


def refuse_moved_masks(before: Registration, wanted: Wanted, *, with_secret: bool = False) -> bool:
    """True if the target has another origin than the stored one; raises BadRequest if masks came with it.

    With `with_secret` the mask of the signing secret counts too.
    """
    if not has_moved(before.webhook, wanted.webhook):
        return False
    places = [*wanted.kept]
    if with_secret and wanted.webhook.secret == SECRET_MASK:
        places = [("Secret",), *places]
    if places:
        raise BadRequest.of([_moved(place) for place in places[:MAX_ERRORS]])
    return True


def _moved(place: tuple[str, ...]) -> FieldError:
    name = label_of(place) if place[1:] else place[0]
    why = f"{SECRET_MASK} stands for one that was given for another origin (scheme, host, port) of TargetUrl"
    return FieldError(pointer_to(place), f"{name} must be given anew: {why}")


def warnings_of(webhook: WebhookInput, secret: str | None) -> tuple[str, ...]:
    """Sentences about what is accepted in a webhook with this secret, but should be better.

    They go into one header, joined by commas, so a sentence is ASCII and has no comma.
    """
    found = []
    if webhook.target_url.lower().startswith("http://"):
        found.append("TargetUrl should begin with https: http sends events and headers in clear")
    if secret is not None and (unit := _too_short(secret)) is not None:
        found.append(f"Secret should be at least {MIN_SECRET} {unit}: shorter ones can be guessed")
    return tuple(found)


def _too_short(secret: str) -> str | None:
    """The unit of which the secret has too little; None if it is long enough, as every private key is."""
    if not secret.startswith(ENCODED):
        return "characters" if len(secret) < MIN_SECRET else None
    try:
        return "bytes" if len(secret_bytes(secret)) < MIN_SECRET else None
    except InvalidSecret:
        # A webhook of a type that does not sign may have any secret.
        return None
