"""The administrative operations of a function, by method and path: how the audit names a request. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.audit.recording import Kind, Recording
from shared.roles.user import is_guid

READ = "read"
SIGNAL = "event.signal"
UNKNOWN = "unknown"
"""The action of a request that may change something and is not listed, so that none goes unrecorded."""


@dataclass(frozen=True)
class Operation:
    """One operation. `path` is below the function's path; a segment in braces stands for any.

    `is_bulk` is true for one that goes through many things, one after the other: only such an operation knows `dryRun`,
    and if it breaks off, some things are changed.
    """

    method: str
    path: str
    action: str = READ
    is_bulk: bool = False

    @property
    def kind(self) -> Kind:
        """Which trace its requests leave."""
        return {READ: Kind.READ, SIGNAL: Kind.EVENT}.get(self.action, Kind.CHANGE)

    @property
    def segments(self) -> tuple[str, ...]:
        """The segments of the path."""
        return _segments(self.path)

    def fits(self, method: str, segments: tuple[str, ...]) -> bool:
        """True if a request with this method and these segments is this operation; case does not matter."""
        pairs = list(zip(self.segments, segments, strict=False))
        same = all(_is_any(own) or own.lower() == given.lower() for own, given in pairs)
        return method == self.method and len(segments) == len(self.segments) and same

    def target(self, segments: tuple[str, ...]) -> tuple[str, ...]:
        """The segments of a request that say what it is about: up to the last one that stands for any."""
        last = max((place for place, own in enumerate(self.segments, 1) if _is_any(own)), default=0)
        pairs = zip(self.segments[:last], segments, strict=False)
        return tuple(_one_spelling(given) if _is_any(own) else own for own, given in pairs)


@dataclass(frozen=True)
class Surface:
    """The operations of a function at `base`; the first that fits counts.

    `parameters` are the parameters of its route that form the path below it. `targets` is what targets begin with, and
    may contain parameters of the route in braces.
    """

    function: str
    base: str
    targets: str
    operations: tuple[Operation, ...]
    parameters: tuple[str, ...] = ("path",)

    def begin(self, method: str, route_params: Mapping[str, str | None], query: Mapping[str, str]) -> Recording:
        """The recording of a request."""
        given = {name: value or "" for name, value in route_params.items()}
        segments = _segments("/".join(given.get(name, "") for name in self.parameters))
        prefix = "/".join(given.get(part[1:-1], "") if _is_any(part) else part for part in self.targets.split("/"))
        found = next((one for one in self.operations if one.fits(method.upper(), segments)), None)
        if found is None:
            is_read = method.upper() == "GET"
            return Recording(READ if is_read else UNKNOWN, Kind.READ if is_read else Kind.CHANGE, prefix)
        # A dry run only counts. Other operations do not know the parameter, and change what they always do.
        is_dry = found.is_bulk and query.get("dryRun", "").lower() == "true"
        target = "/".join((prefix, *found.target(segments)))
        return Recording(found.action, Kind.READ if is_dry else found.kind, target, is_bulk=found.is_bulk)


def _segments(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part)


def _one_spelling(segment: str) -> str:
    # Ids of ArcGIS and names of events keep their case.
    return segment.lower() if is_guid(segment.lower()) else segment


def _is_any(segment: str) -> bool:
    return segment.startswith("{")
