"""Ensures that exactly one webhook posts to an address, with a given key and given steps.

Dataverse keeps ids unique, but neither names nor addresses. So webhooks, steps and images have ids that follow from
what they are for: of two installers at once, wherever they run, Dataverse refuses one, which goes on with what the
other created.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from shared.dynamics.organization import Organization
from shared.dynamics.refusal import DataverseRefused
from shared.dynamics.registration.address import address, url_secrets
from shared.dynamics.registration.call import dataverse_call
from shared.dynamics.registration.endpoint_plan import EndpointPlan
from shared.dynamics.registration.endpoint_steps import MAX_IDS, EndpointSteps
from shared.dynamics.registration.endpoints import ID_EXISTS, Endpoints, authentication_columns, require_free_name
from shared.dynamics.registration.step import Step
from shared.dynamics.registration.step_installer import InstallableStep, StepInstaller
from shared.dynamics.registration.undo import undone_if_uncertain, undone_on_failure
from shared.dynamics.registration.webhook import Webhook
from shared.dynamics.registration.webhooks import RegisterResult
from shared.errors import Conflict

# Ours alone, drawn once. With another value, two installers of different versions would create two webhooks.
_NAMESPACE = UUID("6f0c8a53-52c5-4c49-9f0b-1f8f0a3f0d8e")
_IS_GONE = 404


@dataclass(frozen=True)
class Existing:
    """A webhook that is there, with its steps."""

    webhook: Webhook
    steps: tuple[Step, ...]


class EndpointInstaller:
    """Installs one webhook as `plan` says, with `steps`."""

    def __init__(self, organization: Organization, plan: EndpointPlan, steps: Sequence[InstallableStep]) -> None:
        self._plan = plan
        self._wanted = steps
        self._key = plan.key
        self._endpoints = Endpoints(organization)
        self._steps = EndpointSteps(organization)
        self._step_installer = StepInstaller(organization)

    def find(self, webhooks: Sequence[Webhook]) -> Existing | None:
        """The one among all webhooks, None if it has to be made.

        Raises Conflict if there are two, if two of its steps are about the same, or if its name is another's.
        """
        found = self._only(webhooks)
        if found is None:
            require_free_name(self._plan.name_if_new, webhooks)
            return None
        if self._plan.name and self._plan.name != found.name:
            require_free_name(self._plan.name, webhooks, besides=found.id)
        return self._existing(found)

    def install(self, existing: Existing | None) -> RegisterResult:
        """Create the webhook, or correct the one that is there."""
        if existing is None and (made := self._make()):
            with undone_on_failure(made.id, self._delete_if_unused), dataverse_call(self._secrets):
                return RegisterResult(made, self._ensure_steps(made, ()), is_new=True)
        with dataverse_call(self._secrets):
            there = existing or self._made_by_another()
            with dataverse_call((*self._secrets, *url_secrets(there.webhook.url))):
                return self._correct(there)

    @property
    def _secrets(self) -> tuple[str, ...]:
        return (*self._key.secrets, *url_secrets(self._plan.url))

    def _only(self, webhooks: Sequence[Webhook]) -> Webhook | None:
        found = [webhook for webhook in webhooks if address(webhook.url) == address(self._plan.url)]
        if len(found) > 1:
            raise _conflict("webhooks post to this address", [webhook.id for webhook in found])
        return found[0] if found else None

    def _existing(self, webhook: Webhook) -> Existing:
        steps = self._steps.of(webhook.id)
        for wanted in self._wanted:
            same = [step for step in steps if wanted.is_about_the_same(step)]
            if len(same) > 1:
                slot = wanted.resolved.slot
                what = f"steps of this webhook are on {slot.message} of {slot.table or 'no table'}"
                raise _conflict(what, [step.id for step in same])
        return Existing(webhook, tuple(steps))

    def _made_by_another(self) -> Existing:
        found = self._only(self._endpoints.list())
        if found is None:
            raise Conflict("somebody else registered this webhook just now and removed it again; repeat the request")
        return self._existing(found)

    def _make(self) -> Webhook | None:
        """A new webhook, None if somebody else was quicker."""
        url = self._plan.url
        for number in range(MAX_IDS):
            id_ = str(uuid5(_NAMESPACE, f"webhook/{address(url)}/{number}"))
            webhook = Webhook(id_, self._plan.name_if_new, url, None, self._key.authtype, is_auth_set=True)
            if self._create(webhook):
                return webhook
            with dataverse_call(self._secrets):
                if self._only(self._endpoints.list()):
                    return None
            # The id belongs to a webhook that was moved to another address since.
        raise Conflict(f"all {MAX_IDS} ids of this webhook belong to webhooks that were moved")

    def _create(self, webhook: Webhook) -> bool:
        """False if another row has its id."""
        with undone_if_uncertain(webhook.id, self._delete_if_unused), dataverse_call(self._secrets):
            try:
                self._endpoints.create(webhook, self._key, self._plan.solution)
            except DataverseRefused as refusal:
                if refusal.status != ID_EXISTS:
                    raise
                return False
            return True

    def _delete_if_unused(self, webhook_id: str) -> None:
        # What this call did not create is another installer's, which goes on with this webhook.
        ids = {id_ for step in self._steps.of(webhook_id) for id_ in (step.id, *(image.id for image in step.images))}
        if ids <= self._step_installer.made:
            self._endpoints.delete(webhook_id)

    def _correct(self, there: Existing) -> RegisterResult:
        webhook, plan = there.webhook, self._plan
        columns = authentication_columns(self._key)
        if webhook.url != plan.url:
            # It reaches the same function, but is not written as it should be sent.
            columns["url"] = plan.url
        if plan.name and plan.name != webhook.name:
            columns["name"] = plan.name
        with _gone_meanwhile():
            self._endpoints.update(webhook.id, columns)
            steps = self._ensure_steps(webhook, there.steps)
        name = plan.name or webhook.name
        after = replace(webhook, name=name, url=plan.url, authtype=self._key.authtype, is_auth_set=True)
        return RegisterResult(after, steps, is_new=bool(self._step_installer.made))

    def _ensure_steps(self, webhook: Webhook, there: Sequence[Step]) -> tuple[Step, ...]:
        """All steps of the webhook afterwards: first those that nobody asked for, unless they are removed."""
        ensured = []
        for wanted in self._wanted:
            same = next((step for step in there if wanted.is_about_the_same(step)), None)
            ensured.append(self._step_installer.ensure(webhook, wanted, same))
        others = [step for step in there if step.id not in {one.id for one in ensured}]
        if self._plan.prune:
            for step in others:
                self._steps.delete(step.id)
            return tuple(ensured)
        return (*others, *ensured)


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
