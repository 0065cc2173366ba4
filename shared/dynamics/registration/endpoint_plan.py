"""What `ensure` wants of each webhook of this app: its address, its name, its steps. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shared.dynamics.registration.authentication import WebhookKey
from shared.dynamics.registration.bodies import NewStep, checked_url
from shared.dynamics.registration.ensure_bodies import CONNECTION_CREATED, Wanted, WantedEvent, waits_for_columns
from shared.dynamics.registration.image import PRE_IMAGE, StepImage
from shared.dynamics.registration.receiving import OwnAddresses, ReceivingFunction
from shared.dynamics.registration.step import MAX_NAME_CHARACTERS
from shared.dynamics.registration.webhook import same_name
from shared.errors import BadRequest, FieldError
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


def event_plans(wanted: Wanted, own: OwnAddresses, *, is_addressed: bool) -> list[EndpointPlan]:
    """The webhooks that the events of a body need: one for created connections, one for all others.

    `is_addressed` says that the body itself has a `url`. Raises BadRequest.
    """
    connections: list[WantedStep] = []
    events: list[WantedStep] = []
    for number, event in enumerate(wanted.events or ()):
        steps = connections if event.event == CONNECTION_CREATED else events
        steps.append(_wanted_step(event, wanted, f"#/events/{number}"))
    errors = [*_addressing_errors(wanted, own, bool(events), is_addressed=is_addressed)]
    plans = []
    if connections:
        url, found = _connections_url(own, connections[0].pointer)
        errors += found
        if url:
            plans.append(_plan(wanted, ReceivingFunction.CONNECTIONS, url, None, connections))
    if events:
        plans.append(_plan(wanted, ReceivingFunction.EVENTS, wanted.url, wanted.name, events))
    if wanted.name and any(plan.name is None and same_name(plan.name_if_new, wanted.name) for plan in plans):
        errors.append(FieldError("#/name", "name must differ from that of the webhook for created connections"))
    if errors:
        raise BadRequest.of(errors)
    return plans


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
    default = _DEFAULT_NAMES[function].format(parse_target(url).authority)
    return EndpointPlan(
        url=url,
        name=name,
        name_if_new=name or cut_to_utf16_length(default, MAX_NAME_CHARACTERS),
        key=WebhookKey(type="WebhookKey", key=wanted.key),
        solution=wanted.solution,
        steps=tuple(steps),
        prune=wanted.prune,
    )


def _connections_url(own: OwnAddresses, pointer: str) -> tuple[str | None, list[FieldError]]:
    try:
        return checked_url(own.url_of(ReceivingFunction.CONNECTIONS)), []
    except ValueError as refused:
        detail = f"event is posted to ConnectionWebhook below PUBLIC_URL, and that address {refused}"
        return None, [FieldError(f"{pointer}/event", detail)]


def _addressing_errors(
    wanted: Wanted, own: OwnAddresses, has_events: bool, *, is_addressed: bool
) -> Iterable[FieldError]:
    if has_events and own.function_at(wanted.url) is ReceivingFunction.CONNECTIONS:
        yield FieldError("#/url", "url must not be that of ConnectionWebhook, which takes created connections only")
    if not has_events:
        given = {"url": is_addressed, "name": wanted.name is not None}
        for member in (name for name, is_given in given.items() if is_given):
            detail = f"{member} is that of the webhook for all events but created connections, and none is asked for"
            yield FieldError(f"#/{member}", detail)
