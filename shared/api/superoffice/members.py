"""The members of SuperOffice's entities, and what kind of value each has, by name.

XML and forms carry text only, so the name decides what a text stands for. Source: the vendor's OpenAPI documents,
docs/sources/superoffice.md 1.2 and 1.4.
"""

import re
from collections.abc import Mapping
from enum import Enum, auto

ID_MEMBER = "WebhookId"
LINKS_MEMBER = "_Links"
TIME_MEMBERS = ("Registered", "Updated", "OldSecretUntil")


class Kind(Enum):
    """The kind of a value. A dictionary has keys of its owner's choice, an object has members that are known."""

    TEXT = auto()
    INTEGER = auto()
    NUMBER = auto()
    BOOLEAN = auto()
    OBJECT = auto()
    DICTIONARY = auto()
    LIST = auto()


_NAMES = {
    Kind.TEXT: (
        "Name",
        "TargetUrl",
        "Secret",
        "State",
        "Type",
        "Registered",
        "Updated",
        "OldSecretUntil",
        "ErrorsEmail",
        "Description",
        "NotifyVia",
        "NotifyWhen",
        "LastError",
        "Tooltip",
        "FullName",
        "FormalName",
        "UserName",
        "IconHint",
        "ExtraInfo",
        "StyleHint",
        "Message",
        "Mask",
        "Reason",
        "FieldType",
        "EventName",
        "NameFilter",
        "EventFilter",
        "StatusFilter",
        "ErrorType",
        "ErrorMessage",
        "ErrorSource",
        "Method",
        "Address",
        "Takes",
        "string",
    ),
    Kind.INTEGER: (
        "WebhookId",
        "TotalCalls",
        "TotalErrors",
        "ConsecutiveErrors",
        "AssociateId",
        "PersonId",
        "Rank",
        "GroupIdx",
        "EjUserId",
        "Id",
        "ColorBlock",
        "FieldLength",
        "PrimaryKey",
    ),
    Kind.BOOLEAN: (
        "Deleted",
        "Success",
        "Error",
    ),
    Kind.OBJECT: (
        "RegisteredAssociate",
        "UpdatedAssociate",
        "TableRight",
        "FieldRight",
        "Webhook",
        "FieldProperty",
        "MDOListItem",
        "WebhookWithLinks",
        "WebhookResult",
        "Operation",
    ),
    Kind.DICTIONARY: (
        "Headers",
        "Properties",
        "_Links",
        "ExtraFields",
        "CustomFields",
        "FieldProperties",
        "Data",
    ),
    Kind.LIST: (
        "Events",
        "ErrorEmails",
        "ErrorAssociates",
        "ChildItems",
        "SealedHeaders",
    ),
}
_KINDS = {name.lower(): kind for kind, names in _NAMES.items() for name in names}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_INTEGER = re.compile(r"[+-]?\d{1,4300}", re.ASCII)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def kind_of(name: str) -> Kind | None:
    """What a member with this name, in any case, holds; None for one that no entity has."""
    return _KINDS.get(name.lower())


def find_member(document: Mapping[str, object], name: str) -> str | None:
    """The document's spelling of a name: the same one if it is there, else the first that differs in case only."""
    if name in document:
        return name
    wanted = name.lower()
    return next((key for key in document if key.lower() == wanted), None)


def member(document: Mapping[str, object], name: str) -> object:
    """The value of the member that `find_member` finds; None if there is none."""
    known = find_member(document, name)
    return None if known is None else document[known]


def parse_text(text: str, kind: Kind) -> object:
    """The value that a text stands for: None for an empty number or boolean.

    A text that stands for no such value stays a text; whatever reads that member refuses it by its name.
    """
    bare = text.strip()
    if kind is Kind.TEXT:
        return text
    if not bare:
        return None
    if kind is Kind.BOOLEAN:
        return _BOOLEANS.get(bare.lower(), text)
    if _INTEGER.fullmatch(bare) and kind is Kind.INTEGER:
        return int(bare)
    if _NUMBER.fullmatch(bare) and kind is Kind.NUMBER:
        number = float(bare)
        # JSON has no infinity (1e400).
        return number if abs(number) != float("inf") else text
    return text
