"""JSON as SuperOffice's clients send it: strict, but for a comma behind the last item (facts/superoffice.md 7). Pure.

The vendor's own samples end in such commas, and its server, which reads with Json.NET, takes them.
"""

import re

from shared.errors import NotJson
from shared.strict_json import parse_json

# Possessive, and strings may end with the text: so no character is looked at more than a few times.
_TOKEN = re.compile(
    rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)'  # a string
    rb"|[\[{,:]\s*+,"  # a comma before which nothing stands
    rb"|(?P<trailing>,)(?=\s*+[\]}])",
    re.DOTALL,
)


def read_json(body: bytes) -> object:
    """The value of a JSON text in which a comma may stand behind the last member or item; else as `parse_json`.

    Raises NotJson with the reason that the strict reading gives.
    """
    try:
        return parse_json(body)
    except NotJson as strict:
        without = _TOKEN.sub(lambda found: b"" if found["trailing"] else found[0], body)
        if without == body:
            raise
        try:
            return parse_json(without)
        except NotJson:
            raise strict from None
