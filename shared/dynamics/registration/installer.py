"""Ensures that Dataverse posts what is wanted to this hub: created connections, or any events that are named."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from shared.dynamics.organization import Organization
from shared.dynamics.registration.address import url_secrets
from shared.dynamics.registration.advice import Advisor
from shared.dynamics.registration.call import dataverse_call
from shared.dynamics.registration.endpoint_installer import EndpointInstaller
from shared.dynamics.registration.endpoint_plan import (
    EndpointPlan,
    WantedStep,
    connections_plan,
    event_plans,
    plan_errors,
)
from shared.dynamics.registration.endpoints import Endpoints
from shared.dynamics.registration.ensure_bodies import Wanted, wanted_errors
from shared.dynamics.registration.lookups import Lookups, ResolvedStep
from shared.dynamics.registration.own_addresses import ReceivingFunction
from shared.dynamics.registration.parsing import parse_body
from shared.dynamics.registration.step import WITH_OR_WITHOUT_TABLE
from shared.dynamics.registration.step_installer import InstallableStep
from shared.dynamics.registration.webhooks import RegisterResult, advised
from shared.errors import BadRequest, FieldError

_DEFAULTED = frozenset({"name", "url", "mode", "solution", "events", "prune"})

type Document = Mapping[str, object]


@dataclass(frozen=True)
class Ensured:
    """The webhooks that are there now; more than one only if events were named, and then `is_list`."""

    webhooks: tuple[RegisterResult, ...]
    is_list: bool

    @property
    def is_new(self) -> bool:
        """Whether a webhook, a step or an image was just created."""
        return any(webhook.is_new for webhook in self.webhooks)

    @property
    def ids(self) -> str:
        """The ids of the webhooks, joined by commas."""
        return ",".join(registered.webhook.id for registered in self.webhooks)

    def as_json(self) -> dict[str, object]:
        """The webhook with its steps, or a list of such webhooks."""
        shown = [webhook.as_json() for webhook in self.webhooks]
        return {"value": shown} if self.is_list else shown[0]


class WebhookInstaller:
    """Creates or corrects the webhooks of this hub; `advisor` knows the hub's addresses."""

    def __init__(self, organization: Organization, advisor: Advisor) -> None:
        self._organization = organization
        self._advisor = advisor
        self._endpoints = Endpoints(organization)

    def ensure(self, document: Document) -> Ensured:
        """The webhooks that the document asks for with their steps, created or corrected.

        They are those for the events that it names, or the one for created connections. Raises Conflict, and changes
        nothing, if there are two such webhooks, or two such steps. What a failure leaves of webhooks that were there
        before is put right by a repetition.
        """
        is_list = document.get("events") is not None
        plans = self._event_plans(document) if is_list else [self._connections_plan(document)]
        return Ensured(self._ensure(plans), is_list)

    def organization_id(self) -> str:
        """The id of the organization, which each of its requests names."""
        with dataverse_call():
            return self._organization.id

    def _connections_plan(self, document: Document) -> EndpointPlan:
        return connections_plan(self._parse(document, ReceivingFunction.CONNECTIONS))

    def _event_plans(self, document: Document) -> list[EndpointPlan]:
        own, is_addressed = self._advisor.own, document.get("url") is not None
        wanted = self._parse(
            document, ReceivingFunction.EVENTS, lambda body: plan_errors(body, own, is_addressed=is_addressed)
        )
        return event_plans(wanted, own)

    def _parse(
        self,
        document: Document,
        function: ReceivingFunction,
        check: Callable[[Wanted], Iterable[FieldError]] = lambda _: (),
    ) -> Wanted:
        given = {name: value for name, value in document.items() if value is not None or name not in _DEFAULTED}
        # The default address is checked too: Dataverse cannot call an app at localhost.
        body = {"url": self._advisor.own.url_of(function), **given}
        return parse_body(Wanted, body, lambda wanted: [*wanted_errors(wanted), *check(wanted)])

    def _ensure(self, plans: Sequence[EndpointPlan]) -> tuple[RegisterResult, ...]:
        secrets = [secret for plan in plans for secret in (*plan.key.secrets, *url_secrets(plan.url))]
        with dataverse_call(secrets):
            steps = self._resolve(plans)
            installers = [
                EndpointInstaller(self._organization, plan, wanted) for plan, wanted in zip(plans, steps, strict=True)
            ]
            webhooks = self._endpoints.list()
            found = [installer.find(webhooks) for installer in installers]
        ensured = [installer.install(existing) for installer, existing in zip(installers, found, strict=True)]
        return tuple(advised(self._advisor, one) for one in ensured)

    def _resolve(self, plans: Sequence[EndpointPlan]) -> list[list[InstallableStep]]:
        """The steps of each plan as they can be registered; raises one BadRequest for all that cannot."""
        lookups = Lookups(self._organization)
        errors: list[FieldError] = []
        resolved: list[list[InstallableStep]] = []
        for plan in plans:
            steps: dict[tuple[str, str, str], InstallableStep] = {}
            for wanted in plan.steps:
                try:
                    step = _resolve(lookups, wanted)
                    _require_same_mode(steps.get(step.slot.key), wanted)
                except BadRequest as refusal:
                    errors += _at(wanted.pointer, refusal.errors)
                else:
                    steps.setdefault(step.slot.key, InstallableStep(step, wanted.pre_image))
            resolved.append(list(steps.values()))
        if errors:
            raise BadRequest.of(errors)
        return resolved


def _resolve(lookups: Lookups, wanted: WantedStep) -> ResolvedStep:
    step = wanted.step
    try:
        [resolved] = lookups.resolve_steps([step], [wanted.pointer])
    except BadRequest:
        if step.table is None or step.message.lower() not in WITH_OR_WITHOUT_TABLE:
            raise
        # Without filters for single tables, the step runs for all tables.
        [resolved] = lookups.resolve_steps([step.model_copy(update={"table": None})], [wanted.pointer])
    return resolved


def _require_same_mode(other: InstallableStep | None, wanted: WantedStep) -> None:
    # Two tables can share a step that has none.
    if other is not None and other.resolved.wanted.mode != wanted.step.mode:
        detail = "mode must be that of the other event that needs the same step, which has no table"
        raise BadRequest.of([FieldError(f"{wanted.pointer}/mode", detail)])


def _at(pointer: str, errors: Sequence[FieldError]) -> list[FieldError]:
    """Errors of a step as errors of the event that needs it; a body without events has no such member."""
    if pointer == "#":
        return list(errors)
    return [
        error
        if error.pointer == f"{pointer}/mode"
        else FieldError(f"{pointer}/event", f"event is nothing that Dataverse can send: {error.detail}")
        for error in errors
    ]
