"""Where one page of a listing ends and the next begins. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Position:
    """A row by its keys."""

    partition: str
    key: str


@dataclass(frozen=True)
class Place:
    """Where a listing goes on: behind the row `after`, with storage's own continuation if it gave one.

    Storage may end a page before it has found a row; then only the continuation, two texts that mean something to
    storage alone, says how far it looked. It belongs to the query for the rows behind `after`.
    """

    after: Position | None = None
    continuation: tuple[str, str] | None = None


BEGINNING = Place()
"""Where a listing begins."""
