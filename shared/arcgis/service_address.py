"""Where a feature service is, and what belongs to it (docs/sources/arcgis.md 3.1, 4.5). Pure."""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from shared.arcgis.webhook_connection import WebhookConnection
from shared.case import simple_lower
from shared.outbound.target import TargetRefused, parse_target

_PATH = re.compile(r"[^/]*//[^/?#]*([^?#]*)")
_SERVICE = re.compile(
    r"(?P<root>/(?:.*/)?rest/)(?P<path>services/.+?/FeatureServer)(?:/\d+)?/?", re.IGNORECASE | re.ASCII
)
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.~@()+,{}")
_CHANGES = "/extractChanges"
# The parameters of extractChanges in notifications and in Esri's reference; `f` is the hub's to say.
_ASYNC = "async"
_PARAMETERS = frozenset(
    simple_lower(name)
    for name in (
        *("serverGens", "layerServerGens", "layers", "layerQueries", _ASYNC, "f", "dataFormat"),
        *("returnInserts", "returnUpdates", "returnDeletes", "returnAttachments", "returnAttachmentsDataByUrl"),
        *("returnIdsOnly", "returnDeletedFeatures", "returnExtentOnly", "returnHasGeometryUpdates", "transportType"),
    )
)


class OddServiceUrl(Exception):
    """An address is none of a feature service, or of another one than it should be."""


@dataclass(frozen=True)
class ServiceAddress:
    """One feature service: `origin` is `https://host`, with a port where it is not the scheme's own.

    `root` is the path up to `rest/`, `path` goes on from there, `services/NAME/FeatureServer`.
    """

    origin: str
    root: str
    path: str

    @classmethod
    def of_item(cls, url: str) -> "ServiceAddress":
        """The service of an item, or the one whose layer the item is; raises OddServiceUrl."""
        found = _SERVICE.fullmatch(plain_path(url))
        if found is None or "?" in url:
            raise OddServiceUrl("the item's address is none of a feature service")
        return cls(_origin(url), found["root"], found["path"])

    @property
    def url(self) -> str:
        """The service's own address."""
        return f"{self.origin}{self.root}{self.path}"

    @property
    def webhooks_url(self) -> str:
        """The admin resource that manages its webhooks."""
        return f"{self.origin}{self.root}admin/{self.path}/WebHooks"

    def changes_url(self, given: str) -> str:
        """The address of this service's changes that `given` asks for; raises OddServiceUrl where it asks another.

        Of the given address only the parameters go into it. The extraction is asynchronous where it says nothing.
        """
        if simple_lower(self._rest_of(given)) != simple_lower(_CHANGES):
            raise OddServiceUrl("the address of the changes is not extractChanges of the item's own service")
        parameters = _parameters(given)
        names = {simple_lower(name) for name in parameters}
        if not names <= _PARAMETERS:
            raise OddServiceUrl("the address of the changes has a parameter that extractChanges does not have")
        asked = {name: value for name, value in parameters.items() if simple_lower(name) != "f"}
        return f"{self.url}{_CHANGES}?{urlencode({**asked, **({} if _ASYNC in names else {_ASYNC: 'true'})})}"

    def below(self, given: str) -> str:
        """The address of something that this service made; raises OddServiceUrl where it is not this service's."""
        rest = self._rest_of(given)
        if (
            not rest.startswith("/")
            or not rest.strip("/")
            or not {simple_lower(name) for name in _parameters(given)} <= {"f"}
        ):
            raise OddServiceUrl("an address in the service's answer is not below the item's own service")
        return f"{self.url}{rest}"

    def _rest_of(self, given: str) -> str:
        """The path after the service's own, as it is written; raises OddServiceUrl."""
        path, own = plain_path(given), self.root + self.path
        # Some spell `ArcGIS/rest` in small letters; what is asked is our own spelling, so this lets nobody else in.
        if _origin(given) != self.origin or simple_lower(path[: len(own)]) != simple_lower(own):
            raise OddServiceUrl("the address of the changes is not at the item's own service")
        return path[len(own) :]


def service_of(connection: WebhookConnection, item_url: str) -> ServiceAddress:
    """The service of a connection's item; raises OddServiceUrl where that is not the one that it was made for.

    The owner of an item can write another service's address into it, and those who consented did so for this one.
    Where it is not known which one, no consent counts yet.
    """
    address = ServiceAddress.of_item(item_url)
    if connection.service is None:
        raise OddServiceUrl(
            "the connection is bound to no feature service yet: somebody who may manage it must update the connection "
            "with manageWebhook"
        )
    if simple_lower(address.url) != simple_lower(connection.service):
        raise OddServiceUrl("the item's address is not the one that the connection was made for: make a new connection")
    return address


def plain_path(url: str) -> str:
    """The path of an address, in which nothing stands that a server could read as another path.

    Raises OddServiceUrl for a part that is empty (but for the last), or consists of or ends in dots, and for percent
    signs, semicolons and the like.
    """
    _origin(url)
    found = _PATH.match(url)
    path = found.group(1) if found else ""
    parts = path.removesuffix("/").split("/")[1:]
    if not all(part and not part.endswith(".") and all(map(_is_plain, part)) for part in parts):
        raise OddServiceUrl("the path of the address has a part that no service has: dots, nothing, % or ; or the like")
    return path


def _is_plain(character: str) -> bool:
    # Letters with their marks, and digits, of any script; not what a server may take for a slash or a dot.
    if character.isascii():
        return character in _PLAIN
    return unicodedata.category(character)[0] in "LMN" and unicodedata.normalize("NFKC", character) == character


def _origin(url: str) -> str:
    """Scheme, host and port; raises OddServiceUrl where the address cannot be read in one way only."""
    try:
        target = parse_target(url)
    except TargetRefused as refusal:
        raise OddServiceUrl(refusal.detail) from None
    return f"{target.scheme}://{target.authority}"


def _parameters(url: str) -> dict[str, str]:
    query = url.partition("?")[2]
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=30)
    except ValueError:
        raise OddServiceUrl("the parameters of the address cannot be read") from None
    if len({simple_lower(name) for name, _ in pairs}) < len(pairs):
        raise OddServiceUrl("a parameter stands in the address twice")
    return dict(pairs)
