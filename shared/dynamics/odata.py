"""OData, as the Dataverse Web API speaks it: how texts and queries are written. Pure.

Source: docs/sources/dynamics.md 2.1, 2.6.
"""

from collections.abc import Mapping
from urllib.parse import quote

# These mean nothing to a query string as a whole, and something to OData within it.
_SAFE = "'$(),;:=/*"


def text_literal(text: str) -> str:
    """A text as a value in a filter: in quotes, those in it doubled."""
    return "'" + text.replace("'", "''") + "'"


def query_string(options: Mapping[str, str]) -> str:
    """Query options as they follow a path, `?$select=name&$filter=name%20eq%20'Create'`."""
    return "?" + "&".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in options.items())
