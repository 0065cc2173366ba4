"""JSON whose numbers keep every digit: a decimal that no double holds is a Decimal here, and a number in the text.

Dataverse's decimals and amounts have up to 22 digits, and a double holds 15 to 17. Pure.
"""

import json
import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

MAX_PLAIN_DEPTH = 100
"""Levels of arrays and objects that every reader of the hub's own messages follows."""


def dump_json(value: object, *, is_compact: bool = False) -> str:
    """The value as JSON text: in ASCII with blanks behind commas and colons, or compact and not escaped."""
    separators = (",", ":") if is_compact else None
    try:
        return json.dumps(value, ensure_ascii=not is_compact, allow_nan=False, separators=separators)
    except TypeError:
        # Only values that hold a Decimal need it, and they are few.
        import simplejson

        return simplejson.dumps(value, ensure_ascii=not is_compact, allow_nan=False, separators=separators)


def load_json(text: str) -> object:
    """The value of a text that `dump_json` wrote."""
    return json.loads(text, parse_float=exact_number)


def exact_number(text: str) -> float | Decimal | str:
    """The number that these digits write: a float if it prints the same value, else a Decimal.

    One that is larger than any double stays a text, for most readers of JSON would refuse it or read it as infinite.
    """
    number = float(text)
    if math.isinf(number):
        return text
    try:
        exact = Decimal(text)
        return number if exact == Decimal(repr(number)) else exact
    except InvalidOperation:
        # Its exponent has so many digits that nothing can hold it.
        return text


def is_plain(value: object) -> bool:
    """Whether any JSON library writes and reads the value without loss: no Decimal in it, and not too deep."""
    level: list[object] = [value]
    for _ in range(MAX_PLAIN_DEPTH):
        if any(isinstance(item, Decimal) for item in level):
            return False
        level = [child for item in level for child in _children(item)]
        if not level:
            return True
    return False


def _children(value: object) -> list[object]:
    if isinstance(value, Mapping):
        return [*value.values()]
    return value if isinstance(value, list) else []
