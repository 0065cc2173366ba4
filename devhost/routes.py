"""Routes as ASP.NET understands them: templates, constraints, and which paths they match. Pure.

`{id}` `{id?}` `{id:int}` `{id:guid}` `{id:alpha}` `{id=default}` `{*rest}`; literals and parameter names ignore case.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

_PARAMETER = re.compile(
    r"\{(?P<star>\*{0,2})(?P<name>\w+)(?P<constraints>(:[^?=}]+)*)(=(?P<default>[^?}]*))?(?P<optional>\?)?\}"
)
_SLASH = re.compile(r"%(2f)", re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,30}")
_HYPHENED = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_GUID = re.compile(rf"[0-9a-f]{{32}}|{_HYPHENED}|\{{{_HYPHENED}\}}|\({_HYPHENED}\)", re.IGNORECASE)


def _is_whole(text: str, bits: int) -> bool:
    return bool(_WHOLE_NUMBER.fullmatch(text)) and -(2 ** (bits - 1)) <= int(text) < 2 ** (bits - 1)


_CONSTRAINTS: dict[str, Callable[[str], bool]] = {
    "int": lambda text: _is_whole(text, 32),
    "long": lambda text: _is_whole(text, 64),
    "guid": lambda text: bool(_GUID.fullmatch(text)),
    "alpha": lambda text: text.isascii() and text.isalpha(),
    "bool": lambda text: text.lower() in {"true", "false"},
}


class BadRoute(ValueError):
    """A template is not valid, or uses something that this host does not know."""


@dataclass(frozen=True)
class Segment:
    """One part of a template between slashes: a literal, or a parameter."""

    literal: str = ""
    name: str = ""
    constraints: tuple[str, ...] = ()
    default: str | None = None
    is_optional: bool = False
    is_rest: bool = False

    def accepts(self, text: str) -> bool:
        """Whether this part of a path, decoded, matches."""
        if not self.name:
            return text.lower() == self.literal.lower()
        return all(_CONSTRAINTS[constraint](text) for constraint in self.constraints)


@dataclass(frozen=True)
class Template:
    """A route's template."""

    segments: tuple[Segment, ...]

    def match(self, path: str) -> Mapping[str, str] | None:
        """The values of the parameters in this path, percent-encoded as it came; None if it does not match.

        A parameter that is left out is absent, or has its default.
        """
        # One slash at the end is nothing; any other empty part fits no segment.
        path = path.removeprefix("/").removesuffix("/")
        parts = path.split("/") if path else []
        values: dict[str, str] = {}
        for position, segment in enumerate(self.segments):
            if segment.is_rest:
                parts[position:] = ["/".join(parts[position:])] if parts[position:] else []
            text = _decode(parts[position]) if position < len(parts) else segment.default
            if text == "":
                return None
            if text is None and (segment.is_optional or segment.is_rest):
                continue
            if text is None or not segment.accepts(text):
                return None
            if segment.name:
                values[segment.name] = text
        return values if len(parts) <= len(self.segments) else None


@dataclass(frozen=True)
class Route:
    """A function's route: `methods` in lower case, empty for all."""

    function: str
    template: Template
    methods: frozenset[str]

    def takes(self, method: str) -> bool:
        """Whether this method is among the function's."""
        return not self.methods or method.lower() in self.methods


def parse_template(text: str) -> Template:
    """The template in this text; raises BadRoute."""
    segments = tuple(_segment(part) for part in text.strip("/").split("/") if part)
    names = [segment.name.lower() for segment in segments if segment.name]
    if len(set(names)) < len(names):
        raise BadRoute("the route has two parameters with one name")
    if any(segment.is_rest for segment in segments[:-1]):
        raise BadRoute("nothing may follow a parameter that matches the rest of the route")
    return Template(segments)


def alphabetical(function: str) -> str:
    """What the platform sorts functions by: it compares upper case, in which `_` comes behind the letters."""
    return function.upper()


def find_route(routes: Iterable[Route], method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
    """The first route, in alphabetical order of functions, that matches path and method, with its parameters."""
    for route in sorted(routes, key=lambda route: alphabetical(route.function)):
        if route.takes(method):
            values = route.template.match(path)
            if values is not None:
                return route, values
    return None


def _decode(part: str) -> str:
    # The platform's server decodes everything but the slash, so that it cannot end a segment.
    return unquote(_SLASH.sub(r"%25\1", part))


def _segment(part: str) -> Segment:
    if "{" not in part and "}" not in part:
        return Segment(literal=part)
    found = _PARAMETER.fullmatch(part)
    if found is None:
        raise BadRoute(f"this host does not know the part {part} of the route")
    constraints = tuple(name for name in found["constraints"].split(":") if name)
    if unknown := [name for name in constraints if name not in _CONSTRAINTS]:
        raise BadRoute(f"this host does not know the constraint {unknown[0]} of the route")
    return Segment(
        name=found["name"],
        constraints=constraints,
        default=found["default"],
        is_optional=bool(found["optional"]),
        is_rest=bool(found["star"]),
    )
