"""When a timer is due: NCRONTAB as the platform reads it, in UTC (docs/sources/functions.md 1.5). Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cronsim import CronSim, CronSimError

_FIELDS = ("second", "minute", "hour", "day", "month", "day of the week")
_NAMED = {"month": r"[0-9]+|[a-z]{3}", "day of the week": r"[0-6]|[a-z]{3}"}
_SETTING = re.compile(r"%([^%]+)%")
_ANY_MOMENT = datetime(2026, 1, 1)


class BadSchedule(ValueError):
    """The platform would not start a timer with this schedule. The message says why."""


@dataclass(frozen=True)
class Schedule:
    """Six fields, `second minute hour day month day-of-the-week`."""

    text: str

    @classmethod
    def parse(cls, text: str, environment: Mapping[str, str]) -> "Schedule":
        """The schedule in function.json, where `%NAME%` stands for an app setting; raises BadSchedule."""
        resolved = _SETTING.sub(lambda found: _setting(found[1], environment), text)
        fields = resolved.split()
        if len(fields) != len(_FIELDS):
            raise BadSchedule(f"the schedule '{resolved}' has not the six fields of NCRONTAB")
        for name, field in zip(_FIELDS, fields, strict=True):
            value = f"(?:{_NAMED.get(name, '[0-9]+')})"
            item = rf"(?:\*|{value}(?:-{value})?)(?:/[0-9]+)?"
            if not re.fullmatch(rf"{item}(?:,{item})*", field, re.IGNORECASE | re.ASCII):
                raise BadSchedule(f"the schedule '{resolved}' is none of NCRONTAB: the {name} is wrong")
        schedule = cls(resolved)
        try:
            schedule.next_after(_ANY_MOMENT)
        except CronSimError as error:
            raise BadSchedule(f"the schedule '{resolved}' is none of NCRONTAB: {error}") from None
        return schedule

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time after this moment, None if there is none within fifty years."""
        times = CronSim(self.text, moment)
        # cron takes either of the two where both are given.
        times.day_and = True
        return next(times, None)


def _setting(name: str, environment: Mapping[str, str]) -> str:
    if not environment.get(name):
        raise BadSchedule(f"'%{name}%' does not resolve to a value: no setting has this name")
    return environment[name]
