"""Removes from Dataverse's messages the secrets that they may repeat. Pure."""

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, unquote, unquote_plus
from xml.sax.saxutils import escape

HIDDEN = "(not shown: it repeats a secret)"

# A message that repeats this much of a secret doesn't do so by chance.
_PART_CHARACTERS = 8
_QUERY = re.compile(r"(https?://[^\s?\"'<>]*)\?[^\s\"'<>]*", re.IGNORECASE)
_USERINFO = re.compile(r"(https?://)[^\s/?#\"'<>]*@", re.IGNORECASE)
_CODE = re.compile(
    r"\b((?:code|sig|signature|key|api[-_]?key|(?:access[-_]?)?token|secret|password|pwd)=)[^\s&\"'<>]+", re.IGNORECASE
)
_TOKEN = re.compile(r"\bBearer\s+\S+|\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?", re.IGNORECASE)


def without_secrets(message: str, secrets: Iterable[str] = ()) -> str:
    """The message without codes and tokens, and without the queries, user names and passwords of addresses.

    If it holds one of these secrets, or eight characters in a row of one, in any spelling, HIDDEN takes its place:
    it may repeat more.
    """
    # Which characters are percent-encoded differs from program to program, so the message is decoded.
    forms = {form.casefold() for form in (message, unquote(message), unquote_plus(message))}
    if any(part in form for secret in secrets for part in _parts(secret) for form in forms):
        return HIDDEN
    addresses = _USERINFO.sub(r"\1...@", _QUERY.sub(r"\1?...", message))
    return _TOKEN.sub("...", _CODE.sub(r"\1...", addresses))


def _parts(secret: str) -> Iterable[str]:
    for spelling in {secret, escape(secret, {'"': "&quot;"}), quote(secret, safe=""), json.dumps(secret)[1:-1]}:
        folded = spelling.casefold()
        for start in range(max(1, len(folded) - _PART_CHARACTERS + 1)):
            if part := folded[start : start + _PART_CHARACTERS]:
                yield part
