"""What a client of ArcGIS does through the running app."""

from dataclasses import dataclass
from typing import Any

import requests

from tests.e2e.running import RunningApp
from tests.fakes.arcgis_portal import ORG
from tests.fakes.feature_service import ServiceWebhook
from tests.support.arcgis import HOOK_KEY, ArcGisOrganization, connection_document

type Json = dict[str, Any]


@dataclass(frozen=True)
class ArcGisClient:
    """A user of ArcGIS with their token, or, without one, the seeded manager with their API key."""

    app: RunningApp
    token: str | None
    workflow_item: str
    org: str = ORG

    def send(self, method: str, path: str = "", document: object = None, **headers: str) -> requests.Response:
        """Send a request to a path below `webhookConnections`."""
        authorization = f"Bearer {self.token or self.app.seed.api_key}"
        given = {"X-Esri-Authorization" if self.token else "Authorization": authorization, **headers}
        url = f"{self.app.url}/api/{self.org}/{self.workflow_item}/webhookConnections{path}"
        params = {"code": self.app.code}
        return requests.request(method, url, params=params, json=document, headers=given, timeout=60)

    def ask(self, method: str, path: str = "", document: object = None) -> Json:
        """The same, answered with 200."""
        response = self.send(method, path, document)
        assert response.status_code == 200, response.text
        assert response.headers["Content-Type"] == "application/json"
        answer: Json = response.json()
        return answer

    def create(self, item_id: str, **members: object) -> str:
        """A new connection's id."""
        answer = self.ask("POST", document=connection_document(item_id, **members))
        assert answer == {"success": True, "connectionId": answer["connectionId"]}
        return str(answer["connectionId"])

    def refusal(self, method: str, path: str = "", document: object = None, **headers: str) -> tuple[int, Json]:
        """Status and error of a request that is refused, in Workflow Manager's shape."""
        response = self.send(method, path, document, **headers)
        assert response.headers["Content-Type"] == "application/json"
        error: Json = response.json()["error"]
        assert set(error) == {"code", "message", "type", "details"}
        assert error["code"] == response.status_code
        return response.status_code, error

    def hook_url(self, connection_id: str) -> str:
        """Where a feature service posts to."""
        return f"{self.app.url}/api/{self.org}/{self.workflow_item}/webhookConnections/{connection_id}/executeWebhook"

    def post_hook(self, connection_id: str, body: bytes, signature: str | None, **headers: str) -> requests.Response:
        """Post a notification."""
        signed = {"x-esriHook-Signature": signature} if signature is not None else {}
        given = {"Content-Type": "application/json", **signed, **headers}
        params = {"code": HOOK_KEY}
        return requests.post(self.hook_url(connection_id), body, params=params, headers=given, timeout=30)


def only_webhook(arcgis: ArcGisOrganization) -> ServiceWebhook:
    """The one webhook that the service has."""
    (webhook,) = arcgis.service.webhooks.values()
    return webhook
