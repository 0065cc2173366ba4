"""Reading XML from outside: no DTD, no entities, nothing external, no great depth (docs/sources/superoffice.md 7)."""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from shared.api.superoffice.members import Kind, kind_of, parse_text
from shared.api.superoffice.xml_output import ANY_ITEM, INSTANCE, KEY, VALUE, kind_of_place, kind_of_type, value_name
from shared.errors import BadRequest

MAX_DEPTH = 128

_NIL = f"{{{INSTANCE}}}nil"
_TYPE = f"{{{INSTANCE}}}type"
_ENTITY = re.compile(r"entity .*?;")
_STRING = "string"
_LIST_ITEMS = frozenset({_STRING, ANY_ITEM})


class _TooDeep(ValueError):
    """More levels than any entity has."""


class _ShallowTreeBuilder(TreeBuilder):
    """Stops as soon as elements are nested too deep, whatever comes after them."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        """An element begins."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _TooDeep(f"must have at most {MAX_DEPTH} levels of elements")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        """An element ends."""
        self._depth -= 1
        return super().end(tag)


def read_xml(body: bytes) -> object:
    """The value of a document as xml_output.py writes it; namespaces are ignored, and so is the encoding it names.

    Raises BadRequest for a document that is malformed, has a DTD, or is too deep. The message gives the reason and
    never the content.
    """
    # .NET's StringWriter declares utf-16 whatever is sent, so the declaration is ignored.
    parser = DefusedXMLParser(target=_ShallowTreeBuilder(), encoding="utf-8", forbid_dtd=True)
    try:
        parser.feed(body)
        root = parser.close()
    except DefusedXmlException:
        raise BadRequest("the body must be XML without a DTD or entities", pointer="#") from None
    except _TooDeep as reason:
        raise BadRequest(f"the body {reason}", pointer="#") from None
    except (ParseError, ValueError) as reason:
        raise BadRequest(f"the body is not XML: {_ENTITY.sub('entity', str(reason))}", pointer="#") from None
    return _value(root, _root_kind(root))


def _root_kind(root: Element) -> Kind | None:
    kind = kind_of_place(_name(root))
    says_all = kind in {Kind.LIST, Kind.DICTIONARY, Kind.OBJECT} or _name(root) == _STRING
    return kind if says_all else None


def _value(element: Element, place: Kind | None) -> object:
    """What an element holds: as its type says, else as its place does, else as its content looks."""
    if element.get(_NIL) in {"true", "1"}:
        return None
    kind = kind_of_type(element.get(_TYPE, "")) or place or _shape(element)
    if kind is Kind.OBJECT:
        return {_name(child): _value(child, kind_of(_name(child))) for child in element}
    if kind is Kind.LIST:
        return [_value(child, kind_of_place(_name(child))) for child in element]
    if kind is Kind.DICTIONARY:
        return dict(_entries(element))
    return parse_text(element.text or "", kind)


def _shape(element: Element) -> Kind:
    names = {_name(child) for child in element}
    if not names:
        return Kind.TEXT
    if names <= _LIST_ITEMS:
        return Kind.LIST
    is_paired = all(_child(child, KEY) is not None for child in element)
    return Kind.DICTIONARY if is_paired else Kind.OBJECT


def _entries(element: Element) -> Iterator[tuple[str, object]]:
    kind = kind_of(value_name(_name(element)))
    for entry in element:
        key, value = _child(entry, KEY), _child(entry, VALUE)
        if key is None:
            # .NET does not write this, but people do by hand: <Headers><X-Tenant>7</X-Tenant></Headers>.
            yield _name(entry), _value(entry, kind)
        else:
            yield key.text or "", None if value is None else _value(value, kind)


def _child(element: Element, name: str) -> Element | None:
    return next((child for child in element if _name(child) == name), None)


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]
