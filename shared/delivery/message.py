"""The queue message that asks for one attempt to deliver one event to one webhook. Pure."""

from functools import cache
from operator import not_
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from shared.events.announcement import parse_message
from shared.events.event import Event, EventId
from shared.exact_json import is_plain
from shared.telemetry.traceparent import StoredTraceparent
from shared.validation import UUID_PATTERN

MAX_MESSAGE_BYTES = 40_000
"""Of a message's text. A queue message holds 64 KiB of base64, which is 48 KiB of text."""


@cache
def _event_adapter() -> TypeAdapter[Event]:
    """How an event is written; made when the first one is."""
    return TypeAdapter(Event)


_NO_EVENT = '"event":null'


def _is_none(value: object) -> bool:
    return value is None


class DeliveryMessage(BaseModel):
    """Asks for one attempt: `attempt` counts those made before it in its `cycle`; a replay begins a new cycle.

    A message whose attempt was already made is a duplicate, or too late. `event` goes along if it is small enough, so
    that it need not be read again for each webhook. `has_turn` says that the moment at which the message comes was
    reserved for it, because its receiver allows only a number of requests a minute. `repeat` says that the attempt may
    have been asked for by another message too; one that was not doubled has it left out.

    Only a delivery that waited for its receiver has the next three: `probe` is the number of the wake-up that sent it
    to try whether the receiver is well again, `parked_at` when it was first parked in its cycle, and `due_at` when its
    own schedule allows the attempt (an earlier one uses up nothing of it).

    `traceparent` is the place in the event's trace of the dispatch that asked for the delivery.
    """

    model_config = ConfigDict(frozen=True, defer_build=True, extra="forbid")

    version: Literal[1] = 1
    event_id: Annotated[EventId, Field(pattern=rf"^{UUID_PATTERN}$")]
    webhook_id: Annotated[int, Field(ge=1, lt=2**31)]
    attempt: Annotated[int, Field(ge=0)] = 0
    cycle: Annotated[int, Field(ge=0)] = 0
    event: Event | None = None
    has_turn: bool = False
    repeat: Annotated[bool, Field(exclude_if=not_)] = False
    probe: Annotated[int | None, Field(ge=1, exclude_if=_is_none)] = None
    parked_at: Annotated[AwareDatetime | None, Field(exclude_if=_is_none)] = None
    due_at: Annotated[AwareDatetime | None, Field(exclude_if=_is_none)] = None
    traceparent: Annotated[StoredTraceparent, Field(exclude_if=_is_none)] = None

    @property
    def is_first(self) -> bool:
        """Whether it asks for the very first attempt of the delivery."""
        return self.cycle == 0 and self.attempt == 0

    @property
    def is_new(self) -> bool:
        """Whether nothing of its delivery can be stored yet: it asks for the first attempt, and nobody else did."""
        return self.is_first and not self.repeat

    def as_text(self) -> str:
        """The message's text; the event is left out if the message would be too large or inexact with it."""
        if self.event is None or is_plain_event(self.event):
            text = self.model_dump_json()
            if _fits(text):
                return text
        return self.model_copy(update={"event": None}).model_dump_json()


def as_repeat(body: bytes) -> str:
    """The same message for another one to carry, told to be a possible repeat; raises UnrecognizedMessage."""
    return parse_delivery_message(body).model_copy(update={"repeat": True}).as_text()


class FirstMessages:
    """The messages that ask for the first attempts to deliver one event, to however many webhooks.

    The event is turned into JSON only once; each text is what `DeliveryMessage.as_text` gives.
    """

    def __init__(self, event: Event, *, repeat: bool = False, traceparent: str | None = None) -> None:
        self._event_id = event.id
        self._repeat = repeat
        self._traceparent = traceparent
        event_text = _event_adapter().dump_json(event).decode() if is_plain_event(event) else "null"
        self._event_member = f'"event":{event_text}'

    def text_for(self, webhook_id: int) -> str:
        """The text of the message for this webhook."""
        # The other members are numbers, flags and hexadecimal digits, so the event's place is found without doubt.
        message = DeliveryMessage(
            event_id=self._event_id, webhook_id=webhook_id, repeat=self._repeat, traceparent=self._traceparent
        )
        bare = message.model_dump_json()
        text = bare.replace(_NO_EVENT, self._event_member)
        return text if _fits(text) else bare


def parse_delivery_message(body: bytes) -> DeliveryMessage:
    """The request in a message; raises UnrecognizedMessage for anything else."""
    return parse_message(DeliveryMessage, body, "this message does not ask for a delivery")


def is_plain_event(event: Event) -> bool:
    """Whether a message can tell an event without loss; one with odd numbers, or deep values, is read from its row."""
    return is_plain([event.field_values, event.values, event.previous_values, event.parameters])


def _fits(text: str) -> bool:
    return len(text.encode()) <= MAX_MESSAGE_BYTES
