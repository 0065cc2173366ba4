"""How much a member of a Webhook may hold.

Lengths are counted in UTF-16 code units, as SuperOffice's columns and Table Storage count them: an emoji is two.
"""

import json
from collections.abc import Callable, Iterable

from pydantic import AfterValidator

MOST_DEPTH = 32
"""Levels of nesting in a value that its owner shapes; more than anybody writes, and far from any recursion limit."""


def at_most(characters: int) -> AfterValidator:
    """A text of so many characters at most."""

    def check(text: str) -> str:
        _refuse_over(characters, utf16_length(text))
        return text

    return AfterValidator(check)


def json_at_most[T](characters: int) -> Callable[[T], T]:
    """The check of a value whose JSON text has so many characters at most, and no more than MOST_DEPTH levels."""

    def check(value: T) -> T:
        if is_deeper_than(value, MOST_DEPTH):
            raise ValueError(f"at most {MOST_DEPTH} levels of nesting are taken")
        _refuse_over(characters, utf16_length(json.dumps(value, ensure_ascii=False)), "characters of JSON")
        return value

    return check


def utf16_length(text: str) -> int:
    """How many UTF-16 code units a text has."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def is_deeper_than(value: object, levels: int) -> bool:
    """Whether objects and arrays are nested deeper than so many levels, scalars not counted."""
    # A loop and no recursion: the value may be as deep as a body can make it.
    layer: list[object] = [value]
    for _ in range(levels + 1):
        layer = [node for node in layer if isinstance(node, dict | list | tuple)]
        if not layer:
            return False
        layer = [inner for node in layer for inner in _inner(node)]
    return True


def _inner(node: object) -> Iterable[object]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list | tuple) else ()


def _refuse_over(most: int, length: int, unit: str = "characters") -> None:
    if length > most:
        raise ValueError(f"at most {most} {unit} are taken, not {length}")
