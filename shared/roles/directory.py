"""Who has which role: the question that every role directory answers, and the cache in front of it."""

import time
from collections.abc import Callable
from typing import Protocol

from shared.cache import Clock, single_flight_cache
from shared.roles.user import User

_CACHED_ANSWERS = 10_000

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
        self._ask = single_flight_cache(self._question, seconds=seconds, most=_CACHED_ANSWERS, clock=clock)

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
