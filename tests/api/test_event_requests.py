"""Who may ask for what below `/api/v1/events`; tests/e2e asks for it over HTTP."""

import azure.functions as func
import pytest

from shared.api.event_requests import serve_events
from shared.callers.api_keys import API_KEYS_TABLE, ApiKeys
from shared.errors import Forbidden, NotFound, Unauthenticated
from shared.hub.hub import Hub
from shared.roles.table import ROLES_TABLE, TableRoles

USER = "kim@hub.example"
OF_MANAGERS = [
    ("GET", ""),
    ("GET", "stats"),
    ("GET", "types"),
    ("GET", "deliveries"),
    ("GET", "deliveries/counts"),
    ("POST", "deliveries/replay"),
]
OF_ADMINISTRATORS = [("GET", "audit"), ("POST", "redrive"), ("POST", "purge"), ("DELETE", "nothing")]


def request(hub: Hub, method: str, path: str, *, key: str | None) -> func.HttpRequest:
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    url = f"http://hub.example/api/v1/events/{path}"
    return func.HttpRequest(method, url, headers=headers, params={}, route_params={"path": path}, body=b"")


@pytest.fixture
def key(hub: Hub) -> str:
    return ApiKeys(hub.storage.table(API_KEYS_TABLE)).issue(USER)[0]


@pytest.mark.parametrize(("method", "path"), [*OF_MANAGERS, *OF_ADMINISTRATORS])
def test_nobody_asks_for_anything_without_a_key(hub: Hub, method: str, path: str) -> None:
    with pytest.raises(Unauthenticated):
        serve_events(hub, request(hub, method, path, key=None))


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        *[(method, path, "Webhook Administrator") for method, path in OF_MANAGERS],
        *[(method, path, "Relationship Manager") for method, path in OF_ADMINISTRATORS],
    ],
)
def test_neither_role_holds_the_other(hub: Hub, key: str, method: str, path: str, role: str) -> None:
    TableRoles(hub.storage.table(ROLES_TABLE)).grant(USER, role)
    with pytest.raises(Forbidden):
        serve_events(hub, request(hub, method, path, key=key))


@pytest.mark.parametrize("path", ["stats", "types", "deliveries", "deliveries/counts", ""])
def test_a_manager_is_answered(hub: Hub, key: str, path: str) -> None:
    TableRoles(hub.storage.table(ROLES_TABLE)).grant(USER, "Relationship Manager")
    assert serve_events(hub, request(hub, "GET", path, key=key)).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("GET", "nothing"), ("GET", "a/b/c/d"), ("POST", "stats")])
def test_what_is_not_there_is_a_404(hub: Hub, key: str, method: str, path: str) -> None:
    TableRoles(hub.storage.table(ROLES_TABLE)).grant(USER, "Relationship Manager")
    with pytest.raises(NotFound):
        serve_events(hub, request(hub, method, path, key=key))
