"""A user as one of the neighbours knows them: the kinds of ids, and one spelling of each id. Pure."""

import re
from dataclasses import dataclass
from enum import Enum

from shared.case import simple_lower
from shared.validation import UUID_PATTERN

_GUID = re.compile(rf"\{{?({UUID_PATTERN})\}}?")

ARCGIS_PREFIX = "arcgis:"
"""The beginning of an ArcGIS user's id, and of no other: they choose their names, and could choose anybody's."""


class UserKind(Enum):
    """Which system gave the user this id."""

    SYSTEM_USER = "systemuser"
    ENTRA_OBJECT = "oid"
    NAME = "upn"
    ARCGIS = "arcgis"


@dataclass(frozen=True)
class User:
    """A user as one of the neighbours knows them. `id` is trimmed and in lower case, because most ids have no case.

    The id of an ArcGIS user is `arcgis:` and the name as it is, because ArcGIS tells `Megan` from `megan`. `entra_id`
    is the object id by which Entra knows a user of Dataverse, if whoever names the user says so.
    """

    kind: UserKind
    id: str
    entra_id: str | None = None

    def __post_init__(self) -> None:
        if is_arcgis_id(self.id) != (self.kind is UserKind.ARCGIS):
            raise ValueError(f"{self.id!r} is not the id of a user of the kind {self.kind.value}")

    @classmethod
    def system_user(cls, id_: str, *, entra_id: str | None = None) -> "User":
        """A user by the id of their row in Dataverse's table `systemuser`."""
        return cls(UserKind.SYSTEM_USER, normal_user_id(id_), entra_id and normal_user_id(entra_id))

    @classmethod
    def entra_object(cls, id_: str) -> "User":
        """A user by their object id in Entra."""
        return cls(UserKind.ENTRA_OBJECT, normal_user_id(id_))

    @classmethod
    def of_account(cls, id_: str) -> "User":
        """A user as administrators write them: `arcgis:NAME`, a GUID (an Entra object id), or else a UPN."""
        normal = normal_user_id(id_)
        if is_arcgis_id(normal):
            return cls(UserKind.ARCGIS, normal)
        return cls(UserKind.ENTRA_OBJECT if is_guid(normal) else UserKind.NAME, normal)

    @classmethod
    def arcgis(cls, name: str) -> "User":
        """A user by their name in the ArcGIS portal."""
        return cls(UserKind.ARCGIS, f"{ARCGIS_PREFIX}{name}")


def is_guid(normal_id: str) -> bool:
    """Whether an id, as `normal_user_id` spells it, is a GUID."""
    return _GUID.fullmatch(normal_id) is not None


def is_arcgis_id(normal_id: str) -> bool:
    """Whether an id, as `normal_user_id` spells it, is that of an ArcGIS user."""
    return normal_id.startswith(ARCGIS_PREFIX)


def normal_user_id(text: str) -> str:
    """One spelling of a user's id: trimmed, in lower case, a GUID without braces; a name after `arcgis:` as it is.

    Lower case is that of shared/case.py, in which different names stay different.
    """
    trimmed = text.strip()
    lower = simple_lower(trimmed)
    if is_arcgis_id(lower):
        return ARCGIS_PREFIX + trimmed[len(ARCGIS_PREFIX) :].strip()
    guid = _GUID.fullmatch(lower)
    return guid.group(1) if guid else lower
