"""SuperOffice's entities as XML, spelled as .NET spells them; xml_input.py reads them back.

The first half names elements and types, the second writes them.
"""

import re
from collections.abc import Callable, Iterator
from itertools import chain
from xml.sax.saxutils import escape

from shared.api.superoffice.members import Kind, kind_of

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
    Kind.TEXT: ("string", "dateTime", "guid", "anyURI", "duration", "char"),
    Kind.INTEGER: (
        *("int", "long", "integer", "short", "byte"),
        *("unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte"),
    ),
    Kind.NUMBER: ("double", "float", "decimal"),
    Kind.BOOLEAN: ("boolean",),
}
_KINDS = {name: kind for kind, names in _KINDS_OF_TYPES.items() for name in names}
_ENTRY_LIST = f"{ARRAY}KeyValueOfstring"

_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
_NAMESPACES = f' xmlns:i="{INSTANCE}" xmlns:d="{SCHEMA}"'
# XML 1.0 cannot hold these, not even escaped.
_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REPLACEMENT = "\ufffd"
# A parser would turn a bare carriage return into a line feed.
_ESCAPES = {"\r": "&#13;"}
_INT32, _INT64 = 2**31, 2**63


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
    """The kind of a value with this `i:type`, with or without a prefix; None for an unknown type."""
    bare = name.rpartition(":")[2].strip()
    if bare.startswith(_ENTRY_LIST):
        return Kind.DICTIONARY
    return Kind.LIST if bare.startswith(ARRAY) else _KINDS.get(bare)


def kind_of_place(name: str) -> Kind | None:
    """The kind of an element with this name; None if only its type or its content can tell."""
    if name.startswith(_ENTRY_LIST):
        return Kind.DICTIONARY
    return Kind.LIST if name.startswith(ARRAY) else kind_of(name)


_TYPES = {
    Kind.TEXT: "d:string",
    Kind.NUMBER: "d:double",
    Kind.BOOLEAN: "d:boolean",
    Kind.LIST: f"{ARRAY}{ANY_ITEM}",
    Kind.DICTIONARY: f"{ARRAY}{entry_name(VALUE)}",
}


def write_xml(value: object, root: str) -> bytes:
    """A document whose root has this name: `Webhook`, or `ArrayOfWebhook` for a list.

    Characters that XML cannot hold become U+FFFD.
    """
    implied = Kind.OBJECT if isinstance(value, dict) else kind_of_place(root)
    return (_DECLARATION + _element(root, value, implied, _NAMESPACES)).encode()


def write_xml_list(items: Iterator[object], root: str) -> Iterator[bytes]:
    """The document of a list of these items, in pieces; `root` is ArrayOf and the name of an item."""
    first = next(items, None)
    if first is None:
        yield write_xml([], root)
        return
    item = item_name(root)
    yield f"{_DECLARATION}<{root}{_NAMESPACES}>".encode()
    for value in chain([first], items):
        yield _element(item, value, kind_of_place(item)).encode()
    yield f"</{root}>".encode()


def _element(name: str, value: object, implied: Kind | None, attributes: str = "") -> str:
    """An element; its type is named if it is not the one that its place implies."""
    if value is None:
        return f'<{name}{attributes} i:nil="true" />'
    kind = _kind(value, implied)
    if kind is not implied:
        attributes += f' i:type="{_type_name(kind, value)}"'
    content = _CONTENTS.get(kind, _text)(name, value)
    return f"<{name}{attributes}>{content}</{name}>" if content else f"<{name}{attributes} />"


def _kind(value: object, implied: Kind | None) -> Kind:
    if isinstance(value, dict):
        # The name of an unknown member may not be a name in XML.
        is_object = implied is Kind.OBJECT and all(kind_of(name) for name in value)
        return Kind.OBJECT if is_object else Kind.DICTIONARY
    kinds = ((bool, Kind.BOOLEAN), (int, Kind.INTEGER), (float, Kind.NUMBER), (list, Kind.LIST))
    return next((kind for known, kind in kinds if isinstance(value, known)), Kind.TEXT)


def _type_name(kind: Kind, value: object) -> str:
    if not isinstance(value, int) or kind is not Kind.INTEGER:
        return _TYPES[kind]
    if -_INT32 <= value < _INT32:
        return "d:int"
    return "d:long" if -_INT64 <= value < _INT64 else "d:integer"


def _text(_: str, value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return escape(_IMPOSSIBLE.sub(_REPLACEMENT, text), _ESCAPES)


def _object(_: str, value: object) -> str:
    members = value.items() if isinstance(value, dict) else ()
    return "".join(_element(name, inner, kind_of(name)) for name, inner in members)


def _list(name: str, value: object) -> str:
    item = item_name(name)
    items = value if isinstance(value, list) else ()
    return "".join(_element(item, inner, kind_of_place(item)) for inner in items)


def _dictionary(name: str, value: object) -> str:
    entry, implied = entry_name(name), kind_of(value_name(name))
    entries = value.items() if isinstance(value, dict) else ()
    return "".join(
        f"<{entry}>{_element(KEY, key, Kind.TEXT)}{_element(VALUE, inner, implied)}</{entry}>" for key, inner in entries
    )


_CONTENTS: dict[Kind, Callable[[str, object], str]] = {
    Kind.OBJECT: _object,
    Kind.LIST: _list,
    Kind.DICTIONARY: _dictionary,
}
