"""Who calls an administrative function."""

from dataclasses import dataclass

from shared.roles.user import User


@dataclass(frozen=True)
class Caller:
    """Somebody whose identity was proved.

    A person may do what the role directory says of `user`. An application that calls in its own name has no user who
    could be in a group: `app_roles` holds what its token grants it, and is None for a person. `hops` is how many
    deliveries of the hub led to the call (shared/loops.py).
    """

    user: User
    app_roles: frozenset[str] | None = None
    hops: int = 0

    @property
    def is_application(self) -> bool:
        """Whether nobody stands behind the call but an application."""
        return self.app_roles is not None
