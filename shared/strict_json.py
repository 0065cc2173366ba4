"""Strict JSON: how bytes from outside become values, unless a neighbour needs a more lenient reader.

UTF-8, with or without a byte order mark; no NaN, no Infinity, no lone surrogates; the last of duplicate keys counts.
"""

import math
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE

from pydantic_core import from_json

from shared.errors import BadRequest, NotJson


def parse_json(body: bytes) -> object:
    """The value of a JSON text: dict, list, str, int, float, bool or None, and nothing infinite in any depth.

    An integer may have up to 4,300 digits and stays an int; a number too small for a double becomes 0.0. Nesting may be
    about 200 deep.

    Raises NotJson for everything else. Its message gives the reason and, where known, line and column (in bytes, a byte
    order mark not counted), and never the content.
    """
    text = body.removeprefix(BOM_UTF8)
    refuse_other_encodings(text)
    try:
        value: object = from_json(text, allow_inf_nan=False)
    except ValueError as reason:
        raise NotJson(f"the body is not JSON: {reason}") from reason
    if _holds_infinity(value):
        raise NotJson("the body has a number that is out of range")
    return value


def parse_object(body: bytes) -> dict[str, object]:
    """The JSON object in the body. Raises NotJson as parse_json does, and BadRequest for an array or a scalar."""
    return require_object(parse_json(body))


def require_object(value: object) -> dict[str, object]:
    """The value of a body, which is a JSON object; raises BadRequest for an array or a scalar."""
    if not isinstance(value, dict):
        raise BadRequest("the body must be a JSON object", pointer="#")
    return value


def refuse_other_encodings(text: bytes) -> None:
    """Raise NotJson if a text without its byte order mark is empty, or plainly in another encoding than UTF-8."""
    # The parser refuses all of these too, but its reason ("expected value at line 1 column 1") helps nobody.
    if not text.strip():
        raise NotJson("the body is empty")
    if text.startswith((BOM_UTF16_BE, BOM_UTF16_LE)) or 0 in text[:4]:
        raise NotJson("the body is not UTF-8")


def _holds_infinity(value: object) -> bool:
    # The parser refuses the word Infinity, but reads 1e400 as an infinite float, which could not be written as JSON
    # again. A loop instead of recursion: this runs on every request.
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, float) and math.isinf(node):
            return True
    return False
