"""One trace of who did what: an entry of table `audit`, and a line of the log. Pure.

It names what was changed, but no value, so that no secret gets here. Switches alone come with their new value, for
"stopped" and "set active" are what readers look for: `State: Stopped`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from shared.timestamps import utc_z

MAX_TEXT = 250
"""Characters of `who` and of `target`. Longer ones are cut, because a target can come from a request's path."""


class Outcome(StrEnum):
    """How it ended."""

    DONE = "done"
    """It was done."""
    PARTIAL = "partial"
    """It was done here, but not at the external service: the reply says what is left to do."""
    REFUSED = "refused"
    """Nothing was changed: 4xx."""
    FAILED = "failed"
    """An outage, or an external service that refused the hub: 5xx. It may have been done in part.

    Also a test event that its receiver did not answer well, whatever the status.
    """


@dataclass(frozen=True)
class AuditEntry:
    """Who did what, when, to what, and how it ended.

    `who` is a user's id as the role directory knows it, `hub`, `command line (...)`, or None for an unknown caller.
    `status` is that of the HTTP answer, None if there was none. `changed` are names of members, as
    `with_switches` writes them.
    """

    at: datetime
    who: str | None
    action: str
    target: str
    outcome: Outcome
    status: int | None = None
    changed: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The entry as the Events API shows it."""
        return {
            "at": utc_z(self.at),
            "who": self.who,
            "action": self.action,
            "target": self.target,
            "outcome": self.outcome.value,
            "status": self.status,
            "changed": list(self.changed),
        }


class Keeper(Protocol):
    """Stores entries."""

    def keep(self, entry: AuditEntry) -> bool:
        """Store an entry. False, and nothing stored, for one refusal too many. Raises StorageDown."""
        ...


def outcome_of(status: int | None) -> Outcome:
    """The outcome that a status means; None means success."""
    if status is None or status < 400:
        return Outcome.DONE
    return Outcome.REFUSED if status < 500 else Outcome.FAILED


def with_switches(changed: Iterable[str], switches: Mapping[str, str | bool]) -> tuple[str, ...]:
    """The names of changed members; one that is a switch has its new value behind it, `State: Stopped`.

    `switches` has the new values of those that the thing has. It is for words and truth values of the hub's own choice,
    and never for what somebody could type a secret into.
    """
    told = {name: str(value).lower() if isinstance(value, bool) else value for name, value in switches.items()}
    return tuple(f"{name}: {told[name]}" if name in told else name for name in changed)
