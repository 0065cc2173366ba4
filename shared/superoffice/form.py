"""Reading bodies of type application/x-www-form-urlencoded: a field by the name of each member.

`Events=a&Events=b`, `Events=a,b` and `Events[0]=a` are a list; `Headers={"X-A":"1"}`, `Headers.X-A=1` and
`Headers[X-A]=1` a dictionary; `Webhook.Name=x` and `Webhook[Name]=x` a member of an object. A text that begins as JSON
does is JSON: curl and PowerShell call whatever they post a form, unless they are told its type.
"""

import re
from codecs import BOM_UTF8
from urllib.parse import parse_qsl, unquote_to_bytes

from shared.errors import BadRequest, NotJson
from shared.superoffice.json_input import read_json
from shared.superoffice.members import Kind, find_member, kind_of, parse_text

_MOST_FIELDS = 1000
_MOST_LEVELS = 4
_COMMA = re.compile(r" *, *")
_BEGINS_AS_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:[{\[]|%(?:7b|5b))", re.IGNORECASE)
_NAME = re.compile(r"(?P<head>[^.\[]+)(?:\.(?P<dotted>.+)|\[(?P<inner>[^\]]*)\](?P<rest>.*))", re.DOTALL)


def holds_json(body: bytes) -> bool:
    """Whether the text of a form is JSON, as it is or percent-encoded as a whole; no field's name begins like this."""
    return _BEGINS_AS_JSON.match(body) is not None


def read_form(body: bytes) -> object:
    """The document in a form; raises BadRequest for what is not UTF-8, has too many fields, or JSON that is none."""
    if holds_json(body):
        return read_json(_plain(body))
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise BadRequest(f"a form in UTF-8 is needed, with {_MOST_FIELDS} fields at most", pointer="#") from None
    document: dict[str, object] = {}
    for name, text in fields:
        _assign(document, name, text)
    return document


def _plain(body: bytes) -> bytes:
    is_encoded = body.removeprefix(BOM_UTF8).lstrip().startswith(b"%")
    return unquote_to_bytes(body.replace(b"+", b" ")) if is_encoded else body


def _assign(document: dict[str, object], name: str, text: str) -> None:
    head, step = _split(name)
    for _ in range(_MOST_LEVELS):
        if kind_of(head) is not Kind.OBJECT or not step:
            break
        document, (head, step) = _inner(document, head), _split(step)
    _set(document, head, step, text)


def _split(name: str) -> tuple[str, str | None]:
    """The first part of a name, and what comes after it; None where it is the whole name."""
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
        raise BadRequest(f"{name}: the form gives it twice, and not as an object both times", pointer=f"#/{name}")
    return inner


def _extend(document: dict[str, object], key: str, items: list[object]) -> None:
    known = document.setdefault(key, [])
    if isinstance(known, list):
        known.extend(items)


def _items(name: str, text: str) -> list[object]:
    if text.lstrip().startswith("["):
        value = _json(name, text)
        return value if isinstance(value, list) else [value]
    # A space beside a comma belongs to the comma; any other white space is part of the value, and judged there.
    return [part for part in _COMMA.split(text) if part]


def _json(name: str, text: str) -> object:
    try:
        return read_json(text.encode())
    except NotJson as refusal:
        raise BadRequest(f"{name}: {refusal.detail.replace('the body', 'the field')}", pointer=f"#/{name}") from None
