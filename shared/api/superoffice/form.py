"""Reading bodies of type application/x-www-form-urlencoded: a field by the name of each member.

`Events=a&Events=b`, `Events=a,b` and `Events[0]=a` are a list; `Headers={"X-A":"1"}`, `Headers.X-A=1` and
`Headers[X-A]=1` a dictionary; `Webhook.Name=x` and `Webhook[Name]=x` a member of an object.

JSON that is labelled as a form, and was quoted or encoded on its way so that it does not begin as JSON does, would be
read as one field with a strange name. So names with the characters of JSON are refused.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Sequence
from urllib.parse import parse_qsl, unquote_to_bytes

from shared.api.superoffice.members import Kind, find_member, kind_of, parse_text
from shared.api.superoffice.relaxed_json import parse_relaxed_json
from shared.errors import BadRequest, NotJson
from shared.validation import bad_field

_MAX_FIELDS = 1000
_MAX_LEVELS = 4
# JSON and XML begin with these, and the name of a field never does.
_BEGINNINGS = (b"{", b"[", b"<")
_NAME = re.compile(r"(?P<head>[^.\[]+)(?:\.(?P<dotted>.+)|\[(?P<inner>[^\]]*)\](?P<rest>.*))", re.DOTALL)

_FIELD_NAME = re.compile(r"[\w.\-\[\]$@: ]*\S")
_SEND_JSON = "send JSON with Content-Type: application/json"


def mislabelled_texts(body: bytes) -> list[bytes]:
    """The JSON or XML in a body that is labelled as a form, in each way it may be encoded; empty for a real form.

    Clients that are not told a type send a text as it is and label it as a form, or encode it as a form's field: all of
    it, or (curl's `--data-urlencode`) only what follows the first `=`. The likeliest way comes first.
    """
    text = body.removeprefix(BOM_UTF8)
    # URLSearchParams writes a text as the name of a field without a value.
    field = text.rstrip().removesuffix(b"=")
    decoded = unquote_to_bytes(field.replace(b"+", b" ")).removeprefix(BOM_UTF8)
    if text.lstrip().startswith(_BEGINNINGS):
        return [text, unquote_to_bytes(field), decoded]
    return [decoded] if decoded.lstrip().startswith(_BEGINNINGS) else []


def read_form(body: bytes, known: Sequence[str] = ()) -> dict[str, object]:
    """The document in a form; if there are `known` members, it must have one of them, in any case.

    Raises BadRequest if it is not UTF-8, has too many fields or one with a strange name, or holds malformed JSON.
    """
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise BadRequest(f"the body must be a form in UTF-8 with at most {_MAX_FIELDS} fields", pointer="#") from None
    document: dict[str, object] = {}
    for name, text in fields:
        _assign(document, name, text)
    if known and all(find_member(document, name) is None for name in known):
        raise _no_form(f"has none of its fields ({', '.join(known)})")
    return document


def _no_form(why: str) -> BadRequest:
    text = f"Content-Type says that the body is a form (application/x-www-form-urlencoded), and it {why}: {_SEND_JSON}"
    return BadRequest(text, pointer="#")


def _assign(document: dict[str, object], name: str, text: str) -> None:
    head, step = _split(name)
    for _ in range(_MAX_LEVELS):
        if kind_of(head) is not Kind.OBJECT or not step:
            break
        document, (head, step) = _inner(document, head), _split(step)
    # `step` is not judged: the keys of a dictionary are chosen by its owner.
    if not _FIELD_NAME.fullmatch(head):
        raise _no_form("has a field with an impossible name")
    _set(document, head, step, text)


def _split(name: str) -> tuple[str, str | None]:
    """The first part of a name, and what comes after it; None if the name has one part only."""
    found = _NAME.fullmatch(name)
    if not found or kind_of(found["head"]) is None:
        return name, None
    return found["head"], found["dotted"] or f"{found['inner']}{found['rest']}"


def _set(document: dict[str, object], name: str, step: str | None, text: str) -> None:
    kind = kind_of(name)
    key = find_member(document, name) or name
    if kind is Kind.DICTIONARY and step:
        _inner(document, name)[step] = text
    elif kind is Kind.LIST:
        _extend(document, key, _items(name, text))
    elif kind in {Kind.DICTIONARY, Kind.OBJECT}:
        document[key] = _json(name, text) if text.strip() else None
    else:
        document[key] = parse_text(text, kind or Kind.TEXT)


def _inner(document: dict[str, object], name: str) -> dict[str, object]:
    inner = document.setdefault(find_member(document, name) or name, {})
    if not isinstance(inner, dict):
        raise bad_field(name, "must not be given both as a value and as the members of an object")
    return inner


def _extend(document: dict[str, object], key: str, items: list[object]) -> None:
    known = document.setdefault(key, [])
    if isinstance(known, list):
        known.extend(items)


def _items(name: str, text: str) -> list[object]:
    if text.lstrip().startswith("["):
        value = _json(name, text)
        return value if isinstance(value, list) else [value]
    return [part for part in _between_commas(text) if part]


def _between_commas(text: str) -> list[str]:
    """The parts of a list without the blanks beside its commas; blanks at its two ends belong to the parts."""
    parts = text.split(",")
    begun = [parts[0], *(part.lstrip(" ") for part in parts[1:])]
    return [*(part.rstrip(" ") for part in begun[:-1]), begun[-1]]


def _json(name: str, text: str) -> object:
    try:
        return parse_relaxed_json(text.encode())
    except NotJson as refusal:
        raise bad_field(name, refusal.detail.removeprefix("the body ")) from None
