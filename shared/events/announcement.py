"""The queue message that names an event. It is sent before the event is stored: no event is stored without one."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.events.event import EventId
from shared.validation import UUID_PATTERN

EVENTS_QUEUE = "events"


class UnrecognizedMessage(ValueError):
    """A message that the hub never sent; it belongs in the poison queue."""


class Announcement(BaseModel):
    """Names an event to dispatch.

    `attempt` counts how often the completion of a trimmed event was put off. `after` is the id of the webhook after
    which dispatch goes on, for an event that more webhooks want than one message handles; 0 begins with the first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: Literal[1] = 1
    event_id: Annotated[EventId, Field(pattern=rf"^{UUID_PATTERN}$")]
    attempt: Annotated[int, Field(ge=0)] = 0
    after: Annotated[int, Field(ge=0, lt=2**31)] = 0

    def as_text(self) -> str:
        """The text of the message; without `after`, as the first version of the hub knows it, if that is 0."""
        return self.model_dump_json(exclude=None if self.after else {"after"})


def parse_announcement(body: bytes) -> Announcement:
    """The announcement in a message; raises UnrecognizedMessage for anything else."""
    try:
        return Announcement.model_validate_json(body)
    except ValidationError as exc:
        text = f"the message in queue {EVENTS_QUEUE} does not come from the hub: {members_at_fault(exc)}"
        raise UnrecognizedMessage(text) from None


def members_at_fault(refusal: ValidationError) -> str:
    """The members of a message that its model refused, for a sentence; `body` is the message as a whole."""
    return ", ".join(sorted({".".join(map(str, error["loc"])) or "body" for error in refusal.errors()}))
