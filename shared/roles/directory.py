"""Who has which role: what every role directory answers, and the cache in front of it."""

import logging
import time
from collections.abc import Callable
from typing import Protocol

from shared.cache import Clock, single_flight_cache
from shared.roles.user import User
from shared.telemetry.lines import tell

_CACHED_ANSWERS = 10_000

log = logging.getLogger(__name__)

type Tell = Callable[[str], None]
"""Is told one step of a decision, in a sentence."""


class RoleDirectory(Protocol):
    """Knows who has which role. An outage is an exception (`Unavailable`), never a no and never a yes.

    A `role` is a name, as in the settings. No role includes another.
    """

    def has_role(self, user: User, role: str) -> bool:
        """Whether this user has the role; False for an unknown user."""
        ...

    def explain(self, user: User, role: str, tell: Tell) -> bool:
        """The same, telling each step of the decision, for an administrator to read."""
        ...


class CachedDirectory:
    """Remembers yes and no for `seconds`; concurrent questions about one user and role ask the directory once.

    `name` is what the directory is called in lines: each question that it is asked leaves one.
    """

    def __init__(
        self, directory: RoleDirectory, *, seconds: int, name: str = "table", clock: Clock = time.monotonic
    ) -> None:
        self._directory = directory
        self._name = name
        self._clock = clock
        self._ask = single_flight_cache(self._question, seconds=seconds, most=_CACHED_ANSWERS, clock=clock)

    def has_role(self, user: User, role: str) -> bool:
        """As the directory says, or said less than `seconds` ago. Failures are not remembered."""
        return self._ask((user, role))

    def explain(self, user: User, role: str, tell: Tell) -> bool:
        """As the directory itself says, bypassing the cache."""
        return self._directory.explain(user, role, tell)

    def _question(self, asked: tuple[User, str]) -> bool:
        began, outcome = self._clock(), "down"
        try:
            has_role = self._directory.has_role(*asked)
            outcome = "yes" if has_role else "no"
        finally:
            level = logging.WARNING if outcome == "down" else logging.INFO
            fields = {
                "directory": self._name,
                "outcome": outcome,
                "milliseconds": round((self._clock() - began) * 1000),
            }
            tell(log, "role.answered", fields, level)
        return has_role


def role_key(role: str) -> str:
    """The key by which roles compare: the name without spaces, in one case; an app role's value may have no spaces."""
    return "".join(role.split()).casefold()
