"""The members of a webhook that need more than a type: each function gets what came, and returns what is kept.

All raise ValueError with a phrase that follows the member's name, as shared/validation.py has them.
"""

import json
import re
from collections.abc import Callable, Iterable

from pydantic import AfterValidator

from shared.text_length import utf16_length
from shared.validation import ARRAY_OF_STRINGS, NO_CONTROL_CHARACTERS, NOT_BLANK, OBJECT, max_length

MAX_DEPTH = 32
"""Levels of nesting in a value that its owner shapes: more than anybody writes, and far below any recursion limit."""

MAX_EVENT_NAME = 250
"""Characters of an event's name. A longer one could not be a key in Table Storage."""

EVENT_NAME = re.compile(rf"[a-z0-9_.-]{{1,{MAX_EVENT_NAME}}}", re.IGNORECASE | re.ASCII)

_MAX_TEXTS = 4000
_MAX_EVENT_CHARACTERS = 4000
_CHILDREN = "ChildItems"
_LIST_ITEM_NAMES = (
    "Id",
    "Name",
    "ToolTip",
    "Deleted",
    "Rank",
    "Type",
    _CHILDREN,
    "IconHint",
    "ColorBlock",
    "ExtraInfo",
    "StyleHint",
    "FullName",
    "TableRight",
    "FieldProperties",
)
_LIST_ITEM = {name.lower(): name for name in _LIST_ITEM_NAMES}


def at_most(characters: int) -> AfterValidator:
    """The check of a text: at most this many UTF-16 code units."""

    def check(text: str) -> str:
        _refuse_over(characters, utf16_length(text))
        return text

    return AfterValidator(check)


def json_at_most[T](characters: int) -> Callable[[T], T]:
    """The check of a value: its JSON text has at most this many UTF-16 code units, and at most MAX_DEPTH levels."""

    def check(value: T) -> T:
        _refuse_deep(value)
        _refuse_over(characters, utf16_length(json.dumps(value, ensure_ascii=False)), "characters of JSON")
        return value

    return check


def is_deeper_than(value: object, levels: int) -> bool:
    """True if objects and arrays are nested deeper than this many levels; scalars are no level."""
    # A loop, not a recursion: the value may be as deep as a body can make it.
    layer: list[object] = [value]
    for _ in range(levels + 1):
        layer = [node for node in layer if isinstance(node, dict | list | tuple)]
        if not layer:
            return False
        layer = [inner for node in layer for inner in _inner(node)]
    return True


def not_blank(text: str) -> str:
    """A text with more than white space in it."""
    if not text.strip():
        raise ValueError(NOT_BLANK)
    return text


def printable(text: str) -> str:
    """A text without line breaks and other control characters: an address ends up in the head of a mail."""
    if not text.isprintable():
        raise ValueError(NO_CONTROL_CHARACTERS)
    return text


def event_names(value: object) -> tuple[str, ...]:
    """Names of events in lower case, each once, in the order given. White space around a name is refused.

    SuperOffice stores them joined by commas, so their length is measured like that.
    """
    names = _texts(value)
    for number, name in enumerate(names, 1):
        if not EVENT_NAME.fullmatch(name):
            raise ValueError(f"must be names of 1 to 250 letters, digits, _, - and . (name {number} is not)")
    known = tuple(dict.fromkeys(name.lower() for name in names))
    if not known:
        raise ValueError("must have the name of at least one event")
    _refuse_over(_MAX_EVENT_CHARACTERS, len(",".join(known)), "characters, joined by commas")
    return known


def addresses(value: object) -> tuple[str, ...]:
    """E-mail addresses; blank ones are left out."""
    return tuple(text.strip() for text in _texts(value) if text.strip())


def names(value: object) -> tuple[str, ...]:
    """Names, each once whatever its case, in the order given; blank ones are left out."""
    known: dict[str, str] = {}
    for name in filter(None, map(str.strip, _texts(value))):
        known.setdefault(name.casefold(), name)
    return tuple(known.values())


def header_texts(value: object) -> dict[str, str]:
    """Headers by name. Numbers and booleans become strings, as Json.NET writes them."""
    if not isinstance(value, dict):
        raise ValueError(OBJECT)
    return {name: _header_text(name, one) for name, one in value.items()}


def list_items(value: object) -> tuple[dict[str, object], ...]:
    """Items of a list, such as associates: the members of an MDOListItem that were given, as the vendor spells them.

    Members are known in any case, and unknown ones are ignored, as everywhere in the entity.
    """
    _refuse_deep(value)
    return tuple(_list_item(item) for item in _items(value))


def _list_item(item: dict[str, object]) -> dict[str, object]:
    spelled = {_LIST_ITEM[name.lower()]: value for name, value in item.items() if name.lower() in _LIST_ITEM}
    if spelled.get(_CHILDREN) is not None:
        spelled[_CHILDREN] = [_list_item(child) for child in _items(spelled[_CHILDREN])]
    return spelled


def _items(value: object) -> list[dict[str, object]]:
    if not isinstance(value, list | tuple):
        raise ValueError("must be an array of objects")
    found = [item for item in value if isinstance(item, dict)]
    if len(found) != len(value):
        raise ValueError("must be an array of objects")
    return found


def _header_text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise ValueError(f"must be an object of strings (the value of {name[:50]} is not one)")


def _texts(value: object) -> list[str]:
    if not isinstance(value, list | tuple):
        raise ValueError(ARRAY_OF_STRINGS)
    if len(value) > _MAX_TEXTS:
        raise ValueError(max_length(_MAX_TEXTS, len(value), "items"))
    texts = [item for item in value if isinstance(item, str)]
    if len(texts) != len(value):
        raise ValueError(ARRAY_OF_STRINGS)
    return texts


def _inner(node: object) -> Iterable[object]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list | tuple) else ()


def _refuse_over(most: int, length: int, unit: str = "characters") -> None:
    if length > most:
        raise ValueError(max_length(most, length, unit))


def _refuse_deep(value: object) -> None:
    if is_deeper_than(value, MAX_DEPTH):
        raise ValueError(f"must have at most {MAX_DEPTH} levels of nesting")
