"""docs/security.md says which role each administrative route wants: all of them, with a caller of each kind."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from shared.audit.surface import UNKNOWN
from shared.audit.surfaces import SURFACES
from shared.roles.table import ROLES_TABLE, TableRoles
from tests.e2e.running import ROOT, RunningApp, running_app
from tests.support.tenant import Tenant, running_tenant

MANAGER, ADMINISTRATOR = "Relationship Manager", "Webhook Administrator"
CALLERS: dict[str, set[str]] = {
    "nobody@hub.example": set(),
    "manager-only@hub.example": {MANAGER},
    "administrator-only@hub.example": {ADMINISTRATOR},
    "both@hub.example": {MANAGER, ADMINISTRATOR},
}
_ANY = "any caller"
_EITHER = "one of the two"
# Ids that nothing has; a signalled event is one that nobody wants.
_SAMPLES = {
    "{webhookId}": "2147483647",
    "{operation}": "SaveWebhook",
    "{eventName}": f"e{uuid4().hex}.changed",
    "{primaryKey}": "1",
    "{orgId}": "org",
    "{itemId}": "item",
    "{connectionId}": "A" * 22,
}

type Row = tuple[str, str, str, str, str]


def documented() -> list[Row]:
    """The table's rows: function, method, route, role, action."""
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    _, _, table = page.partition("| function | method | route | role | action |\n")
    found = re.findall(
        r"^\| (\w+) \| ([A-Z]+) \| `([^`]+)` \| ([\w ]+) \| (?:`([\w.]+)` )?\|$",
        table.partition("\n\n")[0],
        re.MULTILINE,
    )
    return [(function, method, route, role, action) for function, method, route, role, action in found]


ROUTES = documented()


@pytest.fixture(scope="module")
def tenant() -> Iterator[Tenant]:
    """Dataverse, without a webhook."""
    with running_tenant() as running:
        yield running


@pytest.fixture(scope="module")
def app(
    tenant: Tenant, new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApp]:
    settings = {
        "DATAVERSE_URL": tenant.dataverse.url,
        "PUBLIC_URL": "http://hub.example",
        **tenant.identity.environment,
    }
    folder: Path = tmp_path_factory.mktemp("app")
    with running_app(new_account(), folder, lease_seconds=60, **settings) as running:
        yield running


@pytest.fixture(scope="module")
def keys(app: RunningApp) -> dict[str, str]:
    """An API key of each caller, who has their roles."""
    for user, roles in CALLERS.items():
        for role in roles:
            TableRoles(app.hub.storage.table(ROLES_TABLE)).grant(user, role)
    return {user: app.hub.api_keys.issue(user)[0] for user in CALLERS}


def ask(app: RunningApp, method: str, route: str, key: str | None) -> requests.Response:
    path = re.sub(r"\{\w+\}", lambda found: _SAMPLES.get(found[0], str(uuid4())), route)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    # An empty object is none of the bodies that are wanted, so nothing is made on the way.
    body: dict[str, object] | None = None if method in {"GET", "DELETE"} else {}
    return requests.request(method, app.url + path, params={"code": app.code}, json=body, headers=headers, timeout=60)


def test_the_table_has_every_operation_and_its_action() -> None:
    operations = [
        (one.function, operation.method, "/".join(filter(None, (one.base, operation.path))), operation.action)
        for one in SURFACES
        for operation in one.operations
    ]
    assert [(function, method, route, action or "read") for function, method, route, _, action in ROUTES] == operations
    assert {role for *_, role, _ in ROUTES} == {MANAGER, ADMINISTRATOR, _EITHER, _ANY}


@pytest.mark.parametrize(("function", "method", "route", "role", "action"), ROUTES)
def test_a_route_is_open_to_those_who_have_its_role_and_to_nobody_else(
    app: RunningApp, keys: dict[str, str], function: str, method: str, route: str, role: str, action: str
) -> None:
    assert function
    stranger = ask(app, method, route, None)
    assert (stranger.status_code, "WWW-Authenticate" in stranger.headers) == (401, True)
    assert ask(app, method, route, "hub_" + "A" * 43).status_code == 401
    allowed = set()
    for user, roles in CALLERS.items():
        response = ask(app, method, route, keys[user])
        wanted = [MANAGER, ADMINISTRATOR] if role == _EITHER else [role]
        if role == _ANY or any(one in roles for one in wanted):
            allowed.add(response.status_code)
        else:
            # The reply says which role is missing.
            assert (response.status_code, [one for one in wanted if one not in response.text]) == (403, []), user
    # Whoever may, gets what anybody else who may gets.
    assert len(allowed) == 1
    assert allowed & {200, 202, 204, 400, 404}, allowed


def test_what_was_refused_is_written_down_and_strangers_leave_no_row(app: RunningApp, keys: dict[str, str]) -> None:
    user, key = "nobody@hub.example", keys["nobody@hub.example"]
    for _, method, route, _, action in ROUTES:
        if action and action != "event.signal":
            ask(app, method, route, key)
            ask(app, method, route, None)
    everything = app.get("v1/events/audit", limit="200").json()
    assert {one["who"] for one in everything["value"]} <= {*CALLERS, app.seed.manager["upn"]}
    refused = app.get("v1/events/audit", who=user, limit="200").json()["value"]
    assert {(one["outcome"], one["status"]) for one in refused} == {("refused", 403)}
    wanted = {action for *_, action in ROUTES if action and action != "event.signal"}
    assert {one["action"] for one in refused} == wanted
    assert UNKNOWN not in wanted
