"""Ensures that exactly one webhook posts created connections to this hub, with a given key.

Dataverse keeps ids unique, but neither names nor addresses. So webhook and step have ids that follow from what they are
for: of two installers at once, wherever they run, Dataverse refuses one, which goes on with what the other created.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID, uuid5

from shared.dynamics.organization import Organization
from shared.dynamics.refusal import DataverseRefused
from shared.dynamics.registration.address import address, url_secrets
from shared.dynamics.registration.advice import Advisor
from shared.dynamics.registration.authentication import WebhookKey
from shared.dynamics.registration.bodies import NewStep, Wanted
from shared.dynamics.registration.call import dataverse_call
from shared.dynamics.registration.endpoint_steps import MAX_IDS, EndpointSteps
from shared.dynamics.registration.endpoints import ID_EXISTS, Endpoints, authentication_columns, require_free_name
from shared.dynamics.registration.lookups import Lookups, ResolvedStep
from shared.dynamics.registration.parsing import parse_body
from shared.dynamics.registration.receiving import ReceivingFunction
from shared.dynamics.registration.step import MAX_NAME_CHARACTERS, Step, changed_columns
from shared.dynamics.registration.undo import undone_if_uncertain, undone_on_failure
from shared.dynamics.registration.webhook import Webhook
from shared.dynamics.registration.webhooks import RegisterResult, advised
from shared.errors import Conflict
from shared.outbound.target import parse_target
from shared.text_length import cut_to_utf16_length

# Ours alone, drawn once. With another value, two installers of different versions would create two webhooks.
_NAMESPACE = UUID("6f0c8a53-52c5-4c49-9f0b-1f8f0a3f0d8e")
_IS_GONE = 404
_DEFAULTED = frozenset({"name", "url", "mode"})


class WebhookInstaller:
    """Creates or corrects the webhook of this hub; `advisor` knows the hub's address."""

    def __init__(self, organization: Organization, advisor: Advisor) -> None:
        self._organization = organization
        self._advisor = advisor
        self._endpoints = Endpoints(organization)
        self._steps = EndpointSteps(organization)

    def ensure_webhook(self, document: Mapping[str, object]) -> RegisterResult:
        """The webhook with its steps, created or corrected.

        Raises Conflict, and changes nothing, if there are two such webhooks, or two such steps.
        """
        return advised(self._advisor, self._ensure(document))

    def _ensure(self, document: Mapping[str, object]) -> RegisterResult:
        given = {name: value for name, value in document.items() if value is not None or name not in _DEFAULTED}
        # The default address is checked too: Dataverse cannot call an app at localhost.
        wanted = parse_body(Wanted, {"url": self._advisor.own.url_of(ReceivingFunction.CONNECTIONS), **given})
        url = wanted.url
        key = WebhookKey(type="WebhookKey", key=wanted.key)
        step = NewStep(message="Create", table="connection", mode=wanted.mode)
        secrets = _secrets(key, url)
        with dataverse_call(secrets):
            [resolved] = Lookups(self._organization).resolve_steps([step], ["#"])
            webhooks = self._endpoints.list()
            found = self._only(webhooks, url)
            if found is None:
                require_free_name(_name(wanted, url), webhooks)
        if found is None and (made := self._make(url, wanted, key)):
            return self._with_new_step(made, resolved, key)
        with dataverse_call(secrets):
            found = found or self._made_by_another(url)
            with dataverse_call((*secrets, *url_secrets(found.url))):
                return self._correct(found, wanted, resolved, key)

    def _only(self, webhooks: list[Webhook], url: str) -> Webhook | None:
        found = [webhook for webhook in webhooks if address(webhook.url) == address(url)]
        if len(found) > 1:
            raise _conflict("webhooks post to this address", [webhook.id for webhook in found])
        return found[0] if found else None

    def _made_by_another(self, url: str) -> Webhook:
        found = self._only(self._endpoints.list(), url)
        if found is None:
            raise Conflict("somebody else registered this webhook just now and removed it again; repeat the request")
        return found

    def _make(self, url: str, wanted: Wanted, key: WebhookKey) -> Webhook | None:
        """A new webhook, None if somebody else was quicker."""
        for number in range(MAX_IDS):
            id_ = str(uuid5(_NAMESPACE, f"webhook/{address(url)}/{number}"))
            webhook = Webhook(id_, _name(wanted, url), url, None, key.authtype, is_auth_set=True)
            if self._create(webhook, key):
                return webhook
            with dataverse_call(_secrets(key, url)):
                if self._only(self._endpoints.list(), url):
                    return None
            # The id belongs to a webhook that was moved to another address since.
        raise Conflict(f"all {MAX_IDS} ids of this webhook belong to webhooks that were moved")

    def _create(self, webhook: Webhook, key: WebhookKey) -> bool:
        """False if another row has its id."""
        with undone_if_uncertain(webhook.id, self._delete_if_unused), dataverse_call(_secrets(key, webhook.url)):
            try:
                self._endpoints.create(webhook, key)
            except DataverseRefused as refusal:
                if refusal.status != ID_EXISTS:
                    raise
                return False
            return True

    def _delete_if_unused(self, webhook_id: str) -> None:
        # A step that exists by now is another installer's, which goes on with this webhook.
        if not self._steps.of(webhook_id):
            self._endpoints.delete(webhook_id)

    def _with_new_step(self, webhook: Webhook, resolved: ResolvedStep, key: WebhookKey) -> RegisterResult:
        with undone_on_failure(webhook.id, self._delete_if_unused), dataverse_call(_secrets(key, webhook.url)):
            return RegisterResult(webhook, (self._step(webhook, resolved)[0],), is_new=True)

    def _correct(self, webhook: Webhook, wanted: Wanted, resolved: ResolvedStep, key: WebhookKey) -> RegisterResult:
        steps = self._steps.of(webhook.id)
        same = [step for step in steps if step.slot.key[:2] == resolved.slot.key[:2]]
        if len(same) > 1:
            raise _conflict("steps of this webhook are called for created connections", [step.id for step in same])
        columns = authentication_columns(key)
        if webhook.url != wanted.url:
            # It reaches the same function, but is not written as it should be sent.
            columns["url"] = wanted.url
        if wanted.name and wanted.name != webhook.name:
            require_free_name(wanted.name, self._endpoints.list(), besides=webhook.id)
            columns["name"] = wanted.name
        with _gone_meanwhile():
            self._endpoints.update(webhook.id, columns)
            step, is_new = self._step(webhook, resolved, same[0] if same else None)
        name = wanted.name or webhook.name
        after = replace(webhook, name=name, url=wanted.url, authtype=key.authtype, is_auth_set=True)
        return RegisterResult(after, (*(other for other in steps if other.id != step.id), step), is_new=is_new)

    def _step(self, webhook: Webhook, resolved: ResolvedStep, there: Step | None = None) -> tuple[Step, bool]:
        if there is None:
            there, is_new = self._steps.create(webhook, resolved)
            if is_new:
                return there, True
        mode = resolved.wanted.mode
        right = replace(
            there,
            slot=replace(there.slot, stage=resolved.slot.stage),
            mode=mode,
            rank=resolved.wanted.rank,
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
        raise Conflict("somebody else deleted the webhook or its step just now; repeat the request") from None


def _conflict(what: str, ids: list[str]) -> Conflict:
    return Conflict(f"{len(ids)} {what}; there may be only one", extensions={"conflicts": ids})
