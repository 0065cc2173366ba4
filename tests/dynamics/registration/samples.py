"""What clients send to the registration API."""

from typing import Any

from tests.fakes.dataverse.tables import metadata_id

PUBLIC_URL = "https://hub.example"
RECEIVER = f"{PUBLIC_URL}/api/webhooks/incoming/dynamicscrm/connection"
EVENTS_RECEIVER = f"{PUBLIC_URL}/api/webhooks/incoming/dynamicscrm"
ELSEWHERE = "https://other.example/hook"
KEY = "GeHeim-0123456789_abcdefghijklmnopqrstuvwxyz~.="
OTHER_KEY = "AnotherKey-0123456789-0123456789-0123456789"
WEBHOOK_KEY = {"type": "WebhookKey", "key": KEY}

CREATE = metadata_id("Create")
UPDATE = metadata_id("Update")
CREATE_CONNECTION = metadata_id("Create", "connection")


def new_webhook(**changes: object) -> dict[str, Any]:
    """A webhook to register, without steps."""
    return {"name": "Hub", "url": RECEIVER, "authentication": WEBHOOK_KEY, **changes}


def new_step(**changes: object) -> dict[str, Any]:
    """A step on created connections."""
    return {"message": "Create", "table": "connection", **changes}
