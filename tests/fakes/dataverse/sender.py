"""Where and how Dataverse's own code sends a request of a webhook, from what is registered.

Source: docs/sources/dynamics.md 1.8.
"""

from urllib.parse import quote, unquote, urlsplit, urlunsplit
from xml.etree import ElementTree

from tests.fakes.dataverse.tables import Row

INVALID_HEADERS, INVALID_QUERY = -2147155453, -2147155452

_RESTRICTED = frozenset(
    [
        "accept",
        "connection",
        "content-length",
        "content-type",
        "date",
        "expect",
        "host",
        "if-modified-since",
        "proxy-connection",
        "range",
        "referer",
        "transfer-encoding",
        "user-agent",
    ]
)


class NotSent(Exception):
    """The authentication cannot be sent; `error_code` is that of the job."""

    def __init__(self, error_code: int, message: str) -> None:
        super().__init__(message)
        self.error_code = error_code


def target_of(endpoint: Row, authvalue: str) -> tuple[str, dict[str, str]]:
    """Address and headers of a request; raises NotSent."""
    parts = urlsplit(str(endpoint["url"]).strip().rstrip("/"))
    query = _parsed(parts.query)
    headers: dict[str, str] = {}
    match endpoint["authtype"]:
        case 4:
            query = [(name, value) for name, value in query if name.lower() != "code"] + [("code", authvalue)]
        case 5:
            headers = _settings(authvalue, INVALID_HEADERS)
            if restricted := sorted(_RESTRICTED & {name.lower() for name in headers}):
                raise NotSent(INVALID_HEADERS, f"The '{restricted[0]}' header must be modified by its property")
        case _:
            query += _settings(authvalue, INVALID_QUERY).items()
    return urlunsplit(parts._replace(query="&".join(f"{_encoded(n)}={_encoded(v)}" for n, v in query))), headers


def _settings(authvalue: str, error_code: int) -> dict[str, str]:
    # The app wrote this value, and only by a mistake would it not be XML.
    root = ElementTree.fromstring(authvalue)  # noqa: S314 - the tests' own
    settings: dict[str, str] = {}
    for setting in root.findall("setting"):
        name, value = setting.attrib["name"].strip(), setting.attrib["value"].strip()
        if not name or not value:
            raise NotSent(error_code, "Invalid 'setting' node")
        if name in settings:
            raise NotSent(error_code, "An item with the same key has already been added.")
        settings[name] = value
    return settings


def _parsed(query: str) -> list[tuple[str, str]]:
    pairs = (piece.partition("=") for piece in query.split("&") if piece)
    return [(unquote(name.replace("+", " ")), unquote(value.replace("+", " "))) for name, _, value in pairs]


def _encoded(text: str) -> str:
    # .NET Framework writes what is not ASCII as %u00e9.
    return "".join(quote(one, safe="") if one.isascii() else f"%u{ord(one):04x}" for one in text)
