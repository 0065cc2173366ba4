"""Addresses of webhooks: how they are shown, how Dataverse sends them, and which are the same. Pure.

A row of Dataverse may hold any text as its address: another product's, or a mistyped one. So what is shown is decided
by where it stands in the text, and never by whether the text is a valid address.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from shared.outbound.target import TargetRefused, parse_target
from shared.secret_mask import SECRET_MASK

EVENTS_PATH = "/api/webhooks/incoming/dynamicscrm"
"""The route of DynamicsWebhook."""
CONNECTIONS_PATH = f"{EVENTS_PATH}/connection"
"""The route of ConnectionWebhook."""

_SCHEME = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?[/\\]{2,}")
_AUTHORITY = re.compile(r"[^/\\?#]*")
_HOST = re.compile(r"(?:[^@:\[\]]*|\[[0-9A-Fa-f:.]*\])(?::[0-9]{0,5})?")
_PATH = re.compile(r"[^?#]*")
# A path holds a value if somebody forgot the question mark, `/api/x&code=...`.
_PATH_VALUE = re.compile(r"(?<==)[^/\\&;=][^/\\&;]*")
_NAME = re.compile(r"[\w.$~%\[\]-]{1,64}")
_USERINFO = re.compile(r"(?<=//)[^/\\?#]*@")
_PORTS = frozenset({80, 443})
# A shorter value occurs in too many messages by chance.
_MIN_SECRET_CHARACTERS = 4

type _Piece = tuple[str, bool]


def shown_url(url: str) -> str:
    """The address with a mask for user name and password, for each value of its query, and for its fragment.

    An address that is masked already stays as it is.
    """
    return "".join(SECRET_MASK if is_secret else text for text, is_secret in _pieces(url.strip()))


def url_secrets(url: str) -> tuple[str, ...]:
    """The parts of the address that no reply and no log may show, as they are written and decoded."""
    found = [text for text, is_secret in _pieces(url.strip()) if is_secret]
    parts = {part for text in found for part in (text, *text.split(":"))}
    spellings = {spelling for part in parts for spelling in (part, unquote(part), unquote(part.replace("+", " ")))}
    return tuple(sorted(text for text in spellings if len(text) >= _MIN_SECRET_CHARACTERS and text != SECRET_MASK))


def sent_url(url: str) -> str:
    """The address as Dataverse sends it: in ASCII, without slashes at its end; in a query they are encoded instead.

    Raises TargetRefused for a text that is not an address.
    """
    target = parse_target(url)
    text = url if url.isascii() else f"{target.origin}{target.path_and_query}"
    path, _, query = text.partition("?")
    if not query:
        return path.rstrip("/")
    kept = query.rstrip("/")
    return f"{path}?{kept}{'%2F' * (len(query) - len(kept))}"


def address(url: str) -> str:
    """One spelling for all addresses that reach the same function; a text that is not an address equals only itself.

    Dataverse trims the address, cuts slashes at its end, and puts its own `code` into the query; Functions ignores the
    case of a route. Scheme and port do not matter: Dataverse calls only 80 and 443, and the same app answers at both.
    """
    sent = _USERINFO.sub("", url.strip().partition("#")[0])
    try:
        target = parse_target(sent.rstrip("/"))
    except TargetRefused:
        return url
    written, _, query = target.path_and_query.partition("?")
    path = unquote(written).lower().rstrip("/") or "/"
    host = f"[{target.host}]" if ":" in target.host else target.host
    port = "" if target.port in _PORTS else f":{target.port}"
    # The receiving functions read nothing but the key in their query.
    others = [] if is_receiving_path(path) else [part for part in query.split("&") if part and _name(part) != "code"]
    # Always https: the ids of `ensure` follow from this text.
    return f"https://{host}{port}{path}" + ("?" + "&".join(others) if others else "")


def is_receiving_path(path: str) -> bool:
    """Whether this is the path of one of the two functions, in the spelling that `address` gives it."""
    return path in {EVENTS_PATH, CONNECTIONS_PATH}


def query_names(url: str) -> list[str]:
    """The names in the query of an address that have a value, decoded and in lower case."""
    query = url.partition("#")[0].partition("?")[2]
    return [_name(part) for part in query.split("&") if "=" in part]


def _name(part: str) -> str:
    return unquote(part.partition("=")[0]).strip().lower()


def _pieces(url: str) -> Iterator[_Piece]:
    """The text in pieces, each with whether it is a secret."""
    scheme = _SCHEME.match(url)
    start = scheme.end() if scheme else 0
    yield url[:start], False
    authority = _authority(url, start)
    yield from _authority_pieces(authority)
    start += len(authority)
    path = _matched(_PATH, url, start)
    yield from _path_pieces(path)
    rest, hash_, fragment = url[start + len(path) :].partition("#")
    yield from _query_pieces(rest)
    yield hash_, False
    yield fragment, bool(fragment)


def _authority(url: str, start: int) -> str:
    written = _matched(_AUTHORITY, url, start)
    if _HOST.fullmatch(written.rpartition("@")[2]):
        return written
    # A password that was not encoded may contain /, ? or #, which end an authority.
    at = url.rfind("@", start)
    return url[start : at + 1] + _matched(_AUTHORITY, url, at + 1) if at > start + len(written) else written


def _authority_pieces(authority: str) -> Iterator[_Piece]:
    userinfo, at, host = authority.rpartition("@")
    yield userinfo, bool(userinfo)
    yield at, False
    # Anything but a host and a port may be half of a password.
    yield host, not _HOST.fullmatch(host)


def _path_pieces(path: str) -> Iterator[_Piece]:
    end = 0
    for found in _PATH_VALUE.finditer(path):
        yield path[end : found.start()], False
        yield found.group(), True
        end = found.end()
    yield path[end:], False


def _query_pieces(rest: str) -> Iterator[_Piece]:
    yield rest[:1], False
    for number, part in enumerate(rest[1:].split("&")):
        yield "&" if number else "", False
        name, equals, value = part.partition("=")
        if _NAME.fullmatch(name) and value.strip("="):
            yield name + equals, False
            yield value, True
        else:
            # Without a value it can be a bare key that ends in padding.
            yield part, bool(part)


def _matched(pattern: re.Pattern[str], text: str, start: int) -> str:
    found = pattern.match(text, start)
    return found.group() if found else ""
