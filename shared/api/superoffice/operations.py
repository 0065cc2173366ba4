"""What can be done with webhooks, once for both of SuperOffice's APIs: docs/sources/superoffice.md 1.1 and 1.4."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import uuid4

from shared.api.parameters import event_name_filter
from shared.api.superoffice.render import render, render_result
from shared.api.superoffice.request import ApiRequest
from shared.audit.recording import note
from shared.clock import now
from shared.errors import BadRequest, FieldError, NotFound
from shared.events.event import EventId
from shared.loops import is_test
from shared.text_length import utf16_length
from shared.webhooks.associate import associate_of
from shared.webhooks.fields import MAX_EVENT_NAME
from shared.webhooks.registration import SECRET_MASK, Registration, Usage
from shared.webhooks.registry import WebhookFilter
from shared.webhooks.signals import signalled_event
from shared.webhooks.webhook import MAX_NAME, WEBHOOK_TYPES, WebhookInput, WebhookState, parse_webhook

type Entity = dict[str, object]

_LAST_INT32 = 2**31 - 1


@dataclass(frozen=True)
class WebhookOperations:
    """The operations within one exchange. Each raises NotFound, BadRequest, Conflict and what storage raises."""

    exchange: ApiRequest

    def find(self, id_text: str) -> Registration:
        """The webhook with this id; raises NotFound."""
        is_id = id_text.isascii() and id_text.isdigit() and len(id_text) <= len(str(_LAST_INT32))
        found = self.exchange.hub.receivers.webhooks.get(int(id_text)) if is_id else None
        if found is None:
            raise NotFound(f"Webhook id {id_text[:20]} not found")
        note(target=_target(found))
        return found

    def show(self, registration: Registration, *, new_secret: str | None = None) -> Entity:
        """A webhook with its usage."""
        return entity_of(registration, self._usage(registration), new_secret=new_secret)

    def create(self, document: Mapping[str, object]) -> Entity:
        """Store a new webhook, whatever id the document names."""
        note(action="webhook.create")
        saved = self.exchange.hub.receivers.saving.create(_parse(document), self.exchange.actor)
        note(target=_target(saved.registration))
        self.exchange.warnings.extend(saved.warnings)
        return entity_of(saved.registration, Usage(), new_secret=saved.new_secret)

    def update(self, before: Registration, document: Mapping[str, object]) -> Entity:
        """Replace a webhook by the document."""
        note(action="webhook.update", target=_target(before))
        saved = self.exchange.hub.receivers.saving.update(before, _parse(document), self.exchange.actor)
        note(changed=saved.changed)
        self.exchange.warnings.extend(saved.warnings)
        return self.show(saved.registration, new_secret=saved.new_secret)

    def delete(self, registration: Registration) -> None:
        """Remove a webhook."""
        self.exchange.hub.receivers.saving.delete(registration)

    def list(
        self, name: str | None, event: str | None, state: object, *, skip: int = 0, top: int | None = None
    ) -> Iterator[Entity]:
        """The webhooks that the filters let through, read as they are asked for; empty and Unknown are no filter."""
        wanted = parse_filter(name, event, state)
        found = self.exchange.hub.receivers.webhooks.list(wanted, skip=skip, top=top)
        known = self.exchange.hub.receivers.known_secrets
        return (entity_of(registration, known.usage(registration, usage)) for registration, usage in found)

    def test(self, document: Mapping[str, object]) -> Entity:
        """Send a test event to the webhook in the document, which need not be saved."""
        webhook = parse_test(document)
        id_ = member(document, "WebhookId")
        before = (
            self.exchange.hub.receivers.webhooks.get(id_) if isinstance(id_, int) and 0 < id_ <= _LAST_INT32 else None
        )
        if before is not None:
            note(target=_target(before))
        tested = self.exchange.hub.receivers.saving.test(webhook, before, self.exchange.actor)
        return render_result(is_success=tested.is_success, message=tested.message)

    def signal(self, name: str, primary_key: int, data: object) -> None:
        """Take an event in, to be delivered to every webhook that wants it; raises TooManyRequests too.

        A test event that somebody hands on is none, and leaves no trace.
        """
        if is_test(self.exchange.req.headers):
            return
        if data is not None and not isinstance(data, dict):
            raise BadRequest("Data: an object is needed", pointer="#/Data")
        hub, actor = self.exchange.hub, self.exchange.actor
        event, payload = signalled_event(
            EventId(str(uuid4())), name, primary_key, data or {}, actor.user.id, now(), hops=actor.hops
        )
        hub.signal_rate.count(actor.user.id)
        hub.events.accept(event, payload)
        note(target=f"events/{event.id}")

    def last_error(self, id_text: str) -> str:
        """What the receiver answered when it failed last, empty where it never did."""
        return self._usage(self.find(id_text)).last_error

    def _usage(self, registration: Registration) -> Usage:
        receivers = self.exchange.hub.receivers
        return receivers.known_secrets.usage(registration, receivers.webhooks.usage(registration.id))

    def with_links(self, entity: Entity) -> Entity:
        """The entity with the links that it has by id and after saving."""
        base = f"{self.exchange.hub.settings.public_url}/api/v1/Webhook"
        return {**entity, "_Links": {"Self": f"{base}/{entity['WebhookId']}", "Archive": base}}


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
    )


def member(document: Mapping[str, object], name: str) -> object:
    """A member of a document, by its name in any case; None where it is missing."""
    return next((value for given, value in document.items() if given.lower() == name.lower()), None)


def parse_filter(name: str | None, event: str | None, state: object) -> WebhookFilter:
    """The filters of a listing; raises BadRequest for one that is longer than what it is compared with."""
    errors = [
        FieldError(f"#/{filter_}", f"{filter_}: at most {most} characters are taken, none of them U+0000")
        for filter_, text, most in (("NameFilter", name, MAX_NAME), ("EventFilter", event, MAX_EVENT_NAME))
        if text and (utf16_length(text) > most or "\0" in text)
    ]
    if errors:
        raise BadRequest.of(errors)
    return WebhookFilter(name or None, event_name_filter(event, "EventFilter"), parse_status(state))


def parse_status(state: object) -> WebhookState | None:
    """The state in a filter, by name or number; None is no filter. Raises BadRequest."""
    text = "" if state is None else str(state).strip().lower()
    if text in {"", "0", "unknown"}:
        return None
    by_number = {str(number): found for number, found in enumerate(WebhookState)}
    found = (by_number | {one.value.lower(): one for one in WebhookState}).get(text)
    if found is None:
        raise BadRequest("StatusFilter: Unknown, Active, Stopped or TooManyErrors is needed", pointer="#/StatusFilter")
    return found


def parse_test(document: Mapping[str, object]) -> WebhookInput:
    """A webhook to be tested: all it must have is a target."""
    stand_ins: dict[str, object] = {"Name": "test", "Events": ["test"]}
    missing = {name: value for name, value in stand_ins.items() if not member(document, name)}
    given = {name: value for name, value in document.items() if name.lower() not in map(str.lower, missing)}
    return _parse({**given, **missing})


def _parse(document: Mapping[str, object]) -> WebhookInput:
    return parse_webhook(document, types=WEBHOOK_TYPES)
