"""The queue message that asks for one attempt to deliver one event to one webhook. Pure."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.events.announcement import UnrecognizedMessage
from shared.events.event import Event, EventId
from shared.validation import UUID_PATTERN

_MAX_TEXT = 40_000
"""A message holds 64 KiB of base64, which is 48 KiB of text."""


class DeliveryMessage(BaseModel):
    """`attempt` counts the attempts before it in its `cycle`; a replay begins a new cycle.

    A message whose attempt was made already is a duplicate, or comes too late. `event` goes along where it is small
    enough, so that it need not be read for each webhook again. `has_turn` says that the moment at which the message
    comes was reserved for it: some receivers allow a number of requests a minute.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    event_id: Annotated[EventId, Field(pattern=rf"^{UUID_PATTERN}$")]
    webhook_id: Annotated[int, Field(ge=1, lt=2**31)]
    attempt: Annotated[int, Field(ge=0)] = 0
    cycle: Annotated[int, Field(ge=0)] = 0
    event: Event | None = None
    has_turn: bool = False

    def as_text(self) -> str:
        """The message's text, without the event where it is too large with it."""
        text = self.model_dump_json()
        return text if len(text.encode()) <= _MAX_TEXT else self.model_copy(update={"event": None}).model_dump_json()


def parse_delivery_message(body: bytes) -> DeliveryMessage:
    """The request in a message; raises NotOurs for anything else."""
    try:
        return DeliveryMessage.model_validate_json(body)
    except ValidationError as exc:
        wrong = sorted({".".join(map(str, error["loc"])) or "body" for error in exc.errors()})
        raise UnrecognizedMessage(f"this message asks for no delivery: {', '.join(wrong)}") from None
