"""`ensure`: there is exactly one webhook that posts created connections to this hub, with this key.

Dataverse keeps neither names nor addresses unique, but ids it does. So webhook and step have ids that follow from what
they are for: of two installers at once, wherever they run, Dataverse refuses one, and that one goes on with what the
other made.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from uuid import UUID, uuid5

from shared.dynamics.organization import Organization
from shared.dynamics.refusal import DataverseRefused
from shared.dynamics.registration.address import RECEIVING_PATH, address, url_secrets
from shared.dynamics.registration.advice import Advisor
from shared.dynamics.registration.authentication import WebhookKey
from shared.dynamics.registration.bodies import NewStep, Wanted
from shared.dynamics.registration.call import dataverse_call
from shared.dynamics.registration.endpoint_steps import MAX_IDS, EndpointSteps
from shared.dynamics.registration.endpoints import IS_TAKEN, Endpoints, authentication_columns, require_free_name
from shared.dynamics.registration.lookups import Lookups, PlannedStep
from shared.dynamics.registration.parsing import parse_body
from shared.dynamics.registration.step import MAX_NAME_CHARACTERS, Step, changed_columns
from shared.dynamics.registration.undo import undone_on_failure
from shared.dynamics.registration.webhook import Webhook
from shared.dynamics.registration.webhooks import RegisterResult, advised
from shared.errors import Conflict
from shared.outbound.target import parse_target
from shared.text_length import cut_to_utf16_length

# Ours alone, made once. Changing it would let two installers of different versions make two webhooks.
_NAMESPACE = UUID("6f0c8a53-52c5-4c49-9f0b-1f8f0a3f0d8e")
_IS_GONE = 404
_DEFAULTED = frozenset({"name", "url", "mode"})


class Ensure:
    """Brings it about; `advisor` knows where the world reaches this app."""

    def __init__(self, organization: Organization, advisor: Advisor) -> None:
        self._organization = organization
        self._advisor = advisor
        self._endpoints = Endpoints(organization)
        self._steps = EndpointSteps(organization)

    def ensure(self, document: Mapping[str, object]) -> RegisterResult:
        """The webhook with its steps, made or corrected; Conflict, and nothing changed, where there are two."""
        return advised(self._advisor, self._ensure(document))

    def _ensure(self, document: Mapping[str, object]) -> RegisterResult:
        given = {name: value for name, value in document.items() if value is not None or name not in _DEFAULTED}
        # Checked as a given one is: an app at localhost has no address that Dataverse calls.
        wanted = parse_body(Wanted, {"url": self._advisor.public_url + RECEIVING_PATH, **given})
        url = wanted.url
        key = WebhookKey(type="WebhookKey", key=wanted.key)
        step = NewStep(message="Create", table="connection", mode=wanted.mode)
        secrets = _secrets(key, url)
        with dataverse_call(secrets):
            [planned] = Lookups(self._organization).plan([step], ["#"])
            webhooks = self._endpoints.list()
            found = self._only(webhooks, url)
            if found is None:
                require_free_name(_name(wanted, url), webhooks)
        if found is None and (made := self._make(url, wanted, key)):
            return self._with_new_step(made, planned, key)
        with dataverse_call(secrets):
            found = found or self._made_by_another(url)
            with dataverse_call((*secrets, *url_secrets(found.url))):
                return self._correct(found, wanted, planned, key)

    def _only(self, webhooks: list[Webhook], url: str) -> Webhook | None:
        found = [webhook for webhook in webhooks if address(webhook.url) == address(url)]
        if len(found) > 1:
            raise _conflict("webhooks post to this address", [webhook.id for webhook in found])
        return found[0] if found else None

    def _made_by_another(self, url: str) -> Webhook:
        found = self._only(self._endpoints.list(), url)
        if found is None:
            raise Conflict("somebody else registered this webhook just now and took it back; ask again")
        return found

    def _make(self, url: str, wanted: Wanted, key: WebhookKey) -> Webhook | None:
        """A new webhook, None where somebody else was quicker."""
        for number in range(MAX_IDS):
            id_ = str(uuid5(_NAMESPACE, f"webhook/{address(url)}/{number}"))
            webhook = Webhook(id_, _name(wanted, url), url, None, key.authtype, is_auth_set=True)
            if self._create(webhook, key):
                return webhook
            with dataverse_call(_secrets(key, url)):
                if self._only(self._endpoints.list(), url):
                    return None
            # The id is that of a webhook which was moved to another address since.
        raise Conflict(f"all {MAX_IDS} ids of this webhook are taken by webhooks that were moved")

    def _create(self, webhook: Webhook, key: WebhookKey) -> bool:
        """False where the id is taken."""
        with self._undone_on_failure(webhook, is_made=False), dataverse_call(_secrets(key, webhook.url)):
            try:
                self._endpoints.create(webhook, key)
            except DataverseRefused as refusal:
                if refusal.status != IS_TAKEN:
                    raise
                return False
            return True

    def _undone_on_failure(self, webhook: Webhook, *, is_made: bool) -> AbstractContextManager[None]:
        # A step that is there meanwhile is another installer's, who goes on with this webhook.
        return undone_on_failure(
            self._endpoints, webhook.id, is_made=is_made, is_needed=lambda: bool(self._steps.of(webhook.id))
        )

    def _with_new_step(self, webhook: Webhook, planned: PlannedStep, key: WebhookKey) -> RegisterResult:
        with self._undone_on_failure(webhook, is_made=True), dataverse_call(_secrets(key, webhook.url)):
            return RegisterResult(webhook, (self._step(webhook, planned)[0],), is_new=True)

    def _correct(self, webhook: Webhook, wanted: Wanted, planned: PlannedStep, key: WebhookKey) -> RegisterResult:
        steps = self._steps.of(webhook.id)
        same = [step for step in steps if step.place.key[:2] == planned.place.key[:2]]
        if len(same) > 1:
            raise _conflict("steps of this webhook are called for created connections", [step.id for step in same])
        columns = authentication_columns(key)
        if webhook.url != wanted.url:
            # It reaches the same function, and Dataverse sends it as it is wanted only now.
            columns["url"] = wanted.url
        if wanted.name and wanted.name != webhook.name:
            require_free_name(wanted.name, self._endpoints.list(), besides=webhook.id)
            columns["name"] = wanted.name
        with _gone_meanwhile():
            self._endpoints.update(webhook.id, columns)
            step, is_new = self._step(webhook, planned, same[0] if same else None)
        name = wanted.name or webhook.name
        after = replace(webhook, name=name, url=wanted.url, authtype=key.authtype, is_auth_set=True)
        return RegisterResult(after, (*(other for other in steps if other.id != step.id), step), is_new=is_new)

    def _step(self, webhook: Webhook, planned: PlannedStep, there: Step | None = None) -> tuple[Step, bool]:
        if there is None:
            there, is_new = self._steps.create(webhook, planned)
            if is_new:
                return there, True
        mode = planned.wanted.mode
        right = replace(
            there,
            place=replace(there.place, stage=planned.place.stage),
            mode=mode,
            rank=planned.wanted.rank,
            async_auto_delete=mode == "async",
            enabled=True,
        )
        self._steps.update(there.id, changed_columns(there, right))
        return right, False


def _secrets(key: WebhookKey, url: str) -> tuple[str, ...]:
    return (*key.secrets, *url_secrets(url))


def _name(wanted: Wanted, url: str) -> str:
    return wanted.name or cut_to_utf16_length(f"Connections to {parse_target(url).authority}", MAX_NAME_CHARACTERS)


@contextmanager
def _gone_meanwhile() -> Iterator[None]:
    try:
        yield
    except DataverseRefused as refusal:
        if refusal.status != _IS_GONE:
            raise
        raise Conflict("somebody else deleted the webhook or its step just now; ask again") from None


def _conflict(what: str, ids: list[str]) -> Conflict:
    return Conflict(f"{len(ids)} {what}; there may be one", extensions={"conflicts": ids})
