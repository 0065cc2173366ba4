"""Reading bodies of type application/x-www-form-urlencoded: a field by the name of each member.

`Events=a&Events=b`, `Events=a,b` and `Events[0]=a` are a list; `Headers={"X-A":"1"}`, `Headers.X-A=1` and
`Headers[X-A]=1` a dictionary; `Webhook.Name=x` and `Webhook[Name]=x` a member of an object.
"""

import re
from urllib.parse import parse_qsl

from shared.errors import BadRequest, NotJson
from shared.strict_json import parse_json
from shared.superoffice.members import Kind, find_member, kind_of, parse_text

_MOST_FIELDS = 1000
_MOST_LEVELS = 4
_NAME = re.compile(r"(?P<head>[^.\[]+)(?:\.(?P<dotted>.+)|\[(?P<inner>[^\]]*)\](?P<rest>.*))", re.DOTALL)


def read_form(body: bytes) -> dict[str, object]:
    """The document in a form; raises BadRequest for what is not UTF-8, has too many fields, or JSON that is none."""
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise BadRequest(f"a form in UTF-8 is needed, with {_MOST_FIELDS} fields at most", pointer="#") from None
    document: dict[str, object] = {}
    for name, text in fields:
        _assign(document, name, text)
    return document


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
    return [part.strip() for part in text.split(",") if part.strip()]


def _json(name: str, text: str) -> object:
    try:
        return parse_json(text.encode())
    except NotJson as refusal:
        raise BadRequest(f"{name}: {refusal.detail.replace('the body', 'the field')}", pointer=f"#/{name}") from None
