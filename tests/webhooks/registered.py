"""Registrations as the tests of this folder make them."""

from datetime import UTC, datetime

from shared.hub import Hub
from shared.superoffice.entity import WebhookInput, parse_webhook
from shared.webhooks.registration import Author, Registration
from shared.webhooks.types import WEBHOOK_TYPES

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


def unlisted(hub: Hub, id_: int) -> list[str]:
    """The events that a stored registration wants and the index has not: there must never be one."""
    registry = hub.receivers.webhooks
    found = registry.get(id_)
    return (
        [] if found is None else [event for event in found.webhook.events if id_ not in registry.subscribed_to(event)]
    )
