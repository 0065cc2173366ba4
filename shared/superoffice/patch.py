"""Changes to a Webhook: JSON Patch in an array, or a merge object (facts/superoffice.md 1.7).

JSON Patch is RFC 6902 with SuperOffice's differences: paths ignore case, their leading slash may be missing, and there
is no move and no copy. Beyond both, adding below a null makes the object or array that is missing there.
"""

import json
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
    parse_path,
    require_few,
)
from shared.superoffice.members import find_member
from shared.superoffice.merge import merged
from shared.superoffice.names import Names

MOST_OPERATIONS = 1000
MAX_VALUE_CHARACTERS = 300_000
"""Of all values of a patch together, as JSON. All members of a webhook have less than half as many."""

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
    where = f"operation {number}, {operation.name} {operation.path[:_MOST_SHOWN]}"
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
