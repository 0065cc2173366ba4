"""Esri's Python client, as far as docs/arcgis.md uses it: the calls of the package `arcgis` 2.4.4 to Workflow Manager.

The package itself needs 600 MB with its dependencies. This one sends and reads the same, but
leaves http as it is, where the package makes it https.
"""

import json
from types import ModuleType, SimpleNamespace
from typing import Any

import requests

_SECONDS = 30

type Json = dict[str, Any]


class GIS:
    """A portal, signed in by a token."""

    def __init__(self, url: str, token: str) -> None:
        self._rest = f"{url}/sharing/rest"
        self.session = requests.Session()
        # The client sends them with every request, to any host.
        self.session.headers.update({"X-Esri-Authorization": f"Bearer {token}", "Referer": "http"})
        self.content = SimpleNamespace(get=self._item)
        self.properties: Json = self._get("portals/self")

    def _item(self, id_: str) -> SimpleNamespace:
        return SimpleNamespace(id=self._get(f"content/items/{id_}")["id"], _gis=self)

    def _get(self, path: str) -> Json:
        found: Json = self.session.get(f"{self._rest}/{path}", params={"f": "json"}, timeout=_SECONDS).json()
        assert "error" not in found, found
        return found


class WebhookConnection:
    """What get one answered; members that are missing are None."""

    def __init__(self, answer: Json) -> None:
        self.connection_id = answer.get("connectionId")
        self.connection_name = answer.get("connectionName")
        self.item_id = answer.get("itemId")
        self.webhook_type = answer.get("webhookType")
        self.secret = answer.get("secret")
        self.enabled = answer.get("enabled")
        self.username = answer.get("username")
        self.fallback_username = answer.get("fallbackUsername")
        self.webhook_active = answer.get("webhookActive")
        self.webhook_change_types = answer.get("webhookChangeTypes")
        self.managed_webhook_id = answer.get("managedWebhookId")


class WorkflowManager:
    """The methods for webhook connections."""

    def __init__(self, item: SimpleNamespace) -> None:
        self._session: requests.Session = item._gis.session
        self.org_id: str = item._gis.properties["id"]
        self._url = f"https://workflow.arcgis.com/{self.org_id}/{item.id}"

    @property
    def webhook_connections(self) -> list[Json]:
        """All connections."""
        found: list[Json] = self._call("GET", "")["webhookConnections"]
        return found

    def webhook_connection(self, connection_id: str) -> WebhookConnection:
        """One connection."""
        return WebhookConnection(self._call("GET", f"/{connection_id}"))

    def create_webhook_connection(
        self,
        connection_name: str,
        item_id: str,
        webhook_type: str,
        secret: str,
        enabled: bool,
        manage_webhook: bool,
        webhook_change_types: list[str] | None = None,
        username: str | None = None,
        user_token: str | None = None,
        fallback_username: str | None = None,
        fallback_user_token: str | None = None,
    ) -> Json:
        """Make a connection."""
        optional = {
            "webhookChangeTypes": webhook_change_types,
            "username": username,
            "userToken": user_token,
            "fallbackUsername": fallback_username,
            "fallbackUserToken": fallback_user_token,
        }
        document = {
            "connectionName": connection_name,
            "itemId": item_id,
            "webhookType": webhook_type,
            "secret": secret,
            "enabled": enabled,
            "manageWebhook": manage_webhook,
            **_given(optional),
        }
        return self._call("POST", "", document)

    def update_webhook_connection(
        self, connection: WebhookConnection, user_token: str | None = None, fallback_user_token: str | None = None
    ) -> Json:
        """Send a connection back as it was read, with what was changed."""
        optional = {
            "webhookChangeTypes": connection.webhook_change_types,
            "username": connection.username,
            "fallbackUsername": connection.fallback_username,
            "userToken": user_token,
            "fallbackUserToken": fallback_user_token,
        }
        document = {
            "connectionName": connection.connection_name,
            "itemId": connection.item_id,
            "webhookType": connection.webhook_type,
            "secret": connection.secret,
            "enabled": connection.enabled,
            "manageWebhook": connection.managed_webhook_id is not None,
            **_given(optional),
        }
        return self._call("PUT", f"/{connection.connection_id}", document)

    def delete_webhook_connection(self, connection_id: str) -> Json:
        """Remove a connection."""
        return self._call("DELETE", f"/{connection_id}")

    def _call(self, method: str, path: str, document: Json | None = None) -> Json:
        url = f"{self._url}/webhookConnections{path}"
        answer: Json = json.loads(self._session.request(method, url, json=document, timeout=_SECONDS).text)
        if "error" in answer:
            raise Exception(answer["error"].get("message"))
        return answer


def arcgis_modules() -> dict[str, ModuleType]:
    """The modules that an example imports from."""
    arcgis, gis, workflow_manager = map(ModuleType, ("arcgis", "arcgis.gis", "arcgis.gis.workflowmanager"))
    gis.__dict__["GIS"] = GIS
    workflow_manager.__dict__["WorkflowManager"] = WorkflowManager
    return {module.__name__: module for module in (arcgis, gis, workflow_manager)}


def _given(members: Json) -> Json:
    return {name: value for name, value in members.items() if value is not None}
