"""The queue message that names an event. It is sent before the event is stored, so that none is stored without one."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.events.event import EventId
from shared.validation import UUID_PATTERN

EVENTS_QUEUE = "events"


class UnrecognizedMessage(ValueError):
    """A message that the hub never sent; it belongs into the poison queue."""


class Announcement(BaseModel):
    """`attempt` counts how often completing a trimmed event was put off. `after` is the id of the last webhook that was
    asked for, where so many want the event that another message goes on there; 0 begins with the first."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: Literal[1] = 1
    event_id: Annotated[EventId, Field(pattern=rf"^{UUID_PATTERN}$")]
    attempt: Annotated[int, Field(ge=0)] = 0
    after: Annotated[int, Field(ge=0, lt=2**31)] = 0

    def as_text(self) -> str:
        """The message's text; one that goes on nowhere is as the first version of the hub knows it."""
        return self.model_dump_json(exclude=None if self.after else {"after"})


def parse_announcement(body: bytes) -> Announcement:
    """The announcement in a message; raises NotOurs for anything else."""
    try:
        return Announcement.model_validate_json(body)
    except ValidationError as exc:
        wrong = sorted({".".join(map(str, error["loc"])) or "body" for error in exc.errors()})
        raise UnrecognizedMessage(f"the message in queue {EVENTS_QUEUE} is none of ours: {', '.join(wrong)}") from None
