"""Cutting known secrets from what receivers answer, before it is stored, shown or mailed. Pure.

A receiver may repeat what it was sent: as it is, only the token after the scheme, or as JSON, HTML, URLs, base64 or hex
write it. A secret inside a longer base64 text is not found. Secrets shorter than MIN_CHARACTERS are left, because
ordinary words would be cut as well.
"""

import base64
import binascii
import html
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from urllib.parse import quote, quote_plus

from shared.secret_mask import SECRET_MASK
from shared.webhooks.signing import ENCODED, PRIVATE, PUBLIC, InvalidSecret, private_bytes, public_key_of, secret_bytes

MIN_CHARACTERS = 6
"""The length from which secrets are cut."""

MIN_PART_CHARACTERS = 8
"""The length from which parts of a secret, such as a cookie's value, are cut: shorter ones are words (`Bearer`)."""

CLOUD_EVENTS_UNESCAPED = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
"""The characters that stand as they are in a header of a binary CloudEvent; all others are percent-encoded."""

_SCHEME = re.compile(r"[A-Za-z][\w-]*[ ]+(\S.*)", re.DOTALL)
_PKCS8 = bytes.fromhex("302e020100300506032b657004220420")
"""What comes before the 32 bytes of an ed25519 key in its DER form."""
_BETWEEN_PARTS = re.compile(r"[\s;,=\"']+")
_PERCENT = re.compile("%[0-9A-F]{2}")


class Redaction:
    """Replaces these secrets in texts, in whatever form, by a mask."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        found = {form for secret in secrets for part in _parts(secret) for form in _forms(part)}
        # The longest first: once a part of a secret is cut, the rest of it would no longer be found.
        self._forms = sorted(
            (form for form in found if len(form) >= MIN_CHARACTERS), key=lambda form: (-len(form), form)
        )

    @property
    def longest(self) -> int:
        """The length of the longest form: so much of a text must be read beyond the place where it is cut off."""
        return len(self._forms[0]) if self._forms else 0

    def redact(self, text: str, *, is_cut: bool = False) -> str:
        """The text without the secrets. With `is_cut`, the text may end with the beginning of one, which is cut too."""
        for form in self._forms:
            text = text.replace(form, SECRET_MASK)
        return self._without_beginning(text) if is_cut else text

    def _without_beginning(self, text: str) -> str:
        at = min((_beginning(text, form) for form in self._forms), default=len(text))
        return text if at == len(text) else text[:at] + SECRET_MASK


def _beginning(text: str, form: str) -> int:
    """Where at the end of the text a beginning of the form starts; the length of the text if there is none."""
    at = text.find(form[0], max(0, len(text) - len(form) + 1))
    while at >= 0 and not form.startswith(text[at:]):
        at = text.find(form[0], at + 1)
    return len(text) if at < 0 else at


def _parts(secret: str) -> Iterator[str]:
    """The secret, what it encodes, and its parts that are secrets by themselves."""
    yield secret
    with suppress(InvalidSecret):
        key = secret_bytes(secret)
        if secret.startswith(ENCODED):
            yield secret.removeprefix(ENCODED)
            yield from _written(key)
    with suppress(InvalidSecret):
        seed = private_bytes(secret)
        yield secret.removeprefix(PRIVATE)
        # As other programs write private keys: alone, with the public half, and as PKCS #8 (RFC 8410).
        for key in (seed, seed + _public_bytes(secret), _PKCS8 + seed):
            yield from _written(key)
    if scheme := _SCHEME.fullmatch(secret):
        yield scheme[1]
        yield from _basic(scheme[1])
    for part in _BETWEEN_PARTS.split(secret):
        if len(part) >= MIN_PART_CHARACTERS:
            yield part


def _written(key: bytes) -> Iterator[str]:
    """A key of bytes as it is written: base64 in both alphabets, hex in both cases, or its bytes taken for letters."""
    for encoded in (base64.b64encode(key).decode(), base64.urlsafe_b64encode(key).decode()):
        yield from (encoded, encoded.rstrip("="))
    yield from (key.decode("latin-1"), repr(key)[2:-1], key.hex(), key.hex().upper())


def _public_bytes(secret: str) -> bytes:
    return base64.b64decode((public_key_of(secret) or "").removeprefix(PUBLIC))


def _basic(credentials: str) -> Iterator[str]:
    """User name and password from the credentials of Basic, and the password alone."""
    with suppress(binascii.Error, ValueError):
        decoded = base64.b64decode(credentials, validate=True).decode("utf-8")
        yield decoded
        yield decoded.partition(":")[2]


def _forms(text: str) -> Iterator[str]:
    """The text as it is written in the formats that receivers answer in, and in error messages of Python."""
    escaped = json.dumps(text)[1:-1]
    quoted = (quote(text, safe="", errors="replace"), quote(text, errors="replace"))
    more = (quote_plus(text, errors="replace"), quote(text, safe=CLOUD_EVENTS_UNESCAPED, errors="replace"))
    for percent in (*quoted, *more):
        yield percent
        yield _PERCENT.sub(lambda found: found[0].lower(), percent)
    raw = text.encode("utf-8", "replace")
    for encoded in (base64.b64encode(raw), base64.urlsafe_b64encode(raw)):
        # Without the padding, because some encoders leave it out.
        yield encoded.decode().rstrip("=")
    yield from (text, escaped, json.dumps(text, ensure_ascii=False)[1:-1], escaped.replace("/", "\\/"))
    yield json.dumps(escaped)[1:-1]
    yield from (html.escape(text), html.escape(text, quote=False), html.escape(text).replace("&#x27;", "&#39;"))
    yield from (repr(text)[1:-1], repr(raw)[2:-1], raw.hex(), raw.hex().upper())
