"""How far retention has come, in the one row of table `retention`, so that a run goes on where the last one stopped."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared.storage.tables import Table
from shared.timestamps import stored_time

RETENTION_TABLE = "retention"
_MOMENTS = {
    "Since": "since",
    "Until": "until",
    "KeptFrom": "kept_from",
    "ContentsSince": "contents_since",
    "ContentsFrom": "contents_from",
    "ContentsTo": "contents_to",
}
"""The moments of a look, by the columns that hold them."""

_KEYS = {"PartitionKey": "retention", "RowKey": "marks"}


@dataclass(frozen=True)
class Look:
    """One look through table `events`, which may take several runs.

    It announces those received from `since` and before `until` whose dispatch never began. If `kept_from` is given, it
    removes those from before; if `contents_from` is, it takes the contents of those from before, but not from before
    `contents_since`. Some of its runs may do less: the contents from before `contents_to` are gone as far as it has
    come. `place` is where storage goes on, None at the beginning.
    """

    since: datetime
    until: datetime
    kept_from: datetime | None = None
    contents_since: datetime | None = None
    contents_from: datetime | None = None
    contents_to: datetime | None = None
    place: tuple[str, str] | None = None


@dataclass(frozen=True)
class Marks:
    """`look` is the last one; `is_over` says that it came to its end.

    Events from before `forgotten_to` have lost their contents.
    """

    look: Look | None = None
    is_over: bool = False
    forgotten_to: datetime | None = None


class RetentionMarks:
    """The row. Two runs at once may overwrite each other's: then what one has done is done once more.

    All methods raise StorageDown.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self) -> Marks:
        """What the last run noted; nothing before the first one."""
        row = self._table.get(*_KEYS.values())
        return Marks() if row is None else _parse(row)

    def note_look(self, look: Look, *, is_over: bool) -> None:
        """Note how far a look has come."""
        self._write(replace(self.read(), look=look, is_over=is_over))

    def note_forgotten(self, until: datetime) -> None:
        """Note that all events before this moment have lost their contents."""
        self._write(replace(self.read(), forgotten_to=until))

    def _write(self, marks: Marks) -> None:
        self._table.put({**_KEYS, **_columns(marks)})


def _columns(marks: Marks) -> dict[str, Any]:
    look = marks.look
    moments = {name: getattr(look, field, None) for name, field in _MOMENTS.items()}
    partition, key = (look and look.place) or ("", "")
    return {
        **{name: _text(moment) for name, moment in moments.items()},
        "NextPartition": partition,
        "NextRow": key,
        "IsOver": marks.is_over,
        "ForgottenTo": _text(marks.forgotten_to),
    }


def _parse(row: Mapping[str, Any]) -> Marks:
    moments: dict[str, Any] = {field: _moment(row.get(name, "")) for name, field in _MOMENTS.items()}
    place = (row["NextPartition"], row["NextRow"]) if row["NextPartition"] else None
    look = Look(**moments, place=place) if row["Until"] else None
    return Marks(look, row["IsOver"], _moment(row["ForgottenTo"]))


def _text(moment: datetime | None) -> str:
    return stored_time(moment) if moment else ""


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
