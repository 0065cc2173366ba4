"""What an event of Dataverse is called, `<table>.<verb>`, and which of them DYNAMICS_EVENTS takes. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

VERBS: Mapping[str, str] = {
    "Create": "created",
    "Update": "updated",
    "Delete": "deleted",
    "Associate": "associated",
    "Disassociate": "disassociated",
    "Assign": "assigned",
    "SetState": "statechanged",
    "SetStateDynamicEntity": "statechanged",
    "Merge": "merged",
}
"""Dataverse's messages that have a verb of the hub; every other message is its own verb."""

WITHOUT_TABLE = "dataverse"
"""The first part of the name of an event that is about no table."""

_VERBS = {message.lower(): verb for message, verb in VERBS.items()}
_NOT_IN_NAMES = re.compile(r"[^a-z0-9_.-]", re.ASCII)
_ANY = "*"


def event_name(message: str, table: str | None) -> str:
    """The name of the event that a message on a table is, in lower case: `opportunity.updated`, `quote.win`.

    Characters that names of events may not have become `_`. The name may be longer than webhooks can subscribe to.
    """
    verb = _VERBS.get(message.lower(), message)
    return f"{_part(table or WITHOUT_TABLE)}.{_part(verb)}"


def is_verb(message: str) -> bool:
    """Whether a message has the name of one of the hub's verbs: its events would pass for those of another message."""
    return message.lower() in _VERBS.values()


def _part(text: str) -> str:
    return _NOT_IN_NAMES.sub("_", text.lower())


@dataclass(frozen=True)
class EventPattern:
    """`table.verb`, in lower case; either part may be `*`, which is any."""

    table: str
    verb: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The pattern in a text of DYNAMICS_EVENTS, whose form settings.py has checked."""
        table, _, verb = text.partition(".")
        return cls(table, verb)

    def matches(self, name: str) -> bool:
        """Whether it takes the event with this name."""
        table, _, verb = name.partition(".")
        return self.table in {_ANY, table} and self.verb in {_ANY, verb}


def is_taken(name: str, patterns: Iterable[EventPattern]) -> bool:
    """Whether one of the patterns takes the event with this name."""
    return any(pattern.matches(name) for pattern in patterns)
