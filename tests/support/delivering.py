"""A hub that may deliver to this machine, webhooks registered with it, and attempts without a host."""

import uuid

from shared.callers.caller import Caller
from shared.clock import now
from shared.delivery.message import DeliveryMessage
from shared.delivery.queues import DELIVERIES_QUEUE
from shared.events.event import Event
from shared.hub.hub import Hub
from shared.roles.user import User
from shared.settings import Settings
from shared.webhooks.registration import Registration
from shared.webhooks.webhook import WEBHOOK_TYPES, parse_webhook
from tests.support.events import make_event
from tests.support.queues import visible_texts
from tests.support.transport import JournalTransport

EVENT = "thing.changed"
MANAGER = Caller(User.of_account("manager@hub.example"))
_SETTINGS = {
    "SECRETS_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "DELIVERY_REQUIRE_HTTPS": "false",
    "DELIVERY_ALLOWED_NETWORKS": "127.0.0.0/8",
    "PUBLIC_URL": "https://hub.example",
}


def delivering_hub(connection_string: str, transport: JournalTransport | None = None, **settings: str) -> Hub:
    """A hub over this storage."""
    given = {**_SETTINGS, "AzureWebJobsStorage": connection_string, **settings}
    return Hub.assemble(Settings.read(given), transport=transport)


def register(hub: Hub, target_url: str, **members: object) -> Registration:
    """Register a webhook for EVENT."""
    document = {"Name": "Mine", "Events": [EVENT], "TargetUrl": target_url, **members}
    return hub.receivers.saving.create(parse_webhook(document, types=WEBHOOK_TYPES), MANAGER).registration


def save(hub: Hub, webhook_id: int, **members: object) -> Registration:
    """Save a webhook again with these members changed; all others stay, the secret included."""
    before = hub.receivers.webhooks.get(webhook_id)
    assert before is not None
    stored = before.webhook.model_dump(mode="json", by_alias=True)
    kept = {**stored, "Secret": "********" if before.sealed_secret else None}
    webhook = parse_webhook({**kept, **members}, types=WEBHOOK_TYPES)
    return hub.receivers.saving.update(before, webhook, MANAGER).registration


def new_event() -> Event:
    """An event that the webhooks of `register` want, received now."""
    return make_event(type=EVENT, received_at=now())


def attempt(hub: Hub, registration: Registration, event: Event | None = None, /, **fields: object) -> Event:
    """Work on one message, and return the event that it names."""
    delivered = event or new_event()
    request = {"event_id": delivered.id, "webhook_id": registration.id, "event": delivered, **fields}
    hub.receivers.worker.work(DeliveryMessage.model_validate(request).as_text().encode(), message_id=str(uuid.uuid4()))
    return delivered


def lasting_calls(transport: JournalTransport) -> list[str]:
    """The journal of a dispatch in short, without its look at the list of blocked webhooks: one a second, not each."""
    return [call for call in transport.summary if call != "GET usage"]


def waiting(connection_string: str) -> list[DeliveryMessage]:
    """The messages in the queue of deliveries that can be seen now."""
    return [DeliveryMessage.model_validate_json(text) for text in visible_texts(connection_string, DELIVERIES_QUEUE)]
