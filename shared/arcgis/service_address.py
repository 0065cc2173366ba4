"""Where a feature service is, and what belongs to it (docs/sources/arcgis.md 3.1, 4.5). Pure."""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from shared.arcgis.webhook_connection import WebhookConnection
from shared.case import simple_lower
from shared.outbound.target import Target, TargetRefused, parse_target

_PATH = re.compile(r"[^/]*//[^/?#]*([^?#]*)")
_SERVICE = re.compile(
    r"(?P<root>/(?:.*/)?rest/)(?P<path>services/.+?/FeatureServer)(?:/\d+)?/?", re.IGNORECASE | re.ASCII
)
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.~@()+,{}")
_CHANGES = "/extractChanges"
# The parameters of extractChanges in notifications and in Esri's reference. The hub sets `f` itself.
_ASYNC = "async"
_PARAMETERS = frozenset(
    simple_lower(name)
    for name in (
        *("serverGens", "layerServerGens", "layers", "layerQueries", _ASYNC, "f", "dataFormat"),
        *("returnInserts", "returnUpdates", "returnDeletes", "returnAttachments", "returnAttachmentsDataByUrl"),
        *("returnIdsOnly", "returnDeletedFeatures", "returnExtentOnly", "returnHasGeometryUpdates", "transportType"),
    )
)


class InvalidServiceUrl(Exception):
    """An address is not a feature service's, or is another service's than it should be; the text says which."""


@dataclass(frozen=True)
class ServiceAddress:
    """One feature service. `root` is the path up to `rest/`; `path` goes on with `services/NAME/FeatureServer`.

    `target` is the parsed address that the item has: who decides whether the host may be called need not parse again.
    """

    target: Target
    root: str
    path: str

    @classmethod
    def of_item(cls, url: str) -> "ServiceAddress":
        """The service in the address of an item, which may be that of a layer too; raises InvalidServiceUrl."""
        target, path = _parse(url)
        found = _SERVICE.fullmatch(path)
        if found is None or "?" in url:
            raise InvalidServiceUrl("the item's address is not that of a feature service")
        return cls(target, found["root"], found["path"])

    @property
    def origin(self) -> str:
        """Scheme and host, with the port unless it is the scheme's default: `https://host`."""
        return self.target.origin

    @property
    def url(self) -> str:
        """The service's own address."""
        return f"{self.origin}{self.root}{self.path}"

    @property
    def webhooks_url(self) -> str:
        """The admin resource that manages its webhooks."""
        return f"{self.origin}{self.root}admin/{self.path}/WebHooks"

    def changes_url(self, given: str) -> str:
        """The address at which this service extracts the changes that `given` asks for.

        Raises InvalidServiceUrl if `given` asks for anything else. Only its parameters are used, and the extraction is
        asynchronous unless they say otherwise.
        """
        if simple_lower(self._rest_of(given)) != simple_lower(_CHANGES):
            raise InvalidServiceUrl("the address of the changes is not extractChanges of the item's own service")
        parameters = _parameters(given)
        names = {simple_lower(name) for name in parameters}
        if not names <= _PARAMETERS:
            raise InvalidServiceUrl("the address of the changes has a parameter that extractChanges does not have")
        asked = {name: value for name, value in parameters.items() if simple_lower(name) != "f"}
        return f"{self.url}{_CHANGES}?{urlencode({**asked, **({} if _ASYNC in names else {_ASYNC: 'true'})})}"

    def below(self, given: str) -> str:
        """The address of something that this service made; raises InvalidServiceUrl if it is not below the service."""
        rest = self._rest_of(given)
        if (
            not rest.startswith("/")
            or not rest.strip("/")
            or not {simple_lower(name) for name in _parameters(given)} <= {"f"}
        ):
            raise InvalidServiceUrl("an address in the service's answer is not below the item's own service")
        return f"{self.url}{rest}"

    def _rest_of(self, given: str) -> str:
        """The path after the service's own, as it is written; raises InvalidServiceUrl."""
        target, path = _parse(given)
        own = self.root + self.path
        # Some write `ArcGIS/rest` in small letters. The call uses our own spelling, so this lets nobody else in.
        if target.origin != self.origin or simple_lower(path[: len(own)]) != simple_lower(own):
            raise InvalidServiceUrl("the address of the changes is not at the item's own service")
        return path[len(own) :]


def require_bound(connection: WebhookConnection, address: ServiceAddress) -> None:
    """Raise InvalidServiceUrl unless this is the service that the connection is bound to.

    The owner of an item can write another service's address into it, but the users of the connection consented to this
    one. While it is not known which one that is, no consent counts.
    """
    if connection.service is None:
        raise InvalidServiceUrl(
            "the connection is bound to no feature service yet: somebody who may manage it must update the connection "
            "with manageWebhook"
        )
    if simple_lower(address.url) != simple_lower(connection.service):
        raise InvalidServiceUrl(
            "the item's address is not the one that the connection was made for: make a new connection"
        )


def _parse(url: str) -> tuple[Target, str]:
    """The target, and the path as it is written; raises InvalidServiceUrl if either can be read in two ways.

    A path can if a part is empty (but for the last), consists of dots or ends in one, or has a percent sign, a
    semicolon or the like.
    """
    try:
        target = parse_target(url)
    except TargetRefused as refusal:
        raise InvalidServiceUrl(refusal.detail) from None
    found = _PATH.match(url)
    path = found.group(1) if found else ""
    parts = path.removesuffix("/").split("/")[1:]
    if not all(part and not part.endswith(".") and all(map(_is_plain, part)) for part in parts):
        raise InvalidServiceUrl("a part of the address's path is empty, has only dots, or has % or ; or the like")
    return target, path


def _is_plain(character: str) -> bool:
    # Letters with their marks, and digits, of any script; but nothing that a server may read as a slash or a dot.
    if character.isascii():
        return character in _PLAIN
    return unicodedata.category(character)[0] in "LMN" and unicodedata.normalize("NFKC", character) == character


def _parameters(url: str) -> dict[str, str]:
    query = url.partition("?")[2]
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=30)
    except ValueError:
        raise InvalidServiceUrl("the parameters of the address cannot be read") from None
    if len({simple_lower(name) for name, _ in pairs}) < len(pairs):
        raise InvalidServiceUrl("the address has a parameter twice")
    return dict(pairs)
