"""Who calls an administrative function."""

from dataclasses import dataclass

from shared.roles.user import User


@dataclass(frozen=True)
class Caller:
    """A person or an application whose identity was proved.

    A person has the roles that the role directory knows for `user`. An application that calls in its own name is in no
    group: `app_roles` are the roles in its token, and None for a person. `hops` is how many deliveries of the hub led
    to the call (shared/loops.py).
    """

    user: User
    app_roles: frozenset[str] | None = None
    hops: int = 0

    @property
    def is_application(self) -> bool:
        """Whether an application calls in its own name."""
        return self.app_roles is not None
