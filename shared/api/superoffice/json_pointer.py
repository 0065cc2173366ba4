"""Paths into a JSON document (RFC 6901), with SuperOffice's differences: names in any case, no leading slash needed.

What both kinds of patch need besides: members in any case at a bounded cost, copies, and equality as JSON has it.
"""

import re
from collections.abc import Iterable

type Members = dict[str, object]

APPEND = "-"
MAX_STEPS = 32

MAX_ITEMS = 10_000
"""Members of an object, or items of an array, among which an operation is carried out."""

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_BAD_ESCAPE = re.compile(r"~(?![01])")


class NoSuchPlace(ValueError):
    """The text is not a path, or the path leads nowhere; the message says why."""


class Names:
    """The names in the objects of one document, for as long as one patch is applied to it.

    Each object is read once, however often its members are asked for in another case than theirs.
    """

    def __init__(self) -> None:
        # By identity. The object is kept too, so that no other one can get its identity meanwhile.
        self._known: dict[int, tuple[Members, dict[str, dict[str, None]]]] = {}

    def find(self, node: Members, name: str) -> str | None:
        """The object's spelling of a name: the same one if it is there, else the first that differs in case only."""
        if name in node:
            return name
        return next(iter(self._spellings(node).get(name.lower(), ())), None)

    def put(self, node: Members, name: str, value: object) -> None:
        """Set the member with this name in any case, or add it."""
        known = self.find(node, name)
        if known is None:
            self._spellings(node).setdefault(name.lower(), {})[name] = None
        node[name if known is None else known] = value

    def drop(self, node: Members, name: str) -> None:
        """Remove the member with this name in any case, if there is one."""
        known = self.find(node, name)
        if known is not None:
            del self._spellings(node)[known.lower()][known]
            del node[known]

    def _spellings(self, node: Members) -> dict[str, dict[str, None]]:
        """The object's names by their lower case, in the object's order."""
        if id(node) not in self._known:
            spellings: dict[str, dict[str, None]] = {}
            for name in node:
                spellings.setdefault(name.lower(), {})[name] = None
            self._known[id(node)] = node, spellings
        return self._known[id(node)][1]


def parse_path(text: str) -> list[str]:
    """The steps of a path; an empty one is the whole document. Raises NoSuchPlace."""
    if _BAD_ESCAPE.search(text):
        raise NoSuchPlace("in a path, ~ is written ~0 and a slash in a name ~1")
    if not text:
        return []
    steps = text.removeprefix("/").split("/")
    if len(steps) > MAX_STEPS:
        raise NoSuchPlace(f"a path must have at most {MAX_STEPS} steps (got {len(steps)})")
    return [step.replace("~1", "/").replace("~0", "~") for step in steps]


def value_at(document: object, steps: Iterable[str], names: Names) -> object:
    """The value that the steps lead to; raises NoSuchPlace."""
    for step in steps:
        document = child(document, step, names)
    return document


def child(node: object, step: str, names: Names) -> object:
    """The value one step below a node; raises NoSuchPlace."""
    if isinstance(node, dict):
        return node[member_at(node, step, names)]
    if isinstance(node, list):
        return node[index_at(node, step)]
    raise NoSuchPlace("the value above is neither an object nor an array")


def member_at(node: Members, step: str, names: Names) -> str:
    """The name of the member that a step leads to; raises NoSuchPlace."""
    require_few(node)
    name = names.find(node, step)
    if name is None:
        raise NoSuchPlace("there is no such member")
    return name


def index_at(node: list[object], step: str) -> int:
    """The index of the item that a step leads to; raises NoSuchPlace."""
    if not _INDEX.fullmatch(step):
        raise NoSuchPlace("the index of an item must be digits")
    if int(step) >= len(node):
        raise NoSuchPlace("there is no such item")
    return int(step)


def require_few(node: Members | list[object]) -> None:
    """Raise NoSuchPlace for an object or array that holds more than any webhook does."""
    if len(node) > MAX_ITEMS:
        kind, parts = ("object", "members") if isinstance(node, dict) else ("array", "items")
        raise NoSuchPlace(f"the {kind} has more than {MAX_ITEMS} {parts}")


def copied(value: object) -> object:
    """A copy that shares no object and no array with the value."""
    if isinstance(value, dict):
        return {name: copied(inner) for name, inner in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


def equal(one: object, other: object) -> bool:
    """Whether two values are the same JSON: 1 equals 1.0, and true does not equal 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other
