"""The queue message that names an event. It is sent before the event is stored: no event is stored without one."""

from collections.abc import Sequence
from operator import not_
from typing import Annotated, Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.events.event import EventId
from shared.telemetry.traceparent import StoredTraceparent
from shared.validation import UUID_PATTERN

EVENTS_QUEUE = "events"


class UnrecognizedMessage(ValueError):
    """A message that the hub never sent; it belongs in the poison queue."""


class Announcement(BaseModel):
    """Names an event to dispatch.

    `id` is the announcement's own, which stays the same in every message that goes on for it: of several announcements
    of one event, one alone dispatches it. The previous version sent none (None). `attempt` counts how often the
    completion of a trimmed event was put off, `misses` how often the event was looked for in vain. `after` is the id
    of the webhook after which dispatch goes on, for an event that more webhooks want than one message handles; 0
    begins with the first. `repeat` says that what this message asks for may have been asked for before. `others` are
    events that the same message names, and that are announced by themselves when it is handled. `traceparent` is the
    place in a trace of whoever announced it.
    """

    model_config = ConfigDict(frozen=True, defer_build=True, extra="forbid", strict=True)

    version: Literal[1] = 1
    # What says nothing is left out of the text.
    id: Annotated[str | None, Field(pattern=rf"^{UUID_PATTERN}$", exclude_if=not_)] = None
    event_id: Annotated[EventId, Field(pattern=rf"^{UUID_PATTERN}$")]
    attempt: Annotated[int, Field(ge=0)] = 0
    misses: Annotated[int, Field(ge=0, exclude_if=not_)] = 0
    after: Annotated[int, Field(ge=0, lt=2**31, exclude_if=not_)] = 0
    repeat: Annotated[bool, Field(exclude_if=not_)] = False
    others: Annotated[
        tuple[Annotated[EventId, Field(pattern=rf"^{UUID_PATTERN}$")], ...], Field(exclude_if=not_, strict=False)
    ] = ()
    traceparent: Annotated[StoredTraceparent, Field(exclude_if=not_)] = None

    def as_text(self) -> str:
        """The text of the message."""
        return self.model_dump_json()

    def put_off(self) -> "Announcement":
        """The same, when the completion of its event failed once more."""
        return self.model_copy(update={"attempt": self.attempt + 1})

    def missed(self) -> "Announcement":
        """The same, when its event was looked for in vain once more."""
        return self.model_copy(update={"misses": self.misses + 1})

    def going_on(self, *, after: int, repeat: bool) -> "Announcement":
        """The same, for the webhooks with ids above `after`."""
        return self.model_copy(update={"after": after, "repeat": repeat})

    def alone(self) -> "Announcement":
        """The same, for its first event alone."""
        return self.model_copy(update={"others": ()})

    def as_repeat(self) -> "Announcement":
        """The same, when it comes once more although it was perhaps handled in part."""
        return self.model_copy(update={"repeat": True})


def new_announcement(
    event_id: EventId, others: Sequence[EventId] = (), *, traceparent: str | None = None
) -> Announcement:
    """An announcement of this event, and of others, that differs from every other one of it."""
    return Announcement(id=str(uuid4()), event_id=event_id, others=tuple(others), traceparent=traceparent)


def parse_announcement(body: bytes) -> Announcement:
    """The announcement in a message; raises UnrecognizedMessage for anything else."""
    return parse_message(Announcement, body, f"the message in queue {EVENTS_QUEUE} does not come from the hub")


def as_repeat(body: bytes) -> str:
    """The same announcement for another message to carry, told that it was perhaps handled in part.

    Raises UnrecognizedMessage.
    """
    return parse_announcement(body).as_repeat().as_text()


def parse_message[Message: BaseModel](model: type[Message], body: bytes, refusal: str) -> Message:
    """The message of this model in a body.

    Raises UnrecognizedMessage for anything else; its text is `refusal` and the members at fault, without their values.
    `body` there is the message as a whole.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as exc:
        at_fault = sorted({".".join(map(str, error["loc"])) or "body" for error in exc.errors()})
        raise UnrecognizedMessage(f"{refusal}: {', '.join(at_fault)}") from None
