"""Merge objects (RFC 7396), with SuperOffice's differences (docs/sources/superoffice.md 1.7)."""

from collections.abc import Mapping

from shared.api.superoffice.json_pointer import Members, Names, copied


def merged(document: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    """The document with the changes; neither argument is changed.

    Names are found in any case. A null removes a member, an object is merged into it, an array replaces it. An object
    for a member that is an array is appended to the array: that, and the case of names, is SuperOffice's own.

    The cost is in proportion to the lengths of document and changes: changes may spell one member in a thousand ways,
    and it is not copied for each.
    """
    result = {name: copied(value) for name, value in document.items()}
    _merge(result, changes, Names())
    return result


def _merge(document: Members, changes: Mapping[str, object], names: Names) -> None:
    for name, value in changes.items():
        if value is None:
            names.drop(document, name)
        elif isinstance(value, dict):
            _merge_member(document, name, value, names)
        else:
            names.put(document, name, copied(value))


def _merge_member(document: Members, name: str, change: Members, names: Names) -> None:
    known = names.find(document, name)
    before = None if known is None else document[known]
    if isinstance(before, list):
        before.append(copied(change))
        return
    if not isinstance(before, dict):
        before = {}
        names.put(document, name, before)
    _merge(before, change, names)
