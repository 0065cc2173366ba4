"""Where one page of a listing ends and the next begins. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Position:
    """A row by its keys: where a page ended, so that the next one can go on after it."""

    partition: str
    key: str

    def as_token(self) -> str:
        """The position as a continuation token."""
        return f"{self.partition}.{self.key}"
