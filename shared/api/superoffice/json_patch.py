"""Changes to a Webhook: JSON Patch in an array, or a merge object (docs/sources/superoffice.md 1.7).

JSON Patch is RFC 6902 with SuperOffice's differences: paths ignore case, their leading slash may be missing, and there
is no move and no copy. Beyond both, adding below a null makes the object or array that is missing there.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from shared.api.superoffice.error_answers import PatchConflict
from shared.api.superoffice.json_pointer import (
    APPEND,
    Members,
    Names,
    NoSuchPlace,
    child,
    copied,
    equal,
    index_at,
    parse_path,
    require_few,
    value_at,
)
from shared.api.superoffice.members import member
from shared.api.superoffice.merge_patch import merged
from shared.errors import BadRequest
from shared.validation import REQUIRED, STRING

MAX_OPERATIONS = 1000
MAX_VALUE_CHARACTERS = 300_000
"""Of all values of a patch together, as JSON. All members of a webhook have less than half as many."""

_MAX_SHOWN = 100


class _Refused(ValueError):
    """Not an operation; the message says why."""


@dataclass(frozen=True)
class _Operation:
    name: str
    path: str
    value: object


def apply_patch(document: Members, patch: object) -> Members:
    """The document with the changes of an array of operations, or of an object to merge; neither argument is changed.

    Raises PatchConflict if a `test` finds another value, and BadRequest for everything else; both name the operation,
    counted from 0, and its path.
    """
    if isinstance(patch, dict):
        return merged(document, patch)
    if not isinstance(patch, list):
        raise BadRequest("a patch must be an array of operations, or an object to merge", pointer="#")
    operations = _parse_operations(patch)
    changed, names = {name: copied(value) for name, value in document.items()}, Names()
    for number, operation in enumerate(operations):
        changed = _apply(changed, operation, number, names)
    return changed


def _parse_operations(patch: Sequence[object]) -> list[_Operation]:
    if len(patch) > MAX_OPERATIONS:
        raise BadRequest(f"a patch must have at most {MAX_OPERATIONS} operations (got {len(patch)})", pointer="#")
    operations = [_numbered(raw, number) for number, raw in enumerate(patch)]
    # The cost of an operation grows with the document, and the document grows with what earlier operations add to it.
    characters = sum(len(json.dumps(operation.value, ensure_ascii=False)) for operation in operations)
    if characters > MAX_VALUE_CHARACTERS:
        limit = f"at most {MAX_VALUE_CHARACTERS} characters of JSON"
        raise BadRequest(f"the values of a patch must have {limit} (got {characters})", pointer="#")
    return operations


def _numbered(raw: object, number: int) -> _Operation:
    try:
        return _parse_operation(raw)
    except _Refused as reason:
        raise BadRequest(f"operation {number}: {reason}", pointer=f"#/{number}") from None


def _parse_operation(raw: object) -> _Operation:
    if not isinstance(raw, dict):
        raise _Refused("must be an object with op, path and value")
    op, path = member(raw, "op"), member(raw, "path")
    if not isinstance(op, str) or op.lower() not in {"test", *_CHANGES}:
        raise _Refused("op must be add, replace, remove or test; move and copy are not supported")
    if not isinstance(path, str):
        raise _Refused(f"path {STRING if path is not None else REQUIRED}")
    if op.lower() != "remove" and not any(name.lower() == "value" for name in raw):
        raise _Refused(f"value {REQUIRED}")
    return _Operation(op.lower(), path, member(raw, "value"))


def _apply(document: Members, operation: _Operation, number: int, names: Names) -> Members:
    where = f"operation {number}, {operation.name} {operation.path[:_MAX_SHOWN]}"
    try:
        steps = parse_path(operation.path)
        if operation.name != "test":
            return _changed(document, operation, steps, names)
    except NoSuchPlace as reason:
        raise BadRequest(f"{where}: {reason}", pointer=f"#/{number}/path") from None
    if not _holds(document, operation, steps, names):
        raise PatchConflict(f"{where}: the value is another")
    return document


def _holds(document: Members, operation: _Operation, steps: list[str], names: Names) -> bool:
    try:
        return equal(value_at(document, steps, names), operation.value)
    except NoSuchPlace:
        # A place that is not there has no value, so not the one that the test names.
        return False


def _changed(document: Members, operation: _Operation, steps: list[str], names: Names) -> Members:
    # A later operation may change what this one adds, and the patch must stay as it is.
    value = copied(operation.value)
    if not steps:
        if operation.name == "remove" or not isinstance(value, dict):
            raise NoSuchPlace("the whole document can only become an object")
        return value
    parent = _parent(document, steps, names, makes_missing=operation.name == "add")
    if isinstance(parent, dict | list):
        require_few(parent)
    _CHANGES[operation.name](parent, steps[-1], value, names)
    return document


def _parent(document: Members, steps: list[str], names: Names, *, makes_missing: bool) -> object:
    """The value above the last step; with `makes_missing`, a null on the way becomes an object or array."""
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
        raise NoSuchPlace("the value above is neither an object nor an array")


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
