"""JSON as SuperOffice's own reader accepts it: strict JSON, but a comma may follow the last item or member. Pure.

The vendor's samples have such commas, and Json.NET reads them. Nothing else is relaxed, and no other API's JSON.
"""

import re

from shared.errors import NotJson
from shared.strict_json import parse_json, require_object

# No character is read more than a few times, whatever the text is: a string that is never closed extends to its end,
# and white space belongs to the one comma or bracket before it.
_PARTS = re.compile(
    rb"""
    "[^"\\]*+(?:\\.[^"\\]*+)*+"?            # a string, in which a comma is text
    | [\[{,:][ \t\r\n]*+,                   # a comma with no value before it, which stays an error
    | (?P<trailing>,)(?=[ \t\r\n]*+[\]}])
    """,
    re.VERBOSE | re.DOTALL,
)


def parse_relaxed_json(body: bytes) -> object:
    """The value of a JSON text, as parse_json gives it. Raises NotJson; line and column are those of the text."""
    try:
        return parse_json(body)
    except NotJson:
        text = without_trailing_commas(body)
        if text == body:
            raise
    return parse_json(text)


def parse_relaxed_object(body: bytes) -> dict[str, object]:
    """The object of a JSON text. Raises NotJson as parse_relaxed_json does, and BadRequest for an array or a scalar."""
    return require_object(parse_relaxed_json(body))


def without_trailing_commas(text: bytes) -> bytes:
    """The text with a blank in place of each comma between a value and a closing bracket.

    Takes time in proportion to the text's length. A text that is malformed in another way stays malformed.
    """
    return _PARTS.sub(lambda part: b" " if part["trailing"] else part[0], text)
