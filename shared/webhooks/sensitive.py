"""Which values of headers and properties are secrets, what is shown in their place, and how to separate them. Pure.

A value is a secret if its name says so, or if the webhook's owner asks for it (`SealedHeaders`). Everything below such
a name, in objects and lists, is secret too. Null, true, false, blank strings and empty lists and objects are shown as
they are: they hold no secret.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator

from shared.secret_mask import SECRET_MASK
from shared.webhooks.webhook import WebhookInput

type Place = tuple[str, ...]
"""The path to a value: `Headers` or `Properties`, then names, and indexes of lists as texts."""

MEMBERS = ("Headers", "Properties")

_WORDS = (
    "authorization",
    "cookie",
    "credential",
    "key",
    "passphrase",
    "passwd",
    "password",
    "pwd",
    "secret",
    "token",
)
_STARS = re.compile(r"[\s*\u2022\u25cf]*")
_MAX_SHOWN = 100


def folded(name: str) -> str:
    """A name in the form in which names are compared: without case, width of letters, and blanks around it."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def is_mask(value: object) -> bool:
    """True if a value only stands for one that is stored; blanks around the mask come from copying it."""
    return isinstance(value, str) and value.strip() == SECRET_MASK


def looks_masked(text: str) -> bool:
    """True if a text is some mask, or holds one (`***`, `Bearer ********`): nobody means it as a secret."""
    return SECRET_MASK in text or _STARS.fullmatch(text) is not None


def has_mask(value: object) -> bool:
    """True if there is a mask anywhere in a value."""
    if isinstance(value, dict):
        return any(map(has_mask, value.values()))
    return any(map(has_mask, value)) if isinstance(value, list) else is_mask(value)


def name_is_secret(name: str, asked: Collection[str]) -> bool:
    """True if the value of this name is a secret; `asked` are the names that the owner asks for, folded."""
    known = folded(name)
    return known in asked or any(word in known for word in _WORDS)


def asked_names(webhook: WebhookInput) -> frozenset[str]:
    """The names that the webhook's owner asks to be sealed, folded."""
    return frozenset(map(folded, webhook.sealed_headers or ()))


def names_in(webhook: WebhookInput) -> frozenset[str]:
    """All names of headers and properties, at any depth, folded."""
    return frozenset(folded(name) for name in (*(webhook.headers or ()), *_names(webhook.properties)))


def secrets_in(webhook: WebhookInput) -> Iterator[tuple[Place, str]]:
    """The secret values of an opened webhook, as texts, each with its place."""
    asked = asked_names(webhook)
    for member, value in zip(MEMBERS, (webhook.headers, webhook.properties), strict=True):
        yield from _secrets(value, (member,), asked, is_secret=False)


def split_webhook(webhook: WebhookInput) -> tuple[WebhookInput, dict[str, object]]:
    """The webhook with masks in the place of its secret values, and a document of what the masks stand for.

    The document has the members of the webhook that lead to a secret; for a list, its names are the indexes.
    """
    asked, masked, secrets = asked_names(webhook), dict[str, object](), dict[str, object]()
    for member, value in zip(MEMBERS, (webhook.headers, webhook.properties), strict=True):
        masked[member], hidden = _split(value, asked, is_secret=False)
        if hidden is not None:
            secrets[member] = hidden
    return _with(webhook, masked), secrets


def join_webhook(masked: WebhookInput, secrets: dict[str, object]) -> WebhookInput:
    """The webhook that `split_webhook` separated into these two."""
    values: dict[str, object] = {"Headers": masked.headers, "Properties": masked.properties}
    return _with(masked, {member: _join(value, secrets.get(member)) for member, value in values.items()})


def masked_webhook(webhook: WebhookInput) -> WebhookInput:
    """The webhook as it is shown: without secret values, whichever version of the hub stored it."""
    return split_webhook(webhook)[0]


def label_of(place: Place) -> str:
    """A place as a message names it: `Headers/Authorization`."""
    return f"{place[0]}/{'/'.join(place[1:])[:_MAX_SHOWN]}"


def _with(webhook: WebhookInput, values: dict[str, object]) -> WebhookInput:
    return webhook.model_copy(update={member.lower(): value for member, value in values.items()})


def _names(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for inner in _inner(value):
        yield from _names(inner[1])


def _secrets(value: object, place: Place, asked: Collection[str], *, is_secret: bool) -> Iterator[tuple[Place, str]]:
    if is_secret and _hides(value):
        yield place, str(value)
    for name, inner in _inner(value):
        secret = is_secret or (isinstance(value, dict) and name_is_secret(name, asked))
        yield from _secrets(inner, (*place, name), asked, is_secret=secret)


def _split(value: object, asked: Collection[str], *, is_secret: bool) -> tuple[object, object]:
    """The value with masks, and what they stand for, None if there are no masks."""
    if is_secret and _hides(value):
        return SECRET_MASK, value
    masked: dict[str, object] = {}
    secrets: dict[str, object] = {}
    for name, inner in _inner(value):
        secret = is_secret or (isinstance(value, dict) and name_is_secret(name, asked))
        masked[name], hidden = _split(inner, asked, is_secret=secret)
        if hidden is not None:
            secrets[name] = hidden
    if isinstance(value, dict):
        return masked, secrets or None
    return ([*masked.values()] if isinstance(value, list) else value), secrets or None


def _join(value: object, secrets: object) -> object:
    if secrets is None:
        return value
    if isinstance(value, dict) and isinstance(secrets, dict):
        return {name: _join(inner, secrets.get(name)) for name, inner in value.items()}
    if isinstance(value, list) and isinstance(secrets, dict):
        return [_join(inner, secrets.get(str(number))) for number, inner in enumerate(value)]
    return secrets


def _inner(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from ((str(number), inner) for number, inner in enumerate(value))


def _hides(value: object) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return isinstance(value, int | float) and not isinstance(value, bool)
