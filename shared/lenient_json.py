"""Lenient JSON: how Dynamics' requests are read, and shown again, where strict reading would cost an event.

A form, a script or an import may cut a text in the middle of an emoji, which leaves half a surrogate pair in some
column. Such a half is read as U+FFFD, `NaN` and `Infinity` as null, and a number that cannot be held as the text of its
digits. A number that a double would round is a Decimal (exact_json.py). Code that decides by a field must refuse these
values there: they are neither names nor ids nor numbers.
"""

import json
import re
from codecs import BOM_UTF8

from pydantic_core import from_json

from shared.errors import NotJson
from shared.exact_json import exact_number
from shared.strict_json import parse_json, refuse_other_encodings, require_object

MAX_DEPTH = 1000
"""Levels of arrays and objects that a text may have."""

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
"""What half a surrogate pair is read as."""

# The most digits that Python itself reads as an integer.
_MAX_DIGITS = 4300

_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?'
_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_BRACKET = re.compile(rf"{_STRING}|[\[\]{{}}]", re.DOTALL)
_TOKEN = re.compile(rf"(?P<string>{_STRING})|(?P<constant>NaN|-?Infinity)|(?P<number>{_NUMBER})", re.DOTALL)
# Every escape is matched from its backslash on, so that the second half of a `\\` never begins another one.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def parse_lenient_object(body: bytes) -> dict[str, object]:
    """The JSON object in the body. Half a character in it is mended first.

    Raises NotJson for what is not JSON in UTF-8, or nested deeper than MAX_DEPTH, and BadRequest for an array or a
    scalar. Line and column in a message count characters.
    """
    plain = body.removeprefix(BOM_UTF8)
    refuse_other_encodings(plain)
    try:
        # Its answer is not used: it says in a moment that the text is whole, of whole characters, and not deep.
        from_json(plain, allow_inf_nan=False)
        text = plain.decode()
    except ValueError as reason:
        text = _made_readable(plain, reason)
    try:
        value: object = json.loads(text, parse_float=exact_number, parse_int=_int, parse_constant=lambda _: None)
    except json.JSONDecodeError as reason:
        told = f"{reason.msg.lower()} (line {reason.lineno} column {reason.colno})"
        raise NotJson(f"the body is not JSON: {told}") from None
    return require_object(value)


def as_valid_json(payload: bytes) -> str:
    """The text of a payload that this module has read, as JSON that every client can read.

    NaN and Infinity become null, half a surrogate pair becomes U+FFFD, and a number that cannot be held becomes a
    string. All else is as it came in, to the last digit of a number.
    """
    text = payload.removeprefix(BOM_UTF8).decode("utf-8")
    try:
        parse_json(payload)
    except NotJson:
        return _TOKEN.sub(_valid_token, text)
    return text


def _made_readable(plain: bytes, reason: ValueError) -> str:
    """The text as Python's reader may have it, which minds no depth and keeps halves of characters; raises NotJson."""
    try:
        text = plain.decode("utf-8")
    except UnicodeDecodeError:
        raise NotJson(f"the body is not JSON: {reason}") from None
    _refuse_depth(text)
    return _with_whole_characters(text)


def _refuse_depth(text: str) -> None:
    # The parser itself has no limit but its stack.
    level = 0
    for bracket in _BRACKET.finditer(text):
        if bracket[0] in "[{":
            level += 1
            if level > MAX_DEPTH:
                raise NotJson(f"the body is nested deeper than {MAX_DEPTH} levels")
        elif bracket[0] in "]}":
            level -= 1


def _with_whole_characters(text: str) -> str:
    return _ESCAPE.sub(lambda escape: r"\ufffd" if escape["half"] else escape[0], text)


def _int(text: str) -> int | str:
    return text if len(text.removeprefix("-")) > _MAX_DIGITS else int(text)


def _valid_token(token: re.Match[str]) -> str:
    if token["constant"]:
        return "null"
    if token["number"]:
        return _valid_number(token[0])
    return _with_whole_characters(token[0])


def _valid_number(text: str) -> str:
    is_integer = text.removeprefix("-").isdigit()
    number = _int(text) if is_integer else exact_number(text)
    return json.dumps(number) if isinstance(number, str) else text
