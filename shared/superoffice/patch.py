"""Changes to a Webhook: JSON Patch in an array, or a merge object (facts/superoffice.md 1.7).

JSON Patch is RFC 6902 with SuperOffice's differences: paths ignore case, their leading slash may be missing, and there
is no move and no copy. Beyond both, adding below a null makes the object or array that is missing there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from shared.errors import BadRequest
from shared.superoffice.errors import PatchConflict
from shared.superoffice.json_value import (
    APPEND,
    NotThere,
    child,
    copied,
    equal,
    index_at,
    member_at,
    member_if_any,
    parse_path,
)
from shared.superoffice.members import find_member
from shared.superoffice.merge import merged

MOST_OPERATIONS = 1000

_MOST_SHOWN = 100


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
    if len(patch) > MOST_OPERATIONS:
        raise BadRequest(f"at most {MOST_OPERATIONS} operations are taken, not {len(patch)}", pointer="#")
    changed = {name: copied(value) for name, value in document.items()}
    for number, raw in enumerate(patch):
        changed = _applied(changed, raw, number)
    return changed


def _applied(document: dict[str, object], raw: object, number: int) -> dict[str, object]:
    try:
        operation = _operation(raw)
    except _Refused as reason:
        raise BadRequest(f"operation {number}: {reason}", pointer=f"#/{number}") from None
    where = f"operation {number}, {operation.name} {operation.path[:_MOST_SHOWN]}"
    try:
        steps = parse_path(operation.path)
        if operation.name != "test":
            return _changed(document, operation, steps)
    except NotThere as reason:
        raise BadRequest(f"{where}: {reason}", pointer=f"#/{number}/path") from None
    if not _holds(document, operation, steps):
        raise PatchConflict(f"{where}: the value is another")
    return document


def _operation(raw: object) -> _Operation:
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


def _holds(document: dict[str, object], operation: _Operation, steps: list[str]) -> bool:
    node: object = document
    try:
        for step in steps:
            node = child(node, step)
    except NotThere:
        # What is not there has no value, so another than the one that is named.
        return False
    return equal(node, operation.value)


def _changed(document: dict[str, object], operation: _Operation, steps: list[str]) -> dict[str, object]:
    # A later operation may change what this one puts there, and the patch must stay as it is.
    value = copied(operation.value)
    if not steps:
        if operation.name == "remove" or not isinstance(value, dict):
            raise NotThere("the whole document can only become an object")
        return value
    parent = _parent(document, steps, makes_missing=operation.name == "add")
    _CHANGES[operation.name](parent, steps[-1], value)
    return document


def _parent(document: dict[str, object], steps: list[str], *, makes_missing: bool) -> object:
    node: object = document
    for step, following in pairwise(steps):
        inner = child(node, step)
        if inner is None and makes_missing:
            inner = [] if following == APPEND else {}
            _replace(node, step, inner)
        node = inner
    return node


def _add(parent: object, step: str, value: object) -> None:
    if isinstance(parent, list):
        is_end = step in {APPEND, str(len(parent))}
        parent.insert(len(parent) if is_end else index_at(parent, step), value)
    elif isinstance(parent, dict):
        name = member_if_any(parent, step)
        parent[step if name is None else name] = value
    else:
        raise NotThere("the value above is neither an object nor an array")


def _replace(parent: object, step: str, value: object) -> None:
    child(parent, step)
    if isinstance(parent, list):
        parent[index_at(parent, step)] = value
    elif isinstance(parent, dict):
        parent[member_at(parent, step)] = value


def _remove(parent: object, step: str, _: object) -> None:
    child(parent, step)
    if isinstance(parent, list):
        del parent[index_at(parent, step)]
    elif isinstance(parent, dict):
        del parent[member_at(parent, step)]


_CHANGES: dict[str, Callable[[object, str, object], None]] = {"add": _add, "replace": _replace, "remove": _remove}
