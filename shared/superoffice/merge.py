"""JSON Merge Patch, RFC 7396, as SuperOffice reads it (facts/superoffice.md 1.7)."""

from collections.abc import Mapping

from shared.superoffice.json_value import copied


def merged(document: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    """The document with the changes; neither argument is changed.

    Names are found in any case. A null removes, an object merges, an array replaces, and an object for a member that
    is an array is appended to it: that is where SuperOffice differs from the RFC.
    """
    result = dict(document)
    spellings = {name.lower(): name for name in result}
    for given, value in changes.items():
        name = given if given in result else spellings.setdefault(given.lower(), given)
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _value(result.get(name), value)
    return result


def _value(before: object, change: object) -> object:
    if not isinstance(change, dict):
        return copied(change)
    if isinstance(before, list):
        return [*before, copied(change)]
    return merged(before if isinstance(before, dict) else {}, change)
