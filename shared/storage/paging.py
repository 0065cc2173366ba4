"""Where one page of a listing ends and the next begins. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Position:
    """A row by its keys: where a listing stopped, so that a later one can go on."""

    partition: str
    key: str

    def as_token(self) -> str:
        """The position as a client gets it."""
        return f"{self.partition}.{self.key}"
