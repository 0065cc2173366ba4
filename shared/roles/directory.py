"""Who has which role: the question that every role directory answers, and the cache in front of it."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from shared.case import simple_lower
from shared.remember import Clock, remembered

_GUID = re.compile(r"\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?")
_CACHED_ANSWERS = 10_000

ARCGIS_PREFIX = "arcgis:"
"""What the id of an ArcGIS user begins with, and no other: they choose their names, and could choose anybody's."""


class UserKind(Enum):
    """Which system gave the user this id."""

    SYSTEM_USER = "systemuser"
    ENTRA_OBJECT = "oid"
    NAME = "upn"
    ARCGIS = "arcgis"


@dataclass(frozen=True)
class User:
    """A user as one neighbour names them. `id` is trimmed and in lower case, for most of these ids know no case.

    That of an ArcGIS user is `arcgis:` and the name as it is, for ArcGIS tells `Megan` from `megan`.
    """

    kind: UserKind
    id: str

    def __post_init__(self) -> None:
        if is_arcgis_id(self.id) != (self.kind is UserKind.ARCGIS):
            raise ValueError(f"{self.id!r} is no id of a user of the kind {self.kind.value}")

    @classmethod
    def system_user(cls, id_: str) -> "User":
        """A user by the id of her row in Dataverse's table `systemuser`."""
        return cls(UserKind.SYSTEM_USER, normal_user_id(id_))

    @classmethod
    def entra_object(cls, id_: str) -> "User":
        """A user by her object id in Entra."""
        return cls(UserKind.ENTRA_OBJECT, normal_user_id(id_))

    @classmethod
    def of_account(cls, id_: str) -> "User":
        """A user as an administrator writes them down: `arcgis:NAME`, a GUID (an Entra object id), or else a UPN."""
        normal = normal_user_id(id_)
        if is_arcgis_id(normal):
            return cls(UserKind.ARCGIS, normal)
        return cls(UserKind.ENTRA_OBJECT if is_guid(normal) else UserKind.NAME, normal)

    @classmethod
    def arcgis(cls, name: str) -> "User":
        """A user by the name that the ArcGIS portal says they have."""
        return cls(UserKind.ARCGIS, f"{ARCGIS_PREFIX}{name}")


type Tell = Callable[[str], None]
"""Takes a sentence about one step of a decision."""


class RoleDirectory(Protocol):
    """Knows who has which role. An outage is an exception (`Unavailable`), never a no and never a yes.

    A `role` is a name, as the settings have it. No role holds another: each is asked for on its own.
    """

    def has_role(self, user: User, role: str) -> bool:
        """Whether this user has the role; False for one who is not known."""
        ...

    def explain(self, user: User, role: str, tell: Tell) -> bool:
        """The same, telling each step of the decision, for an administrator to read."""
        ...


class CachedDirectory:
    """Remembers yes and no for `seconds`; concurrent questions about one user and role ask the directory once."""

    def __init__(self, directory: RoleDirectory, *, seconds: int, clock: Clock = time.monotonic) -> None:
        self._directory = directory
        self._ask = remembered(self._question, seconds=seconds, most=_CACHED_ANSWERS, clock=clock)

    def has_role(self, user: User, role: str) -> bool:
        """As the directory says, or said less than `seconds` ago. What it could not answer is not remembered."""
        return self._ask((user, role))

    def explain(self, user: User, role: str, tell: Tell) -> bool:
        """As the directory itself says, past what is remembered here."""
        return self._directory.explain(user, role, tell)

    def _question(self, asked: tuple[User, str]) -> bool:
        return self._directory.has_role(*asked)


def role_key(role: str) -> str:
    """What tells roles apart: their names without spaces, in any case, for the value of an app role may hold none."""
    return "".join(role.split()).casefold()


def is_guid(normal_id: str) -> bool:
    """Whether an id, as `normal_user_id` spells it, is a GUID."""
    return _GUID.fullmatch(normal_id) is not None


def is_arcgis_id(normal_id: str) -> bool:
    """Whether an id, as `normal_user_id` spells it, is that of an ArcGIS user."""
    return normal_id.startswith(ARCGIS_PREFIX)


def normal_user_id(text: str) -> str:
    """The one spelling of a user's id: trimmed, in lower case, a GUID without braces; a name after `arcgis:` as it is.

    Lower case is shared/case.py's, where different names stay different.
    """
    trimmed = text.strip()
    lower = simple_lower(trimmed)
    if is_arcgis_id(lower):
        return ARCGIS_PREFIX + trimmed[len(ARCGIS_PREFIX) :].strip()
    guid = _GUID.fullmatch(lower)
    return guid.group(1) if guid else lower
