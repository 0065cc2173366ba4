"""A webhook connection as it is stored, and as answers show it (docs/sources/arcgis.md 1.3). Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.errors import BadRequest
from shared.secret_mask import SECRET_MASK
from shared.storage.keys import key_text
from shared.timestamps import stored_time

CONNECTIONS_TABLE = "connections"
_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_PATH_PART = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MEMBERS = {
    "name": "connectionName",
    "sealed_secret": "secret",
    "enabled": "enabled",
    "username": "username",
    "fallback_username": "fallbackUsername",
}

type Answer = dict[str, object]
"""The JSON object that an operation answers."""


@dataclass(frozen=True)
class Workflow:
    """The owner of connections: the item of one Workflow Manager, in an ArcGIS organization."""

    org_id: str
    item_id: str

    @classmethod
    def of_path(cls, org_id: str, item_id: str) -> "Workflow":
        """The workflow in a path; raises BadRequest."""
        for name, text in (("orgId", org_id), ("itemId", item_id)):
            if not is_path_part(text):
                raise BadRequest(f"{name} must be 1 to 64 letters, digits, - and _, in the path")
        return cls(org_id, item_id)

    @classmethod
    def of_partition(cls, key: str) -> "Workflow":
        """The workflow whose rows have this partition key."""
        # Its parts are texts that a key holds as they are.
        org_id, _, item_id = key.partition(":")
        return cls(org_id, item_id)

    @property
    def partition(self) -> str:
        """The partition key of its rows."""
        return f"{key_text(self.org_id)}:{key_text(self.item_id)}"


@dataclass(frozen=True)
class ManagedWebhook:
    """The webhook that the hub made at the feature service, as the hub last set it."""

    id: str
    change_types: tuple[str, ...]
    is_active: bool


@dataclass(frozen=True)
class WebhookConnection:
    """One webhook connection. `sealed_secret` is the key of its signatures, sealed.

    `service_secret` is the one that the service's webhook still has, if the service could not be told the new one yet.
    `service` is the address of the only service at which the hub acts for the connection: the one that the item had
    when the connection was made. It is None if the item had none, and in rows of the first version, until somebody
    shows that they may manage the service (update_permission.py). Until then the hub acts nowhere for it.
    """

    workflow: Workflow
    id: str
    name: str
    item_id: str
    webhook_type: str
    sealed_secret: str
    enabled: bool
    username: str
    fallback_username: str | None
    created: datetime
    updated: datetime
    updated_by: str
    managed: ManagedWebhook | None = None
    service_secret: str | None = None
    service: str | None = None
    etag: str = ""

    @property
    def users(self) -> tuple[str, ...]:
        """The users that it acts as, in the order in which they are tried."""
        return (self.username, *([self.fallback_username] if self.fallback_username else []))

    def as_listed(self) -> Answer:
        """The connection in a list (WebhookConnectionInfo)."""
        fallback = {"fallbackUsername": self.fallback_username} if self.fallback_username else {}
        return {
            "connectionId": self.id,
            "connectionName": self.name,
            "enabled": self.enabled,
            "itemId": self.item_id,
            "username": self.username,
            **fallback,
        }

    def as_overview(self, *, with_managed: bool) -> Answer:
        """The connection among those of all workflow items; whether the hub manages its webhook only where wanted."""
        managed: Answer = {"managed": self.managed is not None} if with_managed else {}
        return {
            "orgId": self.workflow.org_id,
            "workflowItemId": self.workflow.item_id,
            **self.as_listed(),
            **managed,
            "created": stored_time(self.created),
            "updated": stored_time(self.updated),
            "updatedBy": self.updated_by,
        }

    def as_shown(self, *, with_managed_webhook: bool) -> Answer:
        """The connection alone (WebhookConnectionResponse), with the service's webhook if the caller may manage it."""
        answer = {**self.as_listed(), "webhookType": self.webhook_type, "secret": SECRET_MASK}
        if self.managed is None or not with_managed_webhook:
            return answer
        return {
            **answer,
            "webhookActive": self.managed.is_active,
            "webhookChangeTypes": list(self.managed.change_types),
            "managedWebhookId": self.managed.id,
        }


def is_path_part(text: str) -> bool:
    """Whether this can be the id of an organization or of an item in a path."""
    return _PATH_PART.fullmatch(text) is not None


def changed_members(before: WebhookConnection, after: WebhookConnection) -> tuple[str, ...]:
    """The members that a save changed, by the names that clients know."""
    return tuple(name for field, name in _MEMBERS.items() if getattr(before, field) != getattr(after, field))


def is_connection_id(text: str) -> bool:
    """Whether this has the form of a connection's id."""
    return _ID.fullmatch(text) is not None


def connection_row(connection: WebhookConnection) -> dict[str, Any]:
    """The row in `connections`."""
    return {
        "PartitionKey": connection.workflow.partition,
        "RowKey": connection.id,
        "Name": connection.name,
        "ItemId": connection.item_id,
        "WebhookType": connection.webhook_type,
        "Secret": connection.sealed_secret,
        "Enabled": connection.enabled,
        "Username": connection.username,
        "FallbackUsername": connection.fallback_username or "",
        "Created": stored_time(connection.created),
        "Updated": stored_time(connection.updated),
        "UpdatedBy": connection.updated_by,
        "Service": connection.service or "",
        **managed_properties(connection.managed, connection.service_secret),
    }


def managed_properties(managed: ManagedWebhook | None, service_secret: str | None = None) -> dict[str, Any]:
    """The properties of a row that are about the service's webhook."""
    return {
        "ManagedWebhookId": managed.id if managed else "",
        "ChangeTypes": json.dumps(managed.change_types if managed else ()),
        "WebhookActive": managed is not None and managed.is_active,
        "ServiceSecret": service_secret or "",
    }


def parse_connection_row(row: Mapping[str, Any], workflow: Workflow, etag: str) -> WebhookConnection:
    """The connection in a row of `connections`."""
    managed = row["ManagedWebhookId"]
    change_types = tuple(json.loads(row["ChangeTypes"]))
    return WebhookConnection(
        workflow=workflow,
        id=row["RowKey"],
        name=row["Name"],
        item_id=row["ItemId"],
        webhook_type=row["WebhookType"],
        sealed_secret=row["Secret"],
        enabled=row["Enabled"],
        username=row["Username"],
        fallback_username=row["FallbackUsername"] or None,
        created=datetime.fromisoformat(row["Created"]),
        updated=datetime.fromisoformat(row["Updated"]),
        updated_by=row["UpdatedBy"],
        managed=ManagedWebhook(managed, change_types, row["WebhookActive"]) if managed else None,
        service_secret=row["ServiceSecret"] or None,
        # Rows of the first version do not have it.
        service=row.get("Service") or None,
        etag=etag,
    )
