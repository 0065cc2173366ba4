"""The webhook as a client sends it: all members that a client may set, checked (docs/sources/superoffice.md 1.2).

Names of members match in any case. Unknown members are ignored, and so are those that only the server sets. Whether
the target may be called, and which headers may be sent, is checked on saving (shared/webhooks/saving.py).
"""

from collections.abc import Collection, Mapping
from enum import IntFlag, StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo
from pydantic.alias_generators import to_pascal

from shared.errors import BadRequest
from shared.validation import field_errors, one_of
from shared.webhooks.fields import (
    addresses,
    at_most,
    event_names,
    header_texts,
    json_at_most,
    list_items,
    names,
    not_blank,
    printable,
)

WEBHOOK_TYPES = frozenset({"webhook", "cloudevents", "cloudevents-binary", "crmscript"})
"""The types of webhooks. Each has a deliverer (shared/hub/receivers.py), as a test of that module makes sure."""

MAX_NAME = 400
"""Characters of a webhook's name."""

# What the types are called in the context with which a model is validated.
_TYPES = "types"


class WebhookState(StrEnum):
    """Whether events are delivered. The order is that of the vendor's numbers, 0 to 3."""

    UNKNOWN = "Unknown"
    ACTIVE = "Active"
    STOPPED = "Stopped"
    TOO_MANY_ERRORS = "TooManyErrors"


class NotifyVia(IntFlag):
    """How people are told that the state changed; 0 is None."""

    EMAIL = 1
    IN_APP = 2


class NotifyWhen(IntFlag):
    """When people are told; 0 is None."""

    FIRST_FAILURE = 1
    DISABLING = 2


_STATES = {state.value.lower(): state for state in WebhookState} | {
    str(number): state for number, state in enumerate(WebhookState)
}
_SPELLINGS: dict[type[IntFlag], dict[int, str]] = {
    NotifyVia: {1: "Email", 2: "InApp"},
    NotifyWhen: {1: "FirstFailure", 2: "Disabling"},
}


def parse_state(value: object) -> WebhookState:
    """The state that a client names, or gives the number of; raises ValueError with a phrase."""
    found = _STATES.get(_word(value))
    if found is None or found is WebhookState.UNKNOWN:
        raise ValueError(one_of([state.value for state in WebhookState if state is not WebhookState.UNKNOWN]))
    return found


def parse_flags[F: IntFlag](flags: type[F], value: object) -> F:
    """The flags that a client names, or gives the number of; raises ValueError with a phrase."""
    numbers = _numbers(flags)
    found = flags(0)
    for part in _word(value).split(","):
        number = numbers.get(part.strip())
        if number is None:
            raise ValueError(f"{one_of(['None', *_SPELLINGS[flags].values()])}, or both joined by a comma")
        found |= flags(number)
    return found


def flag_names(value: IntFlag) -> str:
    """The flags as .NET writes them: `None`, `Email`, or `Email, InApp`."""
    names = [name for number, name in _SPELLINGS[type(value)].items() if value & number]
    return ", ".join(names) or "None"


def _numbers(flags: type[IntFlag]) -> dict[str, int]:
    names = {name.lower(): number for number, name in _SPELLINGS[flags].items()}
    return {"none": 0, **names, **{str(number): number for number in range(4)}}


def _word(value: object) -> str:
    if isinstance(value, str):
        return value.strip().lower()
    return str(int(value)) if isinstance(value, int) and not isinstance(value, bool) else ""


def _known_type(text: str, info: ValidationInfo) -> str:
    # A stored webhook is read back without a context: its type was known when it was saved.
    types: Collection[str] | None = (info.context or {}).get(_TYPES)
    if types is not None and text not in types:
        raise ValueError(one_of(sorted(types)))
    return text


def _notify_via(value: object) -> NotifyVia:
    return parse_flags(NotifyVia, value)


def _notify_when(value: object) -> NotifyWhen:
    return parse_flags(NotifyWhen, value)


_STRIPPED = AfterValidator(str.strip)
_JSON = AfterValidator(json_at_most(30_000))
_EMail = Annotated[str, _STRIPPED, AfterValidator(printable), at_most(239)]


class WebhookInput(BaseModel):
    """A webhook as its owner wants it. Made by `parse_webhook`; stored and read back by the vendor's names.

    `events` are in lower case, each once. `secret`, and values of headers and properties, may be the mask that stands
    for the stored one. `sealed_headers`, which SuperOffice does not know, names headers and properties whose values are
    secrets although their names do not say so.
    """

    model_config = ConfigDict(frozen=True, defer_build=True, alias_generator=to_pascal, populate_by_name=True)

    name: Annotated[str, AfterValidator(not_blank), at_most(MAX_NAME)]
    events: Annotated[tuple[str, ...], BeforeValidator(event_names)]
    target_url: Annotated[str, _STRIPPED, AfterValidator(not_blank), at_most(4000)]
    secret: Annotated[str, at_most(400)] | None = None
    state: Annotated[WebhookState, BeforeValidator(parse_state)] = WebhookState.ACTIVE
    type: Annotated[str, _STRIPPED, AfterValidator(str.lower), at_most(100), AfterValidator(_known_type)] = "webhook"
    headers: Annotated[dict[str, str], BeforeValidator(header_texts), _JSON] | None = None
    properties: Annotated[dict[str, object], _JSON] | None = None
    errors_email: _EMail | None = None
    error_emails: Annotated[tuple[_EMail, ...], BeforeValidator(addresses), _JSON] = ()
    error_associates: Annotated[tuple[dict[str, object], ...], BeforeValidator(list_items), _JSON] = ()
    description: Annotated[str, at_most(4000)] | None = None
    notify_via: Annotated[NotifyVia, BeforeValidator(_notify_via)] = NotifyVia(0)
    notify_when: Annotated[NotifyWhen, BeforeValidator(_notify_when)] = NotifyWhen(0)
    sealed_headers: Annotated[tuple[str, ...], BeforeValidator(names), _JSON] | None = None


_ALIASES = {to_pascal(name).lower(): to_pascal(name) for name in WebhookInput.model_fields}


def parse_webhook(document: Mapping[str, object], *, types: Collection[str]) -> WebhookInput:
    """The webhook in a document; `types` are those that it may have.

    A null and an empty string count as missing. Raises BadRequest with one error for each member that is missing or
    wrong, in the order of the model.
    """
    given = {_ALIASES[key.lower()]: value for key, value in document.items() if key.lower() in _ALIASES}
    known = {name: value for name, value in given.items() if value is not None and value != ""}
    try:
        return WebhookInput.model_validate(known, context={_TYPES: types})
    except ValidationError as refusal:
        raise BadRequest.of(field_errors(refusal, depth=1)) from None
