"""The listing of webhook connections over all workflow items: its parameters, its pages, and what each caller sees."""

from dataclasses import replace

import pytest

from shared.api.arcgis_connections import PARAMETERS, list_connections, parse_filter
from shared.arcgis.callers import ArcGisCaller
from shared.arcgis.client import ArcGisToken
from shared.arcgis.connection_registry import ConnectionFilter, ConnectionRegistry
from shared.arcgis.portal import PortalUser
from shared.arcgis.webhook_connection import ManagedWebhook, WebhookConnection, Workflow
from shared.callers.caller import Caller
from shared.errors import BadRequest
from shared.hub.hub import Hub
from shared.roles.user import User
from tests.arcgis.stored import NOW
from tests.support.transport import JournalTransport

URL = "https://hub.example/api/v1/arcgis/connections"
OWN = Caller(User.of_account("kim@hub.example"))


def connection(org: str, item: str, number: int, **members: object) -> WebhookConnection:
    made = WebhookConnection(
        workflow=Workflow(org, item),
        id=f"{number:022d}",
        name=f"Connection {number}",
        item_id="parcels",
        webhook_type="FeatureService",
        sealed_secret="sealed",
        enabled=True,
        username="megan",
        fallback_username=None,
        created=NOW,
        updated=NOW,
        updated_by="kim",
    )
    return replace(made, **members)  # type: ignore[arg-type] # members of a connection


@pytest.fixture
def connections(hub: Hub) -> ConnectionRegistry:
    """Of two organizations whose ids begin alike, in three workflow items."""
    registry = hub.arcgis.connections
    for org, item, number in [("Org", "a", 1), ("Org", "b", 2), ("Org", "b", 3), ("Org-2", "a", 4)]:
        registry.create(connection(org, item, number, enabled=number != 3))
    return registry


def names(answer: dict[str, object]) -> list[str]:
    value = answer["value"]
    assert isinstance(value, list)
    return [one["connectionName"].removeprefix("Connection ") for one in value]


def test_connections_of_all_workflow_items_are_there_with_where_they_are(hub: Hub) -> None:
    managed = ManagedWebhook("id", ("FeaturesEdited",), is_active=True)
    hub.arcgis.connections.create(connection("Org_1", "item-1", 1, managed=managed, fallback_username="joe"))
    answer = list_connections(hub.arcgis.connections, OWN, {}, url=URL)
    moment = "2026-03-14T09:26:53"
    [shown] = answer.pop("value")  # type: ignore[misc] # a list of one
    assert shown.pop("created").startswith(moment)  # type: ignore[has-type]
    assert shown.pop("updated").startswith(moment)  # type: ignore[has-type]
    assert answer == {"continuationToken": None, "nextLink": None}
    assert shown == {  # type: ignore[has-type]
        "orgId": "Org_1",
        "workflowItemId": "item-1",
        "connectionId": "0000000000000000000001",
        "connectionName": "Connection 1",
        "enabled": True,
        "itemId": "parcels",
        "username": "megan",
        "fallbackUsername": "joe",
        "managed": True,
        "updatedBy": "kim",
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["1", "2", "3", "4"]),
        ({"orgId": "Org"}, ["1", "2", "3"]),
        ({"orgId": "Org-2"}, ["4"]),
        ({"orgId": "Or"}, []),
        ({"enabled": "false"}, ["3"]),
        ({"enabled": "true", "orgId": "Org"}, ["1", "2"]),
    ],
)
def test_filters_let_through_what_they_name(
    connections: ConnectionRegistry, query: dict[str, str], expected: list[str]
) -> None:
    assert sorted(names(list_connections(connections, OWN, query, url=URL))) == expected


@pytest.mark.parametrize("query", [{}, {"orgId": "Org"}])
def test_pages_together_are_the_whole_and_each_is_one_transaction(
    connections: ConnectionRegistry, transport: JournalTransport, query: dict[str, str]
) -> None:
    whole = names(list_connections(connections, OWN, query, url=URL))
    found, token = list[str](), ""
    for _ in whole:
        transport.forget()
        given = {**query, "limit": "1", **({"continuationToken": token} if token else {})}
        answer = list_connections(connections, OWN, given, url=URL)
        assert len(transport.summary) == 1
        found += names(answer)
        token = str(answer["continuationToken"] or "")
        assert str(answer["nextLink"] or "").endswith(token)
    assert (found, token) == (whole, "")


def arcgis_user(org: str) -> ArcGisCaller:
    member = PortalUser("megan", org, is_administrator=False)
    return ArcGisCaller(User.arcgis("megan"), member=member, token=ArcGisToken("token"))


def test_an_arcgis_user_sees_their_organization_and_not_what_the_hub_manages(connections: ConnectionRegistry) -> None:
    answer = list_connections(connections, arcgis_user("Org-2"), {}, url=URL)
    assert names(answer) == ["4"]
    assert "managed" not in str(answer)


def test_a_token_of_one_caller_leads_nowhere_for_another(connections: ConnectionRegistry) -> None:
    token = str(list_connections(connections, OWN, {"limit": "1"}, url=URL)["continuationToken"])
    with pytest.raises(BadRequest) as caught:
        list_connections(connections, arcgis_user("Org"), {"continuationToken": token}, url=URL)
    assert caught.value.errors[0].pointer == "#/continuationToken"


def test_a_filter_is_read_from_its_parameters() -> None:
    assert parse_filter({}) == ConnectionFilter()
    assert parse_filter({"orgId": "Org", "enabled": "False"}) == ConnectionFilter("Org", enabled=False)


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ({"orgId": ""}, "orgId must be 1 to 64 letters, digits, - and _"),
        ({"orgId": "a' or ''eq'"}, "orgId must be 1 to 64 letters, digits, - and _"),
        ({"enabled": "yes"}, "enabled must be true or false"),
        ({"limit": "0"}, "limit must be an integer from 1 to 200"),
        ({"token": "x"}, f"token is not a known parameter; known are {', '.join(PARAMETERS)}"),
    ],
)
def test_a_wrong_parameter_is_named(hub: Hub, query: dict[str, str], detail: str) -> None:
    with pytest.raises(BadRequest) as caught:
        list_connections(hub.arcgis.connections, OWN, query, url=URL)
    assert caught.value.detail == detail
