"""Filters of Table Storage, put together from columns and values. Pure.

A value only ever becomes a parameter, which the SDK quotes: no text from outside is part of a filter's own text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.storage.keys import day_key, time_key
from shared.storage.paging import Position

_COMPARISON = re.compile(r"[A-Za-z]+ (eq|ge|gt|le|lt)")
_PARAMETER = re.compile(r"@(p[0-9]+)")


@dataclass(frozen=True)
class Query:
    """Which rows are wanted: those that meet all conditions. Without a condition, all rows of the table.

    Each method returns a new query with one condition more.
    """

    conditions: tuple[str, ...] = ()
    parameters: Mapping[str, str | bool | int] = field(default_factory=dict)

    def where(self, comparison: str, value: str | bool | int | None) -> "Query":
        """Rows whose column compares so with the value: `where("State eq", "Active")`.

        The operators are `eq`, `ge`, `gt`, `le` and `lt`. None adds no condition, so that a filter that is not set can
        be handed on as it is. Raises ValueError for a comparison of another form.
        """
        if not _COMPARISON.fullmatch(comparison):
            raise ValueError("a comparison is the name of a column and one of eq, ge, gt, le and lt")
        if value is None:
            return self
        name = self._name(0)
        return Query((*self.conditions, f"{comparison} @{name}"), {**self.parameters, name: value})

    def either(self, *alternatives: "Query") -> "Query":
        """Rows that also meet all conditions of at least one of the alternatives; none adds no condition.

        Each alternative has a condition at least.
        """
        texts: list[str] = []
        parameters = dict(self.parameters)
        for one in alternatives:
            renamed = {name: f"p{len(parameters) + place}" for place, name in enumerate(one.parameters)}
            texts.append(_renamed(one.text, renamed))
            parameters |= {renamed[name]: value for name, value in one.parameters.items()}
        if len(texts) > 1:
            # The SDK finds parameters between blanks, so parentheses keep their distance.
            texts = [f"( {' or '.join(f'( {text} )' for text in texts)} )"]
        return Query((*self.conditions, *texts), parameters)

    def beyond(self, position: Position | None) -> "Query":
        """Rows that come after this one in the order of their keys; None adds no condition."""
        if position is None:
            return self
        later, same = self._name(0), self._name(1)
        # The SDK finds parameters between blanks, so parentheses keep their distance.
        condition = f"( PartitionKey gt @{later} or ( PartitionKey eq @{later} and RowKey gt @{same} ) )"
        return Query((*self.conditions, condition), {**self.parameters, later: position.partition, same: position.key})

    def of_times(self, since: datetime | None, until: datetime | None) -> "Query":
        """Rows from `since` and before `until`, where row keys are `time_key`, a hyphen, and an id."""
        return self.where("RowKey ge", _bound(until)).where("RowKey lt", _bound(since))

    def of_days(self, since: datetime | None, until: datetime | None, after: Position | None) -> "Query":
        """As `of_times`, where partitions are `day_key`; only rows older than `after`, the last one of a page."""
        days = self.where("PartitionKey ge", "0" if until is None else day_key(until))
        days = days.where("PartitionKey le", None if since is None else day_key(since))
        if after is not None:
            # Row keys begin with the time, whatever the partition: the partition only bounds the scan.
            days = days.where("PartitionKey ge", after.partition).where("RowKey gt", after.key)
        return days.of_times(since, until)

    @property
    def text(self) -> str:
        """The filter in OData, with the names of its parameters."""
        return " and ".join(self.conditions)

    def _name(self, place: int) -> str:
        return f"p{len(self.parameters) + place}"


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """The filter with other names for its parameters."""
    return _PARAMETER.sub(lambda found: f"@{names[found[1]]}", text)


def _bound(moment: datetime | None) -> str | None:
    """The key that separates the rows of this moment, which sort before it, from those of earlier moments."""
    # "." sorts after the "-" that follows the time in a row key.
    return None if moment is None else time_key(moment) + "."
