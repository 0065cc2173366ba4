"""Who calls an administrative function."""

from dataclasses import dataclass

from shared.roles.directory import User


@dataclass(frozen=True)
class Caller:
    """Somebody whose identity was proved; what she may do is the role directory's to say."""

    user: User
