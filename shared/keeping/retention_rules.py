"""How long what is kept: RETENTION_DAYS and RETENTION_PAYLOAD_DAYS, read and judged. Pure.

A setting that makes no sense must stop nothing but retention, so it is no fault of the app's settings.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

MAX_DAYS = 36_500
"""A hundred years: whoever means more means 0, for ever."""

MIN_AUDIT_DAYS = 400

_DAYS = re.compile(r"[0-9]{1,9}", re.ASCII)
# A wrong value is shown unless it may be a secret that was pasted into the wrong setting.
_SHOWN = re.compile(r"[\w.,:/ +-]{0,20}", re.ASCII)


class UnusableRetention(ValueError):
    """The settings of retention make no sense; the text names them and says what they must be."""


@dataclass(frozen=True)
class RetentionRules:
    """After how many days events go, and their contents; 0 keeps events, and leaves contents with their event."""

    days: int
    payload_days: int

    @classmethod
    def parse(cls, days: str, payload_days: str) -> Self:
        """The rules in the texts of the two settings; raises UnusableRetention."""
        rules = cls(_parsed("RETENTION_DAYS", days), _parsed("RETENTION_PAYLOAD_DAYS", payload_days))
        if 0 < rules.days < rules.payload_days:
            raise UnusableRetention(
                f"RETENTION_PAYLOAD_DAYS is {rules.payload_days}: must not be more than RETENTION_DAYS, which is "
                f"{rules.days}: contents cannot outlast their event"
            )
        return rules

    def kept_from(self, now: datetime) -> datetime | None:
        """Events received before this moment go; None keeps all."""
        return now - timedelta(days=self.days) if self.days else None

    def contents_from(self, now: datetime) -> datetime | None:
        """Events received before this moment lose their contents; None if these go with their event."""
        is_earlier = self.payload_days > 0 and self.payload_days != self.days
        return now - timedelta(days=self.payload_days) if is_earlier else None

    def due_before(self, now: datetime) -> datetime | None:
        """Events received before this moment go, or lose their contents; None keeps all whole."""
        return self.contents_from(now) or self.kept_from(now)

    def audit_from(self, now: datetime) -> datetime | None:
        """Entries of the audit before this moment go; None keeps all, as it does events."""
        return now - timedelta(days=max(self.days, MIN_AUDIT_DAYS)) if self.days else None


def retention_warnings(days: str, payload_days: str) -> list[str]:
    """What is wrong with the texts of the two settings, as sentences; nothing if they make sense."""
    try:
        RetentionRules.parse(days, payload_days)
    except UnusableRetention as error:
        return [f"retention removes nothing: {error}"]
    return []


def _parsed(name: str, text: str) -> int:
    if not _DAYS.fullmatch(text) or int(text) > MAX_DAYS:
        shown = repr(text) if _SHOWN.fullmatch(text) else "not shown"
        raise UnusableRetention(f"{name} is {shown}: must be a whole number of days from 0 to {MAX_DAYS}")
    return int(text)
