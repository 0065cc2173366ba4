"""How SuperOffice's entities are spelled in XML, after .NET's DataContract habit (facts/superoffice.md 7: inferred).

The root is the entity's name, a member is an element, no namespace. Items of a list are `string`, `anyType`, or
entities by their name; a dictionary is a list of `Key` and `Value`. `i:nil` marks null. `i:type` names the type of a
value where neither its member's name nor its place says it: in Properties, and where clients put what they like.
"""

from shared.superoffice.members import Kind, kind_of

INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
SCHEMA = "http://www.w3.org/2001/XMLSchema"

ANY_ITEM = "anyType"
ARRAY = "ArrayOf"
KEY, VALUE = "Key", "Value"

_ITEMS = {
    "events": "string",
    "erroremails": "string",
    "sealedheaders": "string",
    "errorassociates": "MDOListItem",
    "childitems": "MDOListItem",
}
_ENTRIES = {
    "properties": ANY_ITEM,
    "data": ANY_ITEM,
    "fieldproperties": "FieldProperty",
    "headers": "string",
    "_links": "string",
    "extrafields": "string",
    "customfields": "string",
}
_KINDS_OF_TYPES = {
    Kind.TEXT: "string dateTime guid anyURI duration char",
    Kind.INTEGER: "int long integer short byte unsignedInt unsignedLong unsignedShort unsignedByte",
    Kind.NUMBER: "double float decimal",
    Kind.BOOLEAN: "boolean",
}
_KINDS = {name: kind for kind, names in _KINDS_OF_TYPES.items() for name in names.split()}
_ENTRY_LIST = f"{ARRAY}KeyValueOfstring"


def item_name(list_name: str) -> str:
    """The name of the items in a member that is a list, or in a root such as ArrayOfWebhook."""
    if list_name.startswith(ARRAY):
        return list_name.removeprefix(ARRAY) or ANY_ITEM
    return _ITEMS.get(list_name.lower(), ANY_ITEM)


def value_name(dictionary_name: str) -> str:
    """The name of the type of the values in a member that is a dictionary."""
    return _ENTRIES.get(dictionary_name.lower(), ANY_ITEM)


def entry_name(dictionary_name: str) -> str:
    """The name of the pairs in a member that is a dictionary."""
    return f"KeyValueOfstring{value_name(dictionary_name)}"


def kind_of_type(name: str) -> Kind | None:
    """What a value is whose `i:type` is this, its prefix left aside; None for a type that says nothing to us."""
    bare = name.rpartition(":")[2].strip()
    if bare.startswith(_ENTRY_LIST):
        return Kind.DICTIONARY
    return Kind.LIST if bare.startswith(ARRAY) else _KINDS.get(bare)


def kind_of_place(name: str) -> Kind | None:
    """What an element with this name holds; None where only its type or its content can tell."""
    if name.startswith(_ENTRY_LIST):
        return Kind.DICTIONARY
    return Kind.LIST if name.startswith(ARRAY) else kind_of(name)
