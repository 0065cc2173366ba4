"""Registrations as the tests of this folder make them."""

from datetime import UTC, datetime

from shared.api.superoffice.operations import entity_of
from shared.hub.hub import Hub
from shared.webhooks.registration import Author, Registration
from shared.webhooks.saving import SaveResult
from shared.webhooks.webhook import WEBHOOK_TYPES, WebhookInput, parse_webhook
from tests.support.delivering import MANAGER

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AUTHOR = Author("kim@hub.example")


def webhook(*events: str, **members: object) -> WebhookInput:
    """A webhook for these events; nobody calls its target."""
    document = {"Name": "n", "Events": list(events), "TargetUrl": "https://receiver.example/", **members}
    return parse_webhook(document, types=WEBHOOK_TYPES)


def registration(id_: int, *events: str, **members: object) -> Registration:
    """A registration that is not stored yet."""
    return Registration(id_, webhook(*events, **members), None, NOW, NOW, AUTHOR, AUTHOR)


def stored(hub: Hub, id_: int) -> Registration:
    """The registration with this id, which is there."""
    found = hub.receivers.webhooks.get(id_)
    assert found is not None
    return found


def read(hub: Hub, id_: int) -> dict[str, object]:
    """A webhook as its readers see it."""
    registration, receivers = stored(hub, id_), hub.receivers
    return entity_of(registration, receivers.known_secrets.usage(registration, receivers.webhooks.usage(id_)))


def save_back(hub: Hub, id_: int, **changes: object) -> SaveResult:
    """Save what was read, with these members changed: as a client does it that knows no secret."""
    webhook = parse_webhook({**read(hub, id_), **changes}, types=WEBHOOK_TYPES)
    return hub.receivers.saving.update(stored(hub, id_), webhook, MANAGER)


def unlisted(hub: Hub, id_: int) -> list[str]:
    """The events that a stored registration wants and the index has not: there must never be one."""
    registry = hub.receivers.webhooks
    found = registry.get(id_)
    return (
        [] if found is None else [event for event in found.webhook.events if id_ not in registry.subscribed_to(event)]
    )
