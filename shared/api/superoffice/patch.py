"""Changes to a Webhook: JSON Patch in an array, or a merge object (docs/sources/superoffice.md 1.7).

JSON Patch is RFC 6902 with SuperOffice's differences: paths ignore case, their leading slash may be missing, and there
is no move and no copy. Beyond both, adding below a null makes the object or array that is missing there.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from shared.api.superoffice.error_answers import PatchConflict
from shared.api.superoffice.members import find_member
from shared.errors import BadRequest

type Members = dict[str, object]


class Names:
    """The names in the objects of one document, for as long as one patch is applied to it."""

    def __init__(self) -> None:
        # By identity; the object goes along, so that no other one can take its identity meanwhile.
        self._known: dict[int, tuple[Members, dict[str, dict[str, None]]]] = {}

    def find(self, node: Members, name: str) -> str | None:
        """The name in an object that is this one: as it stands there or, failing that, the first one in any case."""
        if name in node:
            return name
        return next(iter(self._spellings(node).get(name.lower(), ())), None)

    def put(self, node: Members, name: str, value: object) -> None:
        """Set the member with this name in any case, or a new one."""
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
        """For each name in lower case those that stand in the object, in its order."""
        if id(node) not in self._known:
            spellings: dict[str, dict[str, None]] = {}
            for name in node:
                spellings.setdefault(name.lower(), {})[name] = None
            self._known[id(node)] = node, spellings
        return self._known[id(node)][1]


APPEND = "-"
MAX_STEPS = 32

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
    if len(steps) > MAX_STEPS:
        raise NotThere(f"at most {MAX_STEPS} steps are taken, not {len(steps)}")
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


def merged(document: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    """The document with the changes; neither argument is changed.

    Names are found in any case. A null removes, an object merges, an array replaces, and an object for a member that
    is an array is appended to it: that is where SuperOffice differs from the RFC.

    It costs as much as document and changes are long: a change may name one member in a thousand spellings, and the
    member is not copied for each.
    """
    result = {name: copied(value) for name, value in document.items()}
    _merge(result, changes, Names())
    return result


def _merge(document: dict[str, object], changes: Mapping[str, object], names: Names) -> None:
    for name, value in changes.items():
        if value is None:
            names.drop(document, name)
        elif isinstance(value, dict):
            _merge_member(document, name, value, names)
        else:
            names.put(document, name, copied(value))


def _merge_member(document: dict[str, object], name: str, change: dict[str, object], names: Names) -> None:
    known = names.find(document, name)
    before = None if known is None else document[known]
    if isinstance(before, list):
        before.append(copied(change))
        return
    if not isinstance(before, dict):
        before = {}
        names.put(document, name, before)
    _merge(before, change, names)


MAX_OPERATIONS = 1000
MAX_VALUE_CHARACTERS = 300_000
"""Of all values of a patch together, as JSON. All members of a webhook have less than half as many."""

_MAX_SHOWN = 100


class _Refused(ValueError):
    """An operation that is none; the message says why."""


@dataclass(frozen=True)
class _Operation:
    name: str
    path: str
    value: object


def apply_patch(document: dict[str, object], patch: object) -> dict[str, object]:
    """The document with the changes of an array of operations, or of an object to merge; neither argument is changed.

    Raises PatchConflict where a `test` finds another value, and BadRequest for everything else; both name the
    operation, counted from 0, and its path.
    """
    if isinstance(patch, dict):
        return merged(document, patch)
    if not isinstance(patch, list):
        raise BadRequest("a patch is needed: an array of operations, or an object to merge", pointer="#")
    if len(patch) > MAX_OPERATIONS:
        raise BadRequest(f"at most {MAX_OPERATIONS} operations are taken, not {len(patch)}", pointer="#")
    operations = [_operation(raw, number) for number, raw in enumerate(patch)]
    # What an operation costs grows with what is there, and that grows with what operations before it have put there.
    characters = sum(len(json.dumps(operation.value, ensure_ascii=False)) for operation in operations)
    if characters > MAX_VALUE_CHARACTERS:
        sentence = f"the values of a patch have at most {MAX_VALUE_CHARACTERS} characters of JSON, not {characters}"
        raise BadRequest(sentence, pointer="#")
    changed, names = {name: copied(value) for name, value in document.items()}, Names()
    for number, operation in enumerate(operations):
        changed = _applied(changed, operation, number, names)
    return changed


def _applied(document: dict[str, object], operation: _Operation, number: int, names: Names) -> dict[str, object]:
    where = f"operation {number}, {operation.name} {operation.path[:_MAX_SHOWN]}"
    try:
        steps = parse_path(operation.path)
        if operation.name != "test":
            return _changed(document, operation, steps, names)
    except NotThere as reason:
        raise BadRequest(f"{where}: {reason}", pointer=f"#/{number}/path") from None
    if not _holds(document, operation, steps, names):
        raise PatchConflict(f"{where}: the value is another")
    return document


def _operation(raw: object, number: int) -> _Operation:
    try:
        return _parse(raw)
    except _Refused as reason:
        raise BadRequest(f"operation {number}: {reason}", pointer=f"#/{number}") from None


def _parse(raw: object) -> _Operation:
    if not isinstance(raw, dict):
        raise _Refused("an object with op, path and value is needed")
    name, path, value = (find_member(raw, member) for member in ("op", "path", "value"))
    op = raw[name] if name else None
    if not isinstance(op, str) or op.lower() not in {"test", *_CHANGES}:
        raise _Refused("op: add, replace, remove or test is needed; move and copy are not supported")
    if path is None or not isinstance(raw[path], str):
        raise _Refused("path: a text is needed")
    if value is None and op.lower() != "remove":
        raise _Refused("value: it is missing")
    return _Operation(op.lower(), raw[path], raw[value] if value else None)


def _holds(document: dict[str, object], operation: _Operation, steps: list[str], names: Names) -> bool:
    node: object = document
    try:
        for step in steps:
            node = child(node, step, names)
    except NotThere:
        # What is not there has no value, so another than the one that is named.
        return False
    return equal(node, operation.value)


def _changed(document: dict[str, object], operation: _Operation, steps: list[str], names: Names) -> dict[str, object]:
    # A later operation may change what this one puts there, and the patch must stay as it is.
    value = copied(operation.value)
    if not steps:
        if operation.name == "remove" or not isinstance(value, dict):
            raise NotThere("the whole document can only become an object")
        return value
    parent = _parent(document, steps, names, makes_missing=operation.name == "add")
    if isinstance(parent, dict | list):
        require_few(parent)
    _CHANGES[operation.name](parent, steps[-1], value, names)
    return document


def _parent(document: dict[str, object], steps: list[str], names: Names, *, makes_missing: bool) -> object:
    node: object = document
    for step, following in pairwise(steps):
        inner = child(node, step, names)
        if inner is None and makes_missing:
            inner = [] if following == APPEND else {}
            _replace(node, step, inner, names)
        node = inner
    return node


def _add(parent: object, step: str, value: object, names: Names) -> None:
    if isinstance(parent, list):
        is_end = step in {APPEND, str(len(parent))}
        parent.insert(len(parent) if is_end else index_at(parent, step), value)
    elif isinstance(parent, dict):
        names.put(parent, step, value)
    else:
        raise NotThere("the value above is neither an object nor an array")


def _replace(parent: object, step: str, value: object, names: Names) -> None:
    child(parent, step, names)
    if isinstance(parent, list):
        parent[index_at(parent, step)] = value
    elif isinstance(parent, dict):
        names.put(parent, step, value)


def _remove(parent: object, step: str, _: object, names: Names) -> None:
    child(parent, step, names)
    if isinstance(parent, list):
        del parent[index_at(parent, step)]
    elif isinstance(parent, dict):
        names.drop(parent, step)


_CHANGES: dict[str, Callable[[object, str, object, Names], None]] = {
    "add": _add,
    "replace": _replace,
    "remove": _remove,
}
