"""A user of Dynamics, as far as a role directory needs to know her: docs/sources/dynamics.md 3.3."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class SystemUser:
    """A row of table `systemuser`: the Entra object id, None for SYSTEM and the like, and the sign-in name."""

    entra_id: str | None
    sign_in_name: str | None
    is_disabled: bool


class UserReader(Protocol):
    """Reads rows of table `systemuser`."""

    def read_user(self, system_user_id: str) -> SystemUser | None:
        """The user, None where Dataverse knows none; raises DataverseDown."""
        ...
