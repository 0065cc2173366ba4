"""The closed sets of the Webhook entity: its state, and the bit flags of its notifications (facts/superoffice.md 1.2).

Clients write them as names in any case, as numbers, or as numbers in texts; flags also as names with commas.
"""

from enum import IntFlag, StrEnum


class WebhookState(StrEnum):
    """Whether events are posted. The order is that of the vendor's numbers, 0 to 3."""

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
    """The state that a client names; raises ValueError with what is needed."""
    found = _STATES.get(_word(value))
    if found is None or found is WebhookState.UNKNOWN:
        raise ValueError("Active, Stopped or TooManyErrors is needed")
    return found


def parse_flags[F: IntFlag](flags: type[F], value: object) -> F:
    """The flags that a client names; raises ValueError with what is needed."""
    numbers = _numbers(flags)
    found = flags(0)
    for part in _word(value).split(","):
        number = numbers.get(part.strip())
        if number is None:
            raise ValueError(f"None, {' or '.join(_SPELLINGS[flags].values())} is needed, or both with a comma")
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
