"""Which rows a table holds of a time, where partitions are days and keys begin with moments, both inverted. Pure."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.storage.keys import day_key, time_key
from shared.storage.paging import Position


@dataclass
class RowFilter:
    """A filter of Table Storage, and its parameters."""

    conditions: list[str] = field(default_factory=list)
    parameters: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_time(cls, since: datetime | None, until: datetime | None, after: Position | None) -> "RowFilter":
        """Rows from `since` and before `until`, older than `after`. Keys bound the scan."""
        made = cls(["PartitionKey ge @first_day"], {"first_day": "0"})
        if until is not None:
            # "." sorts after the "-" that follows the time in a key, so this leaves the moment itself out.
            made.add("RowKey ge @until", first_day=day_key(until), until=time_key(until) + ".")
        if since is not None:
            last = {"last_day": day_key(since), "since": time_key(since) + "."}
            made.add("PartitionKey le @last_day and RowKey lt @since", **last)
        if after is not None:
            made.add("PartitionKey ge @after_day and RowKey gt @after", after_day=after.partition, after=after.key)
        return made

    def add(self, condition: str, **parameters: str) -> None:
        """One condition more."""
        self.conditions.append(condition)
        self.parameters |= parameters

    @property
    def text(self) -> str:
        """The filter as storage takes it."""
        return " and ".join(self.conditions)
