"""The operations on webhooks in Dataverse: list, show, register with steps, change, unregister."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from shared.dynamics.organization import Organization
from shared.dynamics.registration.address import url_secrets
from shared.dynamics.registration.advice import Advisor
from shared.dynamics.registration.authentication import AnyAuthentication
from shared.dynamics.registration.bodies import (
    NewStep,
    NewWebhook,
    WebhookChange,
    change_errors,
    is_same_url,
    move_errors,
    webhook_errors,
)
from shared.dynamics.registration.call import dataverse_call
from shared.dynamics.registration.endpoint_steps import EndpointSteps
from shared.dynamics.registration.endpoints import Endpoints, authentication_columns, require_free_name
from shared.dynamics.registration.lookups import Lookups, ResolvedStep
from shared.dynamics.registration.parsing import parse_body
from shared.dynamics.registration.step import Step
from shared.dynamics.registration.step_images import StepImages
from shared.dynamics.registration.undo import undone_if_uncertain, undone_on_failure
from shared.dynamics.registration.webhook import Webhook
from shared.errors import BadRequest, Conflict, FieldError

type Document = Mapping[str, object]


@dataclass(frozen=True)
class RegisterResult:
    """A webhook and its steps; `is_new` says that it, a step or an image was just created."""

    webhook: Webhook
    steps: tuple[Step, ...]
    is_new: bool = False

    def as_json(self) -> dict[str, object]:
        """The webhook with its steps."""
        return self.webhook.as_json(self.steps)


class Webhooks:
    """The operations. Each raises errors of shared/errors.py alone; an `id_` is a GUID in lower case."""

    def __init__(self, organization: Organization, advisor: Advisor) -> None:
        self._organization = organization
        self._advisor = advisor
        self._endpoints = Endpoints(organization)
        self._steps = EndpointSteps(organization)
        self._images = StepImages(organization)

    def list(self) -> list[Webhook]:
        """All webhooks of the organization."""
        with dataverse_call():
            return [self._advisor.webhook(webhook) for webhook in self._endpoints.list()]

    def show(self, id_: str) -> RegisterResult:
        """One webhook with its steps."""
        with dataverse_call():
            return advised(self._advisor, RegisterResult(self._endpoints.get(id_), tuple(self._steps.of(id_))))

    def register(self, document: Document) -> RegisterResult:
        """Register a webhook and its steps, all or nothing."""
        new = parse_body(NewWebhook, document, self._errors)
        secrets = (*new.authentication.secrets, *url_secrets(new.url))
        with dataverse_call(secrets):
            others = self._endpoints.list()
            require_free_name(new.name, others)
            pointers = [f"#/steps/{number}" for number in range(len(new.steps))]
            resolved = Lookups(self._organization).resolve_steps(_in_solution(new), pointers)
        authtype = new.authentication.authtype
        webhook = Webhook(str(uuid4()), new.name, new.url, new.description, authtype, is_auth_set=True)
        with undone_if_uncertain(webhook.id, self._endpoints.delete), dataverse_call(secrets):
            self._endpoints.create(webhook, new.authentication, new.solution)
        with undone_on_failure(webhook.id, self._endpoints.delete), dataverse_call(secrets):
            steps = tuple(self._step(webhook, step) for step in resolved)
        made = RegisterResult(webhook, steps, is_new=True)
        return advised(self._advisor, made, new.authentication, others)

    def _step(self, webhook: Webhook, resolved: ResolvedStep) -> Step:
        step, _ = self._steps.create(webhook, resolved)
        return self._images.replace_all(step, resolved.wanted.wanted_images, resolved.wanted.solution)

    def _errors(self, new: NewWebhook) -> Sequence[FieldError]:
        stages = (
            error
            for number, step in enumerate(new.steps)
            for error in self._advisor.own.stage_errors(new.url, step.stage, f"#/steps/{number}")
        )
        return [*webhook_errors(new), *stages]

    def update(self, id_: str, document: Document) -> RegisterResult:
        """Change a webhook: of the given members, those that differ; authentication is always written.

        The address as it is shown, with its masks, stands for the one that the webhook has.
        """
        change = parse_body(WebhookChange, document, change_errors)
        with dataverse_call():
            before = self._endpoints.get(id_)
            if errors := move_errors(change, before.url):
                raise BadRequest.of(errors)
            with dataverse_call(_secrets(before, change)):
                return self._update(before, change)

    def _update(self, before: Webhook, change: WebhookChange) -> RegisterResult:
        after = _changed(before, change)
        others: Sequence[Webhook] = ()
        if (after.name, after.url) != (before.name, before.url):
            others = self._endpoints.list()
        if after.name != before.name:
            require_free_name(after.name, others, besides=before.id)
        if columns := _columns(before, after, change):
            self._endpoints.update(before.id, columns)
        registered = RegisterResult(after, tuple(self._steps.of(before.id)))
        return advised(self._advisor, registered, change.authentication, others)

    def unregister(self, id_: str) -> None:
        """Delete a webhook; Dataverse deletes its steps in the same transaction, so either all goes or nothing."""
        with dataverse_call():
            webhook = self._endpoints.get(id_)
            if webhook.is_managed:
                raise Conflict("the webhook is part of a managed solution: uninstalling that removes it")
            with dataverse_call(url_secrets(webhook.url)):
                self._endpoints.delete(id_)


def advised(
    advisor: Advisor,
    registered: RegisterResult,
    authentication: AnyAuthentication | None = None,
    others: Iterable[Webhook] = (),
) -> RegisterResult:
    """A webhook and its steps with an Advisor's warnings."""
    webhook = advisor.webhook(registered.webhook, authentication, others)
    return replace(registered, webhook=webhook, steps=tuple(advisor.step(one, webhook) for one in registered.steps))


def _in_solution(new: NewWebhook) -> Sequence[NewStep]:
    """The steps of a webhook, which belong to its solution unless they name one of their own."""
    return [step.model_copy(update={"solution": step.solution or new.solution}) for step in new.steps]


def _secrets(before: Webhook, change: WebhookChange) -> tuple[str, ...]:
    given = change.authentication.secrets if change.authentication else ()
    return (*given, *url_secrets(before.url), *url_secrets(change.url or ""))


def _changed(before: Webhook, change: WebhookChange) -> Webhook:
    given = {name: getattr(change, name) for name in change.model_fields_set - {"authentication"}}
    if change.url is not None and is_same_url(change.url, before.url):
        given["url"] = before.url
    if change.authentication is not None:
        given |= {"authtype": change.authentication.authtype, "is_auth_set": True}
    return replace(before, **given)


def _columns(before: Webhook, after: Webhook, change: WebhookChange) -> dict[str, object]:
    names = ("name", "url", "description")
    columns = {name: getattr(after, name) for name in names if getattr(after, name) != getattr(before, name)}
    return columns | (authentication_columns(change.authentication) if change.authentication else {})
