"""The queue message that asks for one attempt to deliver one event to one webhook. Pure."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.events.announcement import NotOurs
from shared.events.event import EventId

DELIVERIES_QUEUE = "deliveries"
SLOW_QUEUE = "deliveries-slow"


class DeliveryMessage(BaseModel):
    """`attempt` is the number of attempts that were made before: a message whose number has passed is a duplicate.

    `replay` counts how often the delivery was begun anew, for the same reason.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: Literal[1] = 1
    event_id: Annotated[EventId, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    webhook_id: Annotated[int, Field(ge=1, lt=2**31)]
    attempt: Annotated[int, Field(ge=0)] = 0
    replay: Annotated[int, Field(ge=0)] = 0

    def as_text(self) -> str:
        """The message's text."""
        return self.model_dump_json()


def parse_delivery_message(body: bytes) -> DeliveryMessage:
    """The request in a message; raises NotOurs for anything else."""
    try:
        return DeliveryMessage.model_validate_json(body)
    except ValidationError as exc:
        wrong = sorted({".".join(map(str, error["loc"])) or "body" for error in exc.errors()})
        raise NotOurs(f"the message in queue {DELIVERIES_QUEUE} is none of ours: {', '.join(wrong)}") from None
