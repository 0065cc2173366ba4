"""What clients send to `ensure`, checked as far as possible without asking Dataverse. Pure.

An event is named as receivers get it, `<table>.<verb>`; here it becomes a message on a table.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from shared.dynamics.event_name import VERBS, WITHOUT_TABLE
from shared.dynamics.registration.authentication import Body, Key
from shared.dynamics.registration.bodies import Mode, Name, Solution, SomeColumns, Url
from shared.dynamics.registration.image import can_have_pre_image
from shared.errors import FieldError
from shared.webhooks.fields import MAX_EVENT_NAME

MAX_EVENTS = 100
"""Events of one call: more could not be looked up and registered while a client waits."""

"""The event of ConnectionWebhook; every other one is DynamicsWebhook's."""

_EVENT = re.compile(r"[a-z_][a-z0-9_]{0,127}\.[a-z0-9_]+", re.ASCII)
# Two messages are called statechanged; the one that Dataverse sends is SetStateDynamicEntity.
_MESSAGES: Mapping[str, str] = {verb: message for message, verb in VERBS.items() if message != "SetState"}


def _event(text: str) -> str:
    name = text.lower()
    if not _EVENT.fullmatch(name) or len(name) > MAX_EVENT_NAME:
        raise ValueError("must be a table and a verb, such as opportunity.updated")
    return name


Event = Annotated[str, AfterValidator(_event)]


class WantedEvent(Body):
    """An event that is to be posted to this app."""

    event: Event
    columns: SomeColumns | None = None
    pre_image: bool | None = None
    mode: Mode | None = None

    @property
    def table(self) -> str | None:
        """The table, None for an event that is about none."""
        table = self.event.partition(".")[0]
        return None if table == WITHOUT_TABLE else table

    @property
    def message(self) -> str:
        """Dataverse's message."""
        return message_of(self.event)


class Wanted(Body):
    """What `ensure` brings about; without a name, it follows from the address."""

    key: Key
    url: Url = Field(repr=False)
    name: Name | None = None
    mode: Mode = "async"
    solution: Solution | None = None
    events: list[WantedEvent] | None = None
    prune: bool = False


def message_of(event: str) -> str:
    """The message of the event with this name; a verb that is none of this app's is the message itself."""
    verb = event.partition(".")[2]
    return _MESSAGES.get(verb.lower(), verb)


def can_have_columns(message: str, *, has_pre_image: bool) -> bool:
    """Whether a step on this message can be told columns: to wait for, or for its pre-image."""
    return waits_for_columns(message) or (has_pre_image and can_have_pre_image(message))


def waits_for_columns(message: str) -> bool:
    """Whether a step on this message can wait for changes of certain columns."""
    return message.lower() == "update"


def wanted_errors(wanted: Wanted) -> list[FieldError]:
    """What does not go together in the body."""
    if wanted.events is None:
        return [FieldError("#/prune", "prune goes with events only")] if wanted.prune else []
    errors = [*_count_errors(wanted.events)]
    firsts: dict[tuple[str, str | None], int] = {}
    for number, event in enumerate(wanted.events):
        here = f"#/events/{number}"
        first = firsts.setdefault((event.message.lower(), event.table), number)
        if first != number:
            errors.append(FieldError(f"{here}/event", f"event is the same as that of events/{first}"))
        errors += _event_errors(event, here)
    return errors


def _count_errors(events: Sequence[WantedEvent]) -> list[FieldError]:
    if not events:
        # With prune, a list that was lost on its way here would remove all steps.
        return [FieldError("#/events", "events must name at least one event")]
    if len(events) > MAX_EVENTS:
        return [FieldError("#/events", f"events must have at most {MAX_EVENTS} items (got {len(events)})")]
    return []


def _event_errors(event: WantedEvent, pointer: str) -> list[FieldError]:
    errors = []
    if event.pre_image and not can_have_pre_image(event.message):
        detail = f"preImage must be left out: the hub can have the row as it was for none of {event.message}'s requests"
        errors.append(FieldError(f"{pointer}/preImage", detail))
    if event.columns and not can_have_columns(event.message, has_pre_image=bool(event.pre_image)):
        detail = "columns must be left out: only an update waits for columns, and there is no pre-image to hold them"
        errors.append(FieldError(f"{pointer}/columns", detail))
    return errors
