"""Domains and hosts as the operator names them in settings: one rule for checking a setting and for using it. Pure."""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address

import idna

_LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_HOST_LABEL = r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
_NAME = rf"\.?{_HOST_LABEL}(\.{_HOST_LABEL})*"
_IPV6 = r"[0-9a-f:.]+"
# An IPv6 address without a port may stand without its brackets.
_ENTRY = re.compile(rf"((?P<name>{_NAME})|\[(?P<ipv6>{_IPV6})\])(:(?P<port>[0-9]{{1,5}}))?|(?P<bare>{_IPV6})")
_MAX_PORT = 65_535


def domain_name(written: str) -> str | None:
    """A domain as mail servers know it: ASCII in lower case, without a dot at its end; None if it is not a domain."""
    try:
        ascii_ = written if written.isascii() else idna.encode(written, uts46=True).decode("ascii")
    except UnicodeError:
        return None
    domain = ascii_.lower().removesuffix(".")
    return domain if _DOMAIN.fullmatch(domain) else None


@dataclass(frozen=True)
class HostEntry:
    """A host, or with a leading dot all hosts below it, and the port there; without a port, that of https.

    `host` is in lower case, an IPv6 address without brackets and in its shortest spelling.
    """

    host: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> "HostEntry | None":
        """The entry in `host`, `host:port`, `.domain`, `[IPv6]:port` and the like; None for anything else."""
        found = _ENTRY.fullmatch(text.strip().lower())
        if found is None:
            return None
        host = found["name"] or _shortest(found["ipv6"] or found["bare"])
        port = None if found["port"] is None else int(found["port"])
        return cls(host, port) if host and (port is None or 1 <= port <= _MAX_PORT) else None


def _shortest(ipv6: str) -> str:
    try:
        return str(IPv6Address(ipv6))
    except ValueError:
        return ""
