"""Who is a Relationship Manager: the question that every role directory answers, and the cache in front of it."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from shared.remember import Clock, remembered

_GUID = re.compile(r"\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?")
_CACHED_ANSWERS = 10_000


class UserKind(Enum):
    """Which system gave the user this id."""

    SYSTEM_USER = "systemuser"
    ENTRA_OBJECT = "oid"
    NAME = "upn"


@dataclass(frozen=True)
class User:
    """A user as one neighbour names her. `id` is trimmed and in lower case, for none of these ids knows cases."""

    kind: UserKind
    id: str

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
        """A user as an administrator writes her down: a GUID is an Entra object id, anything else a UPN."""
        normal = normal_user_id(id_)
        return cls(UserKind.ENTRA_OBJECT if is_guid(normal) else UserKind.NAME, normal)


type Tell = Callable[[str], None]
"""Takes a sentence about one step of a decision."""


class RoleDirectory(Protocol):
    """Knows who has the role. An outage is an exception (`Unavailable`), never a no and never a yes."""

    def is_member(self, user: User) -> bool:
        """Whether this user is a Relationship Manager; False for one who is not known."""
        ...

    def explain(self, user: User, tell: Tell) -> bool:
        """The same, telling each step of the decision, for an administrator to read."""
        ...


class CachedDirectory:
    """Remembers yes and no for `seconds`; concurrent questions about one user ask the directory once."""

    def __init__(self, directory: RoleDirectory, *, seconds: int, clock: Clock = time.monotonic) -> None:
        self._directory = directory
        self._ask = remembered(directory.is_member, seconds=seconds, most=_CACHED_ANSWERS, clock=clock)

    def is_member(self, user: User) -> bool:
        """As the directory says, or said less than `seconds` ago. What it could not answer is not remembered."""
        return self._ask(user)

    def explain(self, user: User, tell: Tell) -> bool:
        """As the directory itself says, past what is remembered here."""
        return self._directory.explain(user, tell)


def is_guid(normal_id: str) -> bool:
    """Whether an id, as `normal_user_id` spells it, is a GUID."""
    return _GUID.fullmatch(normal_id) is not None


def normal_user_id(text: str) -> str:
    """The one spelling of a user's id: trimmed, case-folded, a GUID without braces."""
    folded = text.strip().casefold()
    guid = _GUID.fullmatch(folded)
    return guid.group(1) if guid else folded
