"""What can be done with webhooks, for both of SuperOffice's APIs (docs/sources/superoffice.md 1.1 and 1.4)."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self
from uuid import uuid4

from shared.api.parameters import event_name_filter, parse_webhook_id
from shared.api.superoffice.json_patch import apply_patch
from shared.api.superoffice.members import member
from shared.api.superoffice.render import render, render_result
from shared.api.superoffice.request import ApiRequest
from shared.audit.entry import Outcome, with_switches
from shared.audit.recording import note
from shared.call_rate import CallRate
from shared.callers.caller import Caller
from shared.clock import now
from shared.errors import BadRequest, FieldError, NotFound
from shared.events.event import EventId
from shared.events.store import EventStore
from shared.loops import is_test
from shared.secret_mask import SECRET_MASK
from shared.telemetry.lines import tell
from shared.text_length import utf16_length
from shared.validation import NO_CONTROL_CHARACTERS, OBJECT, bad_field, field_error, max_length, one_of
from shared.webhooks.associate import associate_of
from shared.webhooks.fields import MAX_EVENT_NAME
from shared.webhooks.listing import WebhookFilter
from shared.webhooks.registration import Registration, Usage
from shared.webhooks.registry import WebhookRegistry
from shared.webhooks.rotation import old_secrets_at
from shared.webhooks.signals import CLIENT_SOURCE, signalled_event
from shared.webhooks.webhook import MAX_NAME, WEBHOOK_TYPES, WebhookInput, WebhookState, parse_state, parse_webhook

if TYPE_CHECKING:
    # At run time these come with the hub's receivers, which are loaded when the first request needs them.
    from shared.delivery.known_secrets import KnownSecrets
    from shared.hub.receivers import Receivers
    from shared.webhooks.saving import SaveResult, WebhookSaving

type Entity = dict[str, object]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SavedWebhook:
    """A webhook as the client that saved it reads it, and sentences about what it should do better.

    `public_key` is what its receiver verifies with, if the save set a private key.
    """

    entity: Entity
    warnings: tuple[str, ...]
    public_key: str | None = None


@dataclass(frozen=True)
class WebhookOperations:
    """Reads, saves, removes and tests webhooks. Each operation raises what storage raises besides its own errors."""

    webhooks: WebhookRegistry
    saving: "WebhookSaving"
    known_secrets: "KnownSecrets"

    @classmethod
    def of(cls, receivers: "Receivers") -> Self:
        """The operations on the webhooks of these receivers."""
        return cls(receivers.webhooks, receivers.saving, receivers.known_secrets)

    def find(self, id_text: str) -> Registration:
        """The webhook with this id; raises NotFound."""
        id_ = parse_webhook_id(id_text)
        found = None if id_ is None else self.webhooks.get(id_)
        if found is None:
            raise NotFound(f"Webhook id {id_text[:20]} not found")
        note(target=_target(found))
        return found

    def show(self, registration: Registration, *, new_secret: str | None = None) -> Entity:
        """A webhook with its usage."""
        return self._entity(registration, self.webhooks.usage(registration.id), new_secret=new_secret)

    def list(
        self, name: str | None, event: str | None, state: object, *, skip: int = 0, top: int | None = None
    ) -> Iterator[Entity]:
        """The webhooks that pass the filters, read one page at a time while the iterator is consumed.

        An empty filter, and the state Unknown, let everything pass. Raises BadRequest for a wrong filter.
        """
        found = self.webhooks.list(parse_filter(name, event, state), skip=skip, top=top)
        return (self._entity(registration, usage) for registration, usage in found)

    def create(self, document: Mapping[str, object], actor: Caller) -> SavedWebhook:
        """Store a new webhook, whatever id the document names; raises BadRequest or Conflict."""
        saved = self.saving.create(_parse(document), actor)
        note(target=_target(saved.registration))
        return SavedWebhook(
            entity_of(saved.registration, Usage(), new_secret=saved.new_secret), saved.warnings, saved.public_key
        )

    def update(self, before: Registration, document: Mapping[str, object], actor: Caller) -> SavedWebhook:
        """Put the document in the place of a webhook; raises BadRequest or Conflict."""
        saved = self._save(before, document, actor)
        return SavedWebhook(
            self.show(saved.registration, new_secret=saved.new_secret), saved.warnings, saved.public_key
        )

    def patch(self, before: Registration, patch: object, actor: Caller) -> SavedWebhook:
        """Apply a JSON Patch or a merge object to what a reader sees; raises BadRequest or Conflict."""
        usage = self.webhooks.usage(before.id)
        saved = self._save(before, apply_patch(self._entity(before, usage), patch), actor)
        after = saved.registration
        if after.is_active and not before.is_active:
            # The save has reset them; what was read before it is as good otherwise.
            usage = replace(usage, consecutive_errors=0)
        return SavedWebhook(self._entity(after, usage, new_secret=saved.new_secret), saved.warnings, saved.public_key)

    def delete(self, registration: Registration) -> None:
        """Remove a webhook; raises Conflict."""
        self.saving.delete(registration)

    def test(self, document: Mapping[str, object], actor: Caller) -> Entity:
        """Send a test event to the webhook in the document, which need not be saved; raises BadRequest."""
        webhook = parse_test(document)
        id_ = member(document, "WebhookId")
        stored_id = parse_webhook_id(str(id_)) if isinstance(id_, int) and not isinstance(id_, bool) else None
        before = self.webhooks.get(stored_id) if stored_id else None
        if before is not None:
            note(target=_target(before))
        tested = self.saving.test(webhook, before, actor)
        if not tested.is_success:
            note(outcome=Outcome.FAILED)
        return render_result(is_success=tested.is_success, message=tested.message)

    def last_error(self, id_text: str) -> str:
        """What the receiver answered when it last failed, empty if it never did; raises NotFound."""
        found = self.find(id_text)
        return self.known_secrets.usage(found, self.webhooks.usage(found.id)).last_error

    def _save(self, before: Registration, document: Mapping[str, object], actor: Caller) -> "SaveResult":
        saved = self.saving.update(before, _parse(document), actor)
        note(changed=with_switches(saved.changed, {"State": saved.registration.webhook.state.value}))
        return saved

    def _entity(self, registration: Registration, usage: Usage, *, new_secret: str | None = None) -> Entity:
        return entity_of(registration, self.known_secrets.usage(registration, usage), new_secret=new_secret)


@dataclass(frozen=True)
class Signalling:
    """Takes in the events that callers signal, so many a minute."""

    events: EventStore
    rate: CallRate

    def signal(self, request: ApiRequest, name: str, primary_key: int, data: object) -> None:
        """Store an event, to be delivered to every webhook that wants it; raises BadRequest or TooManyRequests.

        A test event that a receiver passes on is ignored.
        """
        if is_test(request.http.headers):
            tell(log, "event.received", {"type": None, "source": CLIENT_SOURCE, "outcome": "ignored"})
            return
        if data is not None and not isinstance(data, dict):
            raise bad_field("Data", OBJECT)
        actor = request.actor
        event, payload = signalled_event(
            EventId(str(uuid4())), name, primary_key, data or {}, actor.user.id, now(), hops=actor.hops
        )
        self.rate.count(actor.user.id)
        self.events.append(event, payload)
        note(target=f"events/{event.id}")


def _target(registration: Registration) -> str:
    return f"webhooks/{registration.id}"


def entity_of(registration: Registration, usage: Usage, *, new_secret: str | None = None) -> Entity:
    """A webhook as its reader sees it: a secret that was set just now is shown, any other is masked."""
    registered_by, updated_by = registration.registered_by, registration.updated_by
    return render(
        registration,
        usage,
        registered_by=associate_of(registered_by.id, is_application=registered_by.is_application),
        updated_by=associate_of(updated_by.id, is_application=updated_by.is_application),
        secret=new_secret or (SECRET_MASK if registration.sealed_secret else None),
        old_secret_until=max((old.until for old in old_secrets_at(now(), registration)), default=None),
    )


def parse_filter(name: str | None, event: str | None, state: object) -> WebhookFilter:
    """The filter of a listing; raises BadRequest for a name or an event that is longer than any webhook's."""
    limits = (("NameFilter", name or "", MAX_NAME), ("EventFilter", event or "", MAX_EVENT_NAME))
    errors = [error for filter_, text, limit in limits if (error := _filter_error(filter_, text, limit))]
    if errors:
        raise BadRequest.of(errors)
    return WebhookFilter(name or None, event_name_filter(event, "EventFilter"), parse_state_filter(state))


def _filter_error(name: str, text: str, limit: int) -> FieldError | None:
    if (length := utf16_length(text)) > limit:
        return field_error([name], max_length(limit, length))
    # Table Storage can compare with any character but this one.
    return field_error([name], NO_CONTROL_CHARACTERS) if "\0" in text else None


def parse_state_filter(state: object) -> WebhookState | None:
    """The state in a filter, by name or number; None is no filter. Raises BadRequest."""
    if state is None or str(state).strip().lower() in {"", "0", "unknown"}:
        return None
    try:
        return parse_state(state)
    except ValueError:
        raise bad_field("StatusFilter", one_of([one.value for one in WebhookState])) from None


def parse_test(document: Mapping[str, object]) -> WebhookInput:
    """The webhook in a document that is to be tested, which needs nothing but a target; raises BadRequest."""
    stand_ins: dict[str, object] = {"Name": "test", "Events": ["test"]}
    missing = {name: value for name, value in stand_ins.items() if not member(document, name)}
    given = {name: value for name, value in document.items() if name.lower() not in map(str.lower, missing)}
    return _parse({**given, **missing})


def _parse(document: Mapping[str, object]) -> WebhookInput:
    return parse_webhook(document, types=WEBHOOK_TYPES)
