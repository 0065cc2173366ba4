"""The properties that a webhook's owner adds to the body of its deliveries, beside the hub's own members. Pure."""

from collections.abc import Mapping

from shared.errors import FieldError

# Also those that some bodies leave out: a property must not pass for one of them, in any case.
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
        "previousvalues",
        "parameters",
        "trimmed",
        "reconstructed",
    }
)
# Names that were free in the first version. The others never were: they are accepted, but never sent.
_ONCE_FREE = frozenset({"source", "previousvalues", "parameters", "trimmed", "reconstructed"})
_TAKEN = "must have another name: the hub's own member of this name tells something of the event"


def usable_properties(properties: Mapping[str, object] | None) -> dict[str, object]:
    """The properties that are sent: all but those with the name of one of the hub's own members, in any case."""
    return {name: value for name, value in (properties or {}).items() if name.lower() not in _OWN_MEMBERS}


def property_refusals(properties: Mapping[str, object] | None, before: Mapping[str, object] | None) -> list[FieldError]:
    """What is wrong with the properties that a save adds to those `before`; the ones that were there may stay.

    A receiver may rely on a property that was sent until now, so its owner must learn that it is not sent any more.
    """
    known = {name.lower() for name in before or {}}
    added = [name for name in properties or {} if name.lower() in _ONCE_FREE - known]
    return [FieldError(f"#/Properties/{name}", f"Properties/{name} {_TAKEN}") for name in added]
