"""JSON Merge Patch, RFC 7396, as SuperOffice reads it (facts/superoffice.md 1.7)."""

from collections.abc import Mapping

from shared.superoffice.json_value import copied
from shared.superoffice.names import Names


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
