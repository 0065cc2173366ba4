"""The URL of a target, parsed once and strictly. Pure.

Two parsers that disagree are a security hole, so this is the only one: the host found here is the one that is resolved,
that TLS checks, and that the Host header names (docs/sources/delivery.md 3.5).
"""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import quote

import idna

_DEFAULT_PORTS = {"https": 443, "http": 80}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_AUTHORITY = re.compile(r"[^/?#]*")
_PORT = re.compile(r"[0-9]{1,5}")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_MAX_PORT = 65_535
_MAX_HOST_CHARACTERS = 253
_MAX_URL_CHARACTERS = 4_000
# What no URL may hold as it is (RFC 3986); strict servers answer 400 to it. Everything else in ASCII, and with it what
# is encoded already, is sent as it was written.
_NEVER_RAW = frozenset('"<>\\^`{|}')
_SENT_AS_IT_IS = "".join(one for one in map(chr, range(0x21, 0x7F)) if one not in _NEVER_RAW)


class TargetRefused(Exception):
    """The target may not be called.

    `rule` is one of `syntax`, `scheme`, `https`, `userinfo`, `fragment`, `host`, `port`, `address`, `hub`. `detail` is
    a sentence for the person who set the target. Of the URL it repeats only a well-formed host.
    """

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(f"{rule}: {detail}")
        self.rule = rule
        self.detail = detail


@dataclass(frozen=True)
class Target:
    """Where to call.

    `scheme` is `https` or `http`. `host` is ASCII in lower case, or an IPv6 address without brackets. `path_and_query`
    begins with `/` and is as it is sent: ASCII, and percent-encoded where no URL may hold a character as it is. `url`
    is the text as it was given.
    """

    scheme: str
    host: str
    port: int
    path_and_query: str
    url: str

    @property
    def authority(self) -> str:
        """The value of the Host header, which leaves out the scheme's default port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme and host, with the port unless it is the scheme's default: `https://host`."""
        return f"{self.scheme}://{self.authority}"


def parse_target(url: str) -> Target:
    """The target that a URL names; raises TargetRefused with any rule but `https`, `address` and `hub`."""
    _refuse_characters(url)
    scheme, rest = _split_scheme(url)
    if "#" in rest:
        raise TargetRefused("fragment", "the URL has a fragment (#...), which is never sent")
    authority = _AUTHORITY.match(rest)
    written = authority.group() if authority else ""
    if "@" in written:
        raise TargetRefused("userinfo", "the URL contains a user name or password; use a header")
    host, port = _split_port(written)
    return Target(scheme, _host(host), _port(port, scheme), _path_and_query(rest[len(written) :]), url)


def _refuse_characters(url: str) -> None:
    if len(url) > _MAX_URL_CHARACTERS:
        raise TargetRefused("syntax", f"the URL is longer than {_MAX_URL_CHARACTERS} characters")
    # A tab or a line break is dropped by some parsers and kept by others; a backslash is a slash to some of them.
    if not url.isprintable() or " " in url or "\\" in url:
        raise TargetRefused("syntax", "the URL contains white space, an invisible character or a backslash")


def _split_scheme(url: str) -> tuple[str, str]:
    found = _SCHEME.match(url)
    if found is None or found.group(1).lower() not in _DEFAULT_PORTS:
        raise TargetRefused("scheme", "the URL must begin with https://")
    if not url.startswith("//", found.end()):
        raise TargetRefused("syntax", "two slashes must follow the scheme")
    return found.group(1).lower(), url[found.end() + 2 :]


def _split_port(authority: str) -> tuple[str, str | None]:
    """Host and port as written; the port is None if there is none."""
    if authority.startswith("["):
        host, bracket, rest = authority.partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise TargetRefused(
                "host", "the bracket of an address is not closed, or something other than a port follows it"
            )
        return host + bracket, rest[1:] if rest else None
    host, colon, port = authority.partition(":")
    return host, port if colon else None


def _port(written: str | None, scheme: str) -> int:
    if written is None:
        return _DEFAULT_PORTS[scheme]
    # What follows the colon is not repeated: in a broken URL it can be a password.
    if not _PORT.fullmatch(written) or not 1 <= int(written) <= _MAX_PORT:
        raise TargetRefused("port", f"the port must be a number from 1 to {_MAX_PORT}")
    return int(written)


def _host(written: str) -> str:
    if written.startswith("["):
        return _literal(written[1:-1])
    host = (written.lower() if written.isascii() else _to_ascii(written)).removesuffix(".")
    if not host or len(host) > _MAX_HOST_CHARACTERS or not all(map(_LABEL.fullmatch, host.split("."))):
        raise TargetRefused("host", "the host is missing, or is neither a name nor an address")
    return host


def _literal(written: str) -> str:
    try:
        # The library would accept a zone id.
        if "%" in written:
            raise ValueError(written)
        return str(IPv6Address(written))
    except ValueError:
        raise TargetRefused("host", "what is in the brackets is not an IPv6 address") from None


def _to_ascii(name: str) -> str:
    try:
        # As browsers do it (UTS 46). The standard library has only IDNA 2003, which maps some names to other names.
        return idna.encode(name, uts46=True).decode("ascii").lower()
    except UnicodeError:
        raise TargetRefused("host", "the host is not a name that IDNA allows") from None


def _path_and_query(written: str) -> str:
    sent = quote(written, safe=_SENT_AS_IT_IS)
    return sent if sent.startswith("/") else f"/{sent}"
