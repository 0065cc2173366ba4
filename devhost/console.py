"""The console of a hub that runs here: its key, and the link that signs in."""

from collections.abc import Mapping
from urllib.parse import quote

from devhost.keys import KeyStore

KEY_NAME = "console"
FUNCTIONS = (
    "Events",
    "WebhookAdmin",
    "WebhookAgent",
    "WebhookConnections",
    "ArcGisConnections",
    "DynamicsRegistration",
)
"""The functions that the page calls. Never one that receives: its callers are not asked who they are."""


_FUNCTION = "Console"
_SESSION = "session"
_GOOD = frozenset({200, 304})


def is_page_file(function: str, route_values: Mapping[str, str], status: int) -> bool:
    """Whether an answer is a file of the page, as its browser wanted it: each screen has some thirty of them. Pure."""
    return function == _FUNCTION and status in _GOOD and route_values.get("path", "").strip("/") != _SESSION


def open_functions(keys: KeyStore, console_key: str) -> None:
    """Have the console's key open the functions that the page calls."""
    for function in FUNCTIONS:
        keys.set_function_key(function, KEY_NAME, console_key)


def sign_in_link(url: str, api_key: str) -> str:
    """The address of the console with an API key behind it, which browsers send to nobody."""
    return f"{url}/api/console#key={quote(api_key, safe='')}"
