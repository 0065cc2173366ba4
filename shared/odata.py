"""OData as the web APIs of Dataverse and Graph speak it: how strings and queries are written. Pure.

Source: docs/sources/dynamics.md 2.1, 2.6.
"""

from collections.abc import Mapping
from urllib.parse import quote

# These have a meaning in OData, but none for the query string as a whole.
_SAFE = "'$(),;:=/*"


def text_literal(text: str) -> str:
    """A string as a value in a filter: in single quotes, with those inside doubled."""
    return "'" + text.replace("'", "''") + "'"


def query_string(options: Mapping[str, str]) -> str:
    """Query options as they follow a path: `?$select=name&$filter=name%20eq%20'Create'`."""
    return "?" + "&".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in options.items())
