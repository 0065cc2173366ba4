"""The two functions of this app that Dataverse calls, and which steps each of them takes. Pure."""

from dataclasses import dataclass
from enum import Enum

from shared.dynamics.registration.address import CONNECTIONS_PATH, EVENTS_PATH, address, is_receiving_path
from shared.dynamics.registration.step import StepSlot
from shared.errors import FieldError
from shared.outbound.target import TargetRefused, parse_target

POST_OPERATION = "PostOperation"


class ReceivingFunction(Enum):
    """A function, with the path of its route."""

    CONNECTIONS = CONNECTIONS_PATH
    """ConnectionWebhook: created connections and nothing else."""
    EVENTS = EVENTS_PATH
    """DynamicsWebhook: any message on any table."""


@dataclass(frozen=True)
class OwnAddresses:
    """The addresses of the app at `public_url`."""

    public_url: str

    def url_of(self, function: ReceivingFunction) -> str:
        """Where Dataverse calls this function."""
        return self.public_url + function.value

    def function_at(self, url: str) -> ReceivingFunction | None:
        """The function of this app that an address reaches; None for any other address."""
        reached = address(url)
        return next((one for one in ReceivingFunction if address(self.url_of(one)) == reached), None)

    def stage_errors(self, url: str, stage: str, pointer: str = "#") -> list[FieldError]:
        """Why a step at this stage may not be registered for an address; nothing, if it may."""
        if stage == POST_OPERATION or self.function_at(url) is None:
            return []
        detail = (
            "stage must be PostOperation at an address of this app: before that a row does not exist yet, may have no "
            "id, and may never come to be"
        )
        return [FieldError(f"{pointer}/stage", detail)]


def posts_to_this_app(url: str) -> bool:
    """Whether an address has the path of one of the two functions: at this app under any of its names, or a tunnel."""
    try:
        target = parse_target(address(url))
    except TargetRefused:
        return False
    return is_receiving_path(target.path_and_query)


def takes_message(function: ReceivingFunction, slot: StepSlot) -> bool:
    """Whether a function takes the message and the table of a step."""
    return function is ReceivingFunction.EVENTS or slot.key[:2] == ("create", "connection")
