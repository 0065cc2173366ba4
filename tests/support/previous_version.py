"""A webhook as version 0.1.0 stored it before values were sealed: tokens in clear, a plain fingerprint, echoed replies.

Written out, and not made by today's code: what that version wrote does not change when the code does.
"""

import hashlib
import json

from shared.hub.hub import Hub
from shared.webhooks.rows import USAGE_TABLE, WEBHOOKS_TABLE
from shared.webhooks.subscriptions import SUBSCRIPTIONS_TABLE
from tests.support.delivering import EVENT

__all__ = ["EVENT", "HEADER", "ID", "LAST_ERROR", "SECRETS", "plain_fingerprint", "store", "stored_row"]

ID = 7
SECRET = "hunter2"
HEADER = "Bearer HEADERTOKEN123"
SECRETS = ("hunter2", "HEADERTOKEN123", "PROPSECRET", "INNERSECRET")
LAST_ERROR = "HTTP 500\n\nrefused: Bearer HEADERTOKEN123, hunter2, PROPSECRET, INNERSECRET"
# Sealed with the key of tests/support/delivering.py.
_SEALED_SECRET = "gAAAAABrDSFlUF1aYfADIszT_9NYQK2ThrH6yrHPuFvdQXgjpY61FaTIIEHXGevo6ahrLMWO4UOs7Vude124zWrpPTmnxv5TGQ=="
_DOCUMENT = (
    '{"Name":"Old","Events":["thing.changed"],"TargetUrl":"TARGET","Secret":null,"State":"Active","Type":"webhook",'
    '"Headers":{"Authorization":"Bearer HEADERTOKEN123","X-Tenant":"7"},"Properties":{"apiKey":"PROPSECRET","tenant":7,'
    '"nested":{"token":"INNERSECRET"}},"ErrorsEmail":null,"ErrorEmails":[],"ErrorAssociates":[],"Description":null,'
    '"NotifyVia":0,"NotifyWhen":0}'
)


def plain_fingerprint(target: str, secret: str | None = SECRET) -> str:
    """What that version wrote when the receiver had answered its test event."""
    headers = [["Authorization", HEADER], ["X-Tenant", "7"]]
    return hashlib.sha256(json.dumps(["webhook", target, secret, headers]).encode()).hexdigest()


def store(hub: Hub, target: str, *, id_: int = ID, with_secret: bool = True) -> None:
    """Store the webhook, its subscription and its usage."""
    key = f"{id_:010d}"
    row = {
        "PartitionKey": "webhook",
        "RowKey": key,
        "NameKey": "old",
        "State": "Active",
        "Document": _DOCUMENT.replace("TARGET", target),
        "Registered": "2026-01-01T00:00:00+00:00",
        "Updated": "2026-01-01T00:00:00+00:00",
        "RegisteredBy": '{"id": "kim@hub.example", "is_application": false}',
        "UpdatedBy": '{"id": "kim@hub.example", "is_application": false}',
        "Revision": 1,
        "Tested": plain_fingerprint(target, SECRET if with_secret else None),
        "OldSecrets": "[]",
    }
    if with_secret:
        row["SealedSecret"] = _SEALED_SECRET
    usage = {"TotalCalls": 2, "TotalErrors": 1, "ConsecutiveErrors": 1, "LastError": LAST_ERROR}
    hub.storage.table(WEBHOOKS_TABLE).insert(row)
    hub.storage.table(SUBSCRIPTIONS_TABLE).insert({"PartitionKey": EVENT, "RowKey": key, "Revision": 1})
    hub.storage.table(USAGE_TABLE).insert({"PartitionKey": key, "RowKey": "usage", **usage})


def stored_row(hub: Hub) -> dict[str, object]:
    """The row as it is now."""
    row = hub.storage.table(WEBHOOKS_TABLE).get("webhook", "0000000007")
    assert row is not None
    return dict(row)
