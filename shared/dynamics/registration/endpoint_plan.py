"""What `ensure` wants of each webhook of this app: its address, its name, its steps. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shared.dynamics.connection_created import is_created_connection
from shared.dynamics.registration.authentication import WebhookKey
from shared.dynamics.registration.bodies import NewStep, checked_url
from shared.dynamics.registration.ensure_bodies import Wanted, WantedEvent, waits_for_columns
from shared.dynamics.registration.image import PRE_IMAGE, StepImage
from shared.dynamics.registration.own_addresses import OwnAddresses, ReceivingFunction
from shared.dynamics.registration.step import MAX_NAME_CHARACTERS
from shared.dynamics.registration.webhook import same_name
from shared.errors import FieldError
from shared.outbound.target import parse_target
from shared.text_length import cut_to_utf16_length

_DEFAULT_NAMES = {ReceivingFunction.CONNECTIONS: "Connections to {}", ReceivingFunction.EVENTS: "Events to {}"}


@dataclass(frozen=True)
class WantedStep:
    """A step that has to be there, at `pointer` in the body; with this pre-image of ours, None for none."""

    step: NewStep
    pre_image: StepImage | None
    pointer: str


@dataclass(frozen=True)
class EndpointPlan:
    """A webhook that has to be there. `name` is the one that was asked for; a new webhook has `name_if_new`."""

    url: str = field(repr=False)
    name: str | None
    name_if_new: str
    key: WebhookKey
    solution: str | None
    steps: tuple[WantedStep, ...]
    prune: bool = False


def connections_plan(wanted: Wanted) -> EndpointPlan:
    """The webhook of ConnectionWebhook alone, for a body without events."""
    step = NewStep(message="Create", table="connection", mode=wanted.mode, solution=wanted.solution)
    return _plan(wanted, ReceivingFunction.CONNECTIONS, wanted.url, wanted.name, [WantedStep(step, None, "#")])


def event_plans(wanted: Wanted, own: OwnAddresses) -> list[EndpointPlan]:
    """The webhooks that the events of a body need: one for created connections, one for all others."""
    connections, events = _divided(wanted)
    plans = []
    if connections:
        url = checked_url(own.url_of(ReceivingFunction.CONNECTIONS))
        plans.append(_plan(wanted, ReceivingFunction.CONNECTIONS, url, None, connections))
    if events:
        plans.append(_plan(wanted, ReceivingFunction.EVENTS, wanted.url, wanted.name, events))
    return plans


def plan_errors(wanted: Wanted, own: OwnAddresses, *, is_addressed: bool) -> Iterable[FieldError]:
    """Why the events of a body cannot be posted to its address and to this app.

    `is_addressed` says that the body itself has a `url`.
    """
    connections, events = _divided(wanted)
    if events and own.function_at(wanted.url) is ReceivingFunction.CONNECTIONS:
        yield FieldError("#/url", "url must not be that of ConnectionWebhook, which takes created connections only")
    if connections:
        yield from _connections_errors(wanted, own, connections[0].pointer)
    if connections and not events:
        given = {"url": is_addressed, "name": wanted.name is not None}
        for member in (name for name, is_given in given.items() if is_given):
            detail = f"{member} is that of the webhook for all events but created connections, and none is asked for"
            yield FieldError(f"#/{member}", detail)


def _divided(wanted: Wanted) -> tuple[list[WantedStep], list[WantedStep]]:
    """The steps for created connections, and all others."""
    connections: list[WantedStep] = []
    events: list[WantedStep] = []
    for number, event in enumerate(wanted.events or ()):
        steps = connections if is_created_connection(event.message, event.table) else events
        steps.append(_wanted_step(event, wanted, f"#/events/{number}"))
    return connections, events


def _connections_errors(wanted: Wanted, own: OwnAddresses, pointer: str) -> Iterable[FieldError]:
    try:
        url = checked_url(own.url_of(ReceivingFunction.CONNECTIONS))
    except ValueError as refused:
        detail = f"event is posted to ConnectionWebhook below PUBLIC_URL, and that address {refused}"
        yield FieldError(f"{pointer}/event", detail)
        return
    if wanted.name and same_name(wanted.name, _default_name(ReceivingFunction.CONNECTIONS, url)):
        yield FieldError("#/name", "name must differ from that of the webhook for created connections")


def _wanted_step(event: WantedEvent, wanted: Wanted, pointer: str) -> WantedStep:
    waits = waits_for_columns(event.message)
    step = NewStep(
        message=event.message,
        table=event.table,
        mode=event.mode or wanted.mode,
        filtering_attributes=event.columns if waits else None,
        solution=wanted.solution,
    )
    columns = None if event.columns is None else tuple(event.columns)
    return WantedStep(step, StepImage("pre", PRE_IMAGE, columns) if event.pre_image else None, pointer)


def _plan(
    wanted: Wanted, function: ReceivingFunction, url: str, name: str | None, steps: Sequence[WantedStep]
) -> EndpointPlan:
    return EndpointPlan(
        url=url,
        name=name,
        name_if_new=name or _default_name(function, url),
        key=WebhookKey(type="WebhookKey", key=wanted.key),
        solution=wanted.solution,
        steps=tuple(steps),
        prune=wanted.prune,
    )


def _default_name(function: ReceivingFunction, url: str) -> str:
    return cut_to_utf16_length(_DEFAULT_NAMES[function].format(parse_target(url).authority), MAX_NAME_CHARACTERS)
