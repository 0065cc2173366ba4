"""One trace of who did what: an entry of table `audit`, and a line of the log. Pure.

It names what was changed and never a value: secrets have no place here.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

MAX_TEXT = 250
"""Characters of `who` and of `target`; what is longer is cut, for a target can come from a request's path."""


class Outcome(StrEnum):
    """What became of it."""

    DONE = "done"
    """It was done."""
    PARTIAL = "partial"
    """It was done here, and not at the neighbour: the reply says what is left to do."""
    REFUSED = "refused"
    """Nothing was changed: 4xx."""
    FAILED = "failed"
    """An outage, or a neighbour that refused the hub: 5xx. It may have been done in part."""


@dataclass(frozen=True)
class AuditEntry:
    """Who did what, when, to what, and what became of it.

    `who` is a user's id as the role directory knows it, `hub`, `command line (...)`, or None for nobody we know.
    `status` is that of the HTTP answer, None where there was none. `changed` are names of members.
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
            "at": self.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "who": self.who,
            "action": self.action,
            "target": self.target,
            "outcome": self.outcome.value,
            "status": self.status,
            "changed": list(self.changed),
        }


class Keeper(Protocol):
    """Keeps entries."""

    def keep(self, entry: AuditEntry) -> bool:
        """Keep an entry; False where it is one refusal too many. Raises StorageDown."""
        ...


def outcome_of(status: int | None) -> Outcome:
    """What a status says of the outcome; None is success."""
    if status is None or status < 400:
        return Outcome.DONE
    return Outcome.REFUSED if status < 500 else Outcome.FAILED
