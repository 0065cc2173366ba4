"""What a mask of a secret may stand for, and where to. Pure."""

from shared.errors import BadRequest, FieldError
from shared.outbound.target import TargetRefused, parse_target
from shared.webhooks.registration import SECRET_MASK, Registration
from shared.webhooks.sealing import MAX_ERRORS, Wanted
from shared.webhooks.sensitive import is_mask, label_of, looks_masked, pointer_to
from shared.webhooks.webhook import WebhookInput


def origin_of(webhook: WebhookInput) -> tuple[object, ...]:
    """Scheme, host and port of the target; of a target that is no URL, such as an entry point, all of it."""
    try:
        target = parse_target(webhook.target_url)
    except TargetRefused:
        return (webhook.target_url,)
    return target.scheme, target.host, target.port


def has_moved(before: WebhookInput, after: WebhookInput) -> bool:
    """Whether the target is of another origin than it was."""
    return origin_of(before) != origin_of(after)


def with_plain_secret(webhook: WebhookInput, before: Registration | None) -> WebhookInput:
    """The webhook whose secret is none, a text that somebody means, or the mask as it is shown.

    Raises BadRequest for a mask where no secret is stored, and for what else looks like one (`***`, or blanks).
    """
    if is_mask(webhook.secret):
        if before is None or before.sealed_secret is None:
            text = f"Secret: {SECRET_MASK} only stands for a secret that is stored, and none is"
            raise BadRequest(text, pointer="#/Secret")
        return webhook.model_copy(update={"secret": SECRET_MASK})
    if webhook.secret and looks_masked(webhook.secret):
        raise BadRequest("Secret: the secret itself is needed, and this looks like a mask", pointer="#/Secret")
    return webhook


def refuse_moved_masks(before: Registration, wanted: Wanted, *, with_secret: bool = False) -> bool:
    """Whether the target's origin is another than the stored one; raises BadRequest where masks came with it.

    `with_secret`: the mask of the signing secret counts too.
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
    text = "was given for another origin (scheme, host, port) of TargetUrl; give it anew"
    return FieldError(pointer_to(place), f"{name}: {SECRET_MASK} stands for a value that {text}")
