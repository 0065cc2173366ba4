"""JSON as SuperOffice's own reader takes it: strict JSON, but a comma may follow the last item or member. Pure.

Samples of the vendor end so, and Json.NET reads them. Nothing else is relaxed, and no other neighbour's JSON is.
"""

import re

from shared.errors import NotJson
from shared.strict_json import parse_json

# Nothing is looked at more than a few times, whatever the text is: a string that is never closed goes to the end of it,
# and a run of white space belongs to the one comma or bracket before it.
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


def without_trailing_commas(text: bytes) -> bytes:
    """The text with a blank in the place of each comma between a value and the bracket that closes what it is in.

    Takes time in proportion to the text's length, whatever it is; what is not JSON otherwise is not afterwards.
    """
    return _PARTS.sub(lambda part: b" " if part["trailing"] else part[0], text)
