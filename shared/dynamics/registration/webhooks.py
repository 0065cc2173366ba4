"""Webhooks: listed, shown, registered with their steps, changed, unregistered."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import uuid4

from shared.dynamics.organization import Organization
from shared.dynamics.registration.bodies import NewWebhook, WebhookChange, change_errors, webhook_errors
from shared.dynamics.registration.call import dataverse_call
from shared.dynamics.registration.endpoint_steps import EndpointSteps
from shared.dynamics.registration.endpoints import Endpoints, authentication_columns, require_free_name
from shared.dynamics.registration.lookups import Lookups
from shared.dynamics.registration.parsing import parse_body
from shared.dynamics.registration.step import Step
from shared.dynamics.registration.undo import undone_on_failure
from shared.dynamics.registration.webhook import Webhook
from shared.errors import Conflict

type Document = Mapping[str, object]


@dataclass(frozen=True)
class Registered:
    """A webhook and its steps; `is_new` says that the webhook or its step was made just now."""

    webhook: Webhook
    steps: tuple[Step, ...]
    is_new: bool = False

    def as_json(self) -> dict[str, object]:
        """The webhook with its steps."""
        return self.webhook.as_json(self.steps)


class Webhooks:
    """The operations. Each raises errors of shared/errors.py alone; an `id_` is a GUID in lower case."""

    def __init__(self, organization: Organization) -> None:
        self._organization = organization
        self._endpoints = Endpoints(organization)
        self._steps = EndpointSteps(organization)

    def list(self) -> list[Webhook]:
        """All webhooks of the organization."""
        with dataverse_call():
            return self._endpoints.list()

    def show(self, id_: str) -> Registered:
        """One webhook with its steps."""
        with dataverse_call():
            return Registered(self._endpoints.get(id_), tuple(self._steps.of(id_)))

    def register(self, document: Document) -> Registered:
        """Register a webhook and its steps, all or nothing."""
        new = parse_body(NewWebhook, document, webhook_errors)
        secrets = new.authentication.secrets
        with dataverse_call(secrets):
            require_free_name(new.name, self._endpoints.list())
            pointers = [f"#/steps/{number}" for number in range(len(new.steps))]
            planned = Lookups(self._organization).plan(new.steps, pointers)
        authtype = new.authentication.authtype
        webhook = Webhook(str(uuid4()), new.name, new.url, new.description, authtype, is_auth_set=True)
        with undone_on_failure(self._endpoints, webhook.id, is_made=False), dataverse_call(secrets):
            self._endpoints.create(webhook, new.authentication)
        with undone_on_failure(self._endpoints, webhook.id), dataverse_call(secrets):
            steps = tuple(self._steps.create(webhook, step)[0] for step in planned)
        return Registered(webhook, steps, is_new=True)

    def update(self, id_: str, document: Document) -> Registered:
        """Change a webhook: what is given, and of that what differs; its authentication is always written."""
        change = parse_body(WebhookChange, document, change_errors)
        secrets = change.authentication.secrets if change.authentication else ()
        with dataverse_call(secrets):
            before = self._endpoints.get(id_)
            after = _changed(before, change)
            if after.name != before.name:
                require_free_name(after.name, self._endpoints.list(), besides=id_)
            if columns := _columns(before, after, change):
                self._endpoints.update(id_, columns)
            return Registered(after, tuple(self._steps.of(id_)))

    def unregister(self, id_: str) -> None:
        """Delete a webhook; Dataverse deletes its steps in the same transaction, so all of it goes or nothing."""
        with dataverse_call():
            if self._endpoints.get(id_).is_managed:
                raise Conflict("the webhook is part of a managed solution: it goes when that is uninstalled")
            self._endpoints.delete(id_)


def _changed(before: Webhook, change: WebhookChange) -> Webhook:
    given = {name: getattr(change, name) for name in change.model_fields_set - {"authentication"}}
    if change.authentication is not None:
        given |= {"authtype": change.authentication.authtype, "is_auth_set": True}
    return replace(before, **given)


def _columns(before: Webhook, after: Webhook, change: WebhookChange) -> dict[str, object]:
    names = ("name", "url", "description")
    columns = {name: getattr(after, name) for name in names if getattr(after, name) != getattr(before, name)}
    return columns | (authentication_columns(change.authentication) if change.authentication else {})
