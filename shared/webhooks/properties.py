"""The properties that a webhook's owner adds to what its receiver is told, beside the hub's own members. Pure."""

from collections.abc import Mapping

from shared.errors import FieldError

# Also those that one body or another leaves out: a property must not pass for them, in whatever case.
_OWN_MEMBERS = frozenset(
    {
        "eventid",
        "timestamp",
        "changes",
        "values",
        "event",
        "primarykey",
        "entity",
        "contextidentifier",
        "changedbyassociateid",
        "webhookname",
        "fieldvalues",
        "source",
    }
)
# Names of the hub's that were free in its first version. The others were never sent, and are taken and left out.
_ONCE_FREE = frozenset({"source"})


def usable_properties(properties: Mapping[str, object] | None) -> dict[str, object]:
    """Those that are told: one that has the name of a member of the hub's own, in whatever case, is left out."""
    return {name: value for name, value in (properties or {}).items() if name.lower() not in _OWN_MEMBERS}


def property_refusals(properties: Mapping[str, object] | None, before: Mapping[str, object] | None) -> list[FieldError]:
    """What keeps a save from adding these properties to those `before`; one that was there may stay.

    A receiver may go by a property that it was sent until now, so its owner must learn that it never comes.
    """
    known = {name.lower() for name in before or {}}
    added = [name for name in properties or {} if name.lower() in _ONCE_FREE - known]
    return [
        FieldError(f"#/Properties/{name}", f"Properties: {name}: the hub says by this name where an event came from")
        for name in added
    ]
