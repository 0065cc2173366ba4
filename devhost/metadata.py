"""The functions of an app: the folders with a function.json, checked as the platform checks them.

Source: docs/sources/functions.md 1.1, 1.5.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devhost.routes import BadRoute, Route, alphabetical, parse_template
from devhost.schedules import BadSchedule, Schedule

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,127}", re.IGNORECASE | re.ASCII)
_RESERVED = ("admin", "runtime")


class BadFunction(ValueError):
    """The platform would leave this function out. The message says why."""


@dataclass(frozen=True)
class Function:
    """One function: its folder, its bindings as function.json has them, and its trigger among them."""

    name: str
    folder: Path
    bindings: tuple[Mapping[str, Any], ...]
    script: Path
    entry_point: str = ""
    is_disabled: bool = False
    schedule: Schedule | None = None
    """When a timer starts it; None where anything else does."""

    @property
    def trigger(self) -> Mapping[str, Any]:
        """The binding that starts it."""
        return next(binding for binding in self.bindings if str(binding["type"]).lower().endswith("trigger"))

    @property
    def is_http(self) -> bool:
        """Whether requests start it."""
        return str(self.trigger["type"]).lower() == "httptrigger"

    @property
    def is_queue(self) -> bool:
        """Whether messages start it."""
        return str(self.trigger["type"]).lower() == "queuetrigger"

    @property
    def http_output(self) -> str:
        """The name of the output that answers a request, usually `$return`; empty if there is none."""
        outputs = (str(binding["name"]) for binding in self.bindings if str(binding["type"]).lower() == "http")
        return next(outputs, "")

    @property
    def route_text(self) -> str:
        """Its route without the prefix; by default its name."""
        return str(self.trigger.get("route") or self.name).strip("/")

    @property
    def methods(self) -> frozenset[str]:
        """Its methods in lower case, empty for all."""
        return frozenset(str(method).lower() for method in self.trigger.get("methods") or ())

    @property
    def auth_level(self) -> str:
        """anonymous, function or admin."""
        return str(self.trigger.get("authLevel", "function")).lower()

    def route(self, prefix: str) -> Route:
        """Its route below the prefix."""
        return Route(self.name, parse_template(f"{prefix}/{self.route_text}"), self.methods)


def discover(root: Path, environment: Mapping[str, str]) -> tuple[list[Function], dict[str, str]]:
    """The functions below `root` in alphabetical order, and those that are left out, each with the reason."""
    found: list[Function] = []
    left_out: dict[str, str] = {}
    for folder in sorted(
        (path.parent for path in root.glob("*/function.json")), key=lambda path: alphabetical(path.name)
    ):
        try:
            function = _read(folder, environment)
            _check_route(function, found)
            found.append(function)
        except BadFunction as error:
            left_out[folder.name] = str(error)
    return found, left_out


def _read(folder: Path, environment: Mapping[str, str]) -> Function:
    if not _NAME.fullmatch(folder.name) or folder.name.lower() == "host":
        raise BadFunction("this is not a valid name for a function")
    try:
        content = json.loads((folder / "function.json").read_text(encoding="utf-8-sig"))
        bindings = tuple(dict(binding) for binding in content.get("bindings", ()))
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise BadFunction(f"function.json cannot be read: {error}") from None
    triggers = [binding for binding in bindings if str(binding.get("type", "")).lower().endswith("trigger")]
    if not bindings:
        raise BadFunction("at least one binding must be declared")
    for binding in bindings:
        _check_binding(binding)
    if len(triggers) != 1:
        raise BadFunction(f"a function must have one trigger (got {len(triggers)})")
    script = folder / str(content.get("scriptFile") or "__init__.py")
    if not script.is_file():
        raise BadFunction("the file that scriptFile names does not exist")
    switch = environment.get(f"AzureWebJobs.{folder.name}.Disabled", str(content.get("disabled", "")))
    is_disabled = switch.lower() in {"true", "1"}
    entry_point = str(content.get("entryPoint") or "")
    schedule = _schedule(triggers[0], environment)
    return Function(folder.name, folder, bindings, script, entry_point, is_disabled, schedule)


def _schedule(trigger: Mapping[str, Any], environment: Mapping[str, str]) -> Schedule | None:
    if str(trigger["type"]).lower() != "timertrigger":
        return None
    try:
        return Schedule.parse(trigger["schedule"], environment)
    except BadSchedule as error:
        raise BadFunction(str(error)) from None


def _check_binding(binding: Mapping[str, Any]) -> None:
    own = {"queue": ["queueName"], "queuetrigger": ["queueName"], "timertrigger": ["schedule"]}
    for member in ["type", "name", *own.get(str(binding.get("type", "")).lower(), [])]:
        if not isinstance(binding.get(member), str) or not binding[member]:
            raise BadFunction(f"a binding has no {member}")


def _check_route(function: Function, others: list[Function]) -> None:
    if not function.is_http:
        return
    if function.route_text.lower().startswith(_RESERVED):
        raise BadFunction("the route conflicts with one that is built in")
    try:
        function.route("")
    except BadRoute as error:
        raise BadFunction(str(error)) from None
    if other := next(_conflicting(function, others), None):
        raise BadFunction(f"{other.name} has the same route, for a method that both have")


def _conflicting(function: Function, others: list[Function]) -> Iterator[Function]:
    for other in others:
        same_route = other.is_http and other.route_text.lower() == function.route_text.lower()
        if same_route and (not other.methods or not function.methods or other.methods & function.methods):
            yield other
