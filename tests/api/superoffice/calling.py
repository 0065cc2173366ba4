"""Calls to SuperOffice's two APIs as the function folders make them, without a host: a hub over a storage account."""

import json
from dataclasses import dataclass
from typing import Any

import azure.functions as func

from shared.api.superoffice.agent import serve_agent
from shared.api.superoffice.request import refuse
from shared.api.superoffice.rest import serve_rest
from shared.http import answer
from shared.hub.hub import Hub
from shared.roles.table import ROLES_TABLE, TableRoles

MANAGER = "manager@hub.example"


@dataclass(frozen=True)
class Client:
    """A Relationship Manager with a key."""

    hub: Hub
    key: str

    def rest(
        self,
        method: str,
        path: str = "",
        document: object = None,
        /,
        *,
        query: dict[str, str] | None = None,
        **headers: str,
    ) -> func.HttpResponse:
        """The answer of `/api/v1/Webhook/{path}`; bytes are sent as they are, anything else as JSON."""
        request = self._request(method, {"path": path}, document, query, headers)
        return answer(request, lambda req: serve_rest(self.hub, req), refuse=refuse)

    def agent(
        self,
        operation: str,
        document: object = None,
        /,
        *,
        method: str = "POST",
        query: dict[str, str] | None = None,
        **headers: str,
    ) -> func.HttpResponse:
        """The answer of `/api/v1/Agents/Webhook/{operation}`."""
        request = self._request(method, {"operation": operation}, document, query, headers)
        return answer(request, lambda req: serve_agent(self.hub, req), refuse=refuse)

    def _request(
        self,
        method: str,
        route: dict[str, str],
        document: object,
        query: dict[str, str] | None,
        headers: dict[str, str],
    ) -> func.HttpRequest:
        given = {"Authorization": f"Bearer {self.key}"} | ({"Content-Type": "application/json"} if document else {})
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        body = document if isinstance(document, bytes) else json.dumps(document).encode() if document else b""
        return func.HttpRequest(
            method, "http://localhost/api/v1/x", headers=given, params=query or {}, route_params=route, body=body
        )


def manager(hub: Hub) -> Client:
    """A client with a manager's key."""
    TableRoles(hub.storage.table(ROLES_TABLE)).grant(MANAGER, hub.settings.relationship_manager_role)
    return Client(hub, hub.api_keys.issue(MANAGER)[0])


def content(response: func.HttpResponse) -> Any:  # noqa: ANN401 - whatever an answer holds
    """The document of an answer with 200."""
    assert response.status_code == 200, response.get_body()
    return json.loads(response.get_body())


def refusal(response: func.HttpResponse) -> tuple[int, str]:
    """Status and message of an error."""
    return response.status_code, json.loads(response.get_body())["ErrorMessage"]
