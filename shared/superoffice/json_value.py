"""JSON values, compared and copied, and the paths that lead into them (RFC 6901, as SuperOffice relaxes it).

Values are nested no deeper than shared/strict_json.py lets through, plus MOST_STEPS that a patch can add.
"""

import re

from shared.superoffice.names import Names

APPEND = "-"
MOST_STEPS = 32

MAX_ITEMS = 10_000
"""Members of an object, or items of an array, that operations are made among."""

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_BAD_ESCAPE = re.compile(r"~(?![01])")


class NotThere(ValueError):
    """The path is none, or leads nowhere; the message says why."""


def copied(value: object) -> object:
    """A copy that shares no object and no array with the value."""
    if isinstance(value, dict):
        return {name: copied(inner) for name, inner in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


def equal(one: object, other: object) -> bool:
    """Whether two values are the same JSON: 1 is 1.0, and true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other


def parse_path(text: str) -> list[str]:
    """The steps of a path; an empty one is the whole document. Raises NotThere."""
    if _BAD_ESCAPE.search(text):
        raise NotThere("in a path, ~ is written ~0 and a slash in a name ~1")
    if not text:
        return []
    steps = text.removeprefix("/").split("/")
    if len(steps) > MOST_STEPS:
        raise NotThere(f"at most {MOST_STEPS} steps are taken, not {len(steps)}")
    return [step.replace("~1", "/").replace("~0", "~") for step in steps]


def child(node: object, step: str, names: Names) -> object:
    """What is one step below a node; raises NotThere."""
    if isinstance(node, dict):
        return node[member_at(node, step, names)]
    if isinstance(node, list):
        return node[index_at(node, step)]
    raise NotThere("the value above is neither an object nor an array")


def member_at(node: dict[str, object], step: str, names: Names) -> str:
    """The name of the member that a step leads to; raises NotThere."""
    require_few(node)
    name = names.find(node, step)
    if name is None:
        raise NotThere("there is no such member")
    return name


def require_few(node: dict[str, object] | list[object]) -> None:
    """Raise NotThere for an object or array with more in it than any webhook has."""
    if len(node) > MAX_ITEMS:
        kind = "object has more than {} members" if isinstance(node, dict) else "array has more than {} items"
        raise NotThere(f"the {kind.format(MAX_ITEMS)}")


def index_at(node: list[object], step: str) -> int:
    """The index of the item that a step leads to; raises NotThere."""
    if not _INDEX.fullmatch(step):
        raise NotThere("the index of an item is needed, in digits")
    if int(step) >= len(node):
        raise NotThere("there is no such item")
    return int(step)
