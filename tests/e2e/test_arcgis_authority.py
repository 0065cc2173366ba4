"""Nobody has the hub act with a colleague's token at a service that they may not manage; through the running app.

Megan owns the item and made a connection. Bob is a Relationship Manager too, and may see the item at most.
"""

from dataclasses import replace
from typing import Any

import pytest

from shared.roles.table import ROLES_TABLE, TableDirectory
from tests.arcgis.samples import BODY
from tests.e2e.arcgis import ArcGisClient, only_webhook
from tests.fakes.arcgis_portal import ORG
from tests.fakes.feature_service import signature
from tests.fakes.server import Reply
from tests.support.arcgis import MANAGER, SECRET, ArcGisOrganization, connection_document

BOBS_SECRET = "bobs-own-secret"

# What takes a connection over, or makes the hub act at the service.
TOUCHING: dict[str, dict[str, Any]] = {
    "a new secret": {"secret": BOBS_SECRET},
    "a new secret of an unmanaged one": {"secret": BOBS_SECRET, "manageWebhook": False},
    "the stored secret in clear": {"secret": SECRET, "manageWebhook": False},
    "disabled": {"enabled": False},
    "disabled, the webhook left alone": {"enabled": False, "manageWebhook": False},
    "other change types": {"webhookChangeTypes": ["FeaturesUpdated"]},
    "no user named": {"username": None},
    "another user": {"username": "bob", "manageWebhook": False},
    "a fallback": {"fallbackUsername": "bob", "manageWebhook": False},
}


@pytest.fixture
def item(arcgis: ArcGisOrganization) -> str:
    return arcgis.add_item()


@pytest.fixture
def bob(client: ArcGisClient, arcgis: ArcGisOrganization) -> ArcGisClient:
    """Another Relationship Manager of the organization, in the same workflow item."""
    TableDirectory(client.app.hub.storage.table(ROLES_TABLE), "Relationship Manager").grant("arcgis:bob")
    return replace(client, token=arcgis.portal.sign_in("bob"))


@pytest.fixture(params=["cannot see the item", "sees the item", "hub caller", "administrator of another organization"])
def other(
    request: pytest.FixtureRequest, client: ArcGisClient, bob: ArcGisClient, arcgis: ArcGisOrganization, item: str
) -> ArcGisClient:
    """Bob, who may see the item or not; or a caller with an API key, who is nobody in ArcGIS."""
    found = arcgis.portal.items[item]
    match request.param:
        case "hub caller":
            return replace(client, token=None)
        case "sees the item":
            found.readers.add("bob")
        case "administrator of another organization":
            found.org_id = "aPartner"
            return replace(bob, token=arcgis.portal.sign_in("bob", role="org_admin"))
    return bob


def update(item: str, **members: object) -> dict[str, object]:
    """What Esri's client sends back after it read a connection, and then some."""
    return connection_document(item, **{"secret": "********", "username": MANAGER, **members})


def calls(arcgis: ArcGisOrganization) -> list[str]:
    return [f"{call.method} {call.path}" for call in arcgis.service.journal]


def takes(client: ArcGisClient, id_: str, secret: str) -> bool:
    """Whether a notification that is signed with this secret is taken."""
    return client.post_hook(id_, BODY, signature(BODY, secret)).status_code == 200


@pytest.mark.parametrize("change", TOUCHING.values(), ids=TOUCHING)
def test_who_may_not_manage_the_service_cannot_change_what_it_does(
    client: ArcGisClient, arcgis: ArcGisOrganization, item: str, other: ArcGisClient, change: dict[str, Any]
) -> None:
    id_ = client.create(item)
    shown, form = client.ask("GET", f"/{id_}"), dict(only_webhook(arcgis).form)
    arcgis.service.journal.clear()
    if other.token is None and change.get("username", MANAGER) is None:
        # For a caller of the hub's own this is no change.
        change = {**change, "enabled": False}
    status, error = other.refusal("PUT", f"/{id_}", update(item, **change))
    assert (status, error["type"]) in {(403, "ForbiddenException"), (400, "InvalidArgumentsException")}
    assert any(name in error["message"] for name in ("secret", "enabled", "webhookChangeTypes", "sername"))
    assert (client.ask("GET", f"/{id_}"), only_webhook(arcgis).form, calls(arcgis)) == (shown, form, [])
    assert (takes(client, id_, SECRET), takes(client, id_, BOBS_SECRET)) == (True, False)


def test_the_service_is_not_switched_on_for_somebody_who_may_not_manage_it(
    client: ArcGisClient, arcgis: ArcGisOrganization, item: str, other: ArcGisClient
) -> None:
    id_ = client.create(item, manageWebhook=False)
    assert other.refusal("PUT", f"/{id_}", update(item))[0] == 403
    assert (arcgis.service.webhooks, calls(arcgis)) == ({}, [])


@pytest.mark.parametrize("manages", [True, False])
def test_anybody_may_change_what_touches_neither_user_secret_nor_webhook(
    client: ArcGisClient, arcgis: ArcGisOrganization, item: str, other: ArcGisClient, *, manages: bool
) -> None:
    id_ = client.create(item)
    arcgis.service.journal.clear()
    renamed = update(item, connectionName="Renamed", manageWebhook=manages)
    assert other.ask("PUT", f"/{id_}", renamed) == {"success": True, "connectionId": id_}
    shown = client.ask("GET", f"/{id_}")
    assert (shown["connectionName"], shown["username"], shown["webhookActive"]) == ("Renamed", MANAGER, True)
    assert (only_webhook(arcgis).form["signatureKey"], calls(arcgis)) == (SECRET, [])


@pytest.mark.parametrize("manages", [True, False])
@pytest.mark.parametrize("place", ["username", "fallbackUsername"])
def test_a_stored_consent_is_no_consent_for_who_may_not_manage_the_service(
    client: ArcGisClient, arcgis: ArcGisOrganization, item: str, other: ArcGisClient, place: str, *, manages: bool
) -> None:
    client.create(item, manageWebhook=False)
    another = arcgis.add_item()
    for readers in (arcgis.portal.items[item].readers, arcgis.portal.items[another].readers):
        readers.add("bob")
    wanted: dict[str, Any] = {place: MANAGER, "manageWebhook": manages}
    if place == "fallbackUsername":
        arcgis.portal.items[another].readers.add("max")
        wanted |= {"username": "max", "userToken": arcgis.portal.sign_in("max")}
    arcgis.portal.items[another].org_id = arcgis.portal.items[item].org_id
    status, error = other.refusal("POST", document=connection_document(another, **wanted))
    assert (status, [one["field"] for one in error["details"]]) == (400, [place])
    assert (arcgis.service.webhooks, calls(arcgis)) == ({}, [])
    assert len(client.ask("GET")["webhookConnections"]) == 1


def test_a_delete_by_who_may_not_manage_the_service_leaves_its_webhook(
    client: ArcGisClient, arcgis: ArcGisOrganization, item: str, other: ArcGisClient
) -> None:
    id_ = client.create(item)
    arcgis.service.journal.clear()
    answer = other.ask("DELETE", f"/{id_}")
    assert (answer["success"], answer["name"]) == (False, "FailedToDeleteManagedWebhook")
    assert (only_webhook(arcgis).form["active"], calls(arcgis)) == ("true", [])
    assert client.ask("GET") == {"webhookConnections": []}


@pytest.mark.parametrize("token", ["bob", "somebody of another organization", "nobody", "not a token"])
def test_a_token_of_somebody_else_shows_nothing(
    client: ArcGisClient, arcgis: ArcGisOrganization, item: str, token: str
) -> None:
    id_ = client.create(item)
    tokens = {
        "bob": arcgis.portal.sign_in("bob"),
        "somebody of another organization": arcgis.portal.sign_in(MANAGER, org_id="aPartner"),
        "nobody": "nobodys-token",
        "not a token": "a b",
    }
    hub_caller, besides = replace(client, token=None), {"X-Esri-Authorization": f"Bearer {tokens[token]}"}
    changed = update(item, secret=BOBS_SECRET)
    assert hub_caller.refusal("PUT", f"/{id_}", changed, **besides)[0] == 403
    assert not hub_caller.send("DELETE", f"/{id_}", **besides).json()["success"]
    assert only_webhook(arcgis).form["signatureKey"] == SECRET


@pytest.mark.parametrize("who", ["administrator", "shared group", "userToken", "token besides", "fallbackUserToken"])
def test_who_may_manage_the_service_changes_it_as_the_connections_users(
    client: ArcGisClient, bob: ArcGisClient, arcgis: ArcGisOrganization, item: str, who: str
) -> None:
    id_ = client.create(item)
    hub_caller, document = replace(client, token=None), update(item, secret="a third secret", enabled=False)
    match who:
        case "administrator":
            answer = replace(bob, token=arcgis.portal.sign_in("bob", role="org_admin")).ask("PUT", f"/{id_}", document)
        case "shared group":
            arcgis.portal.items[item].editors.add("bob")
            answer = bob.ask("PUT", f"/{id_}", document)
        case "userToken":
            answer = hub_caller.ask("PUT", f"/{id_}", {**document, "userToken": client.token})
        case "token besides":
            besides = {"X-Esri-Authorization": f"Bearer {client.token}"}
            answer = hub_caller.send("PUT", f"/{id_}", document, **besides).json()
        case _:
            arcgis.portal.items[item].editors.add("max")
            fallback = {"fallbackUsername": "max", "fallbackUserToken": arcgis.portal.sign_in("max")}
            answer = hub_caller.ask("PUT", f"/{id_}", {**document, **fallback})
    assert answer == {"success": True, "connectionId": id_}
    form = only_webhook(arcgis).form
    assert (form["signatureKey"], form["active"]) == ("a third secret", "false")


def test_who_only_sees_an_item_does_with_a_connection_that_acts_as_them_as_they_please(
    bob: ArcGisClient, arcgis: ArcGisOrganization, item: str
) -> None:
    arcgis.portal.items[item].readers.add("bob")
    id_ = bob.create(item, manageWebhook=False)
    mine = connection_document(item, secret=BOBS_SECRET, manageWebhook=False, username="bob")
    assert bob.ask("PUT", f"/{id_}", mine)["success"]
    assert takes(bob, id_, BOBS_SECRET)
    assert bob.ask("PUT", f"/{id_}", {**mine, "enabled": False})["success"]
    # The service itself refuses, and nobody else is asked to do it.
    answer = bob.ask("PUT", f"/{id_}", {**mine, "manageWebhook": True})
    assert (answer["name"], arcgis.service.webhooks) == ("FailedToUpdateManagedWebhook", {})
    assert bob.ask("DELETE", f"/{id_}")["success"]


def test_an_item_with_the_address_of_another_service_opens_that_service_to_nobody(
    client: ArcGisClient, bob: ArcGisClient, arcgis: ArcGisOrganization, item: str
) -> None:
    client.create(item, manageWebhook=False)
    forged = arcgis.portal.add_item("bob", arcgis.service.item_url)
    arcgis.portal.items[forged].readers.add(MANAGER)
    document = connection_document(forged, username=MANAGER)
    status, error = bob.refusal("POST", document=document)
    assert (status, [one["field"] for one in error["details"]]) == (400, ["username"])
    assert (arcgis.service.webhooks, len(client.ask("GET")["webhookConnections"])) == ({}, 1)
    # Where the service cannot be asked, nobody knows; nothing is stored.
    arcgis.service.answer_always(Reply(503))
    assert bob.refusal("POST", document=document)[0] == 503
    assert len(client.ask("GET")["webhookConnections"]) == 1


def test_an_item_that_moves_to_another_service_takes_no_token_along(
    client: ArcGisClient, bob: ArcGisClient, arcgis: ArcGisOrganization
) -> None:
    arcgis.service.managers.add(MANAGER)
    bobs = arcgis.portal.add_item("bob", arcgis.service.item_url.replace(arcgis.service.name, "public"))
    arcgis.portal.items[bobs].readers.add(MANAGER)
    id_ = client.create(bobs, manageWebhook=False)
    arcgis.portal.items[bobs].url = arcgis.service.item_url
    answer = bob.ask("PUT", f"/{id_}", update(bobs, secret=BOBS_SECRET))
    assert (answer["name"], arcgis.service.webhooks, calls(arcgis)) == ("InvalidPortalItemUrl", {}, [])


def test_a_connection_that_the_previous_version_stored_goes_on_working(
    client: ArcGisClient, arcgis: ArcGisOrganization, item: str
) -> None:
    id_ = client.create(item)
    table = client.app.hub.storage.table("connections")
    row = table.get(f"{ORG}:{client.workflow_item}", id_)
    assert row is not None
    table.put({name: value for name, value in row.items() if name != "Service"})
    assert client.ask("PUT", f"/{id_}", update(item, secret="a third secret")) == {"success": True, "connectionId": id_}
    assert only_webhook(arcgis).form["signatureKey"] == "a third secret"
    assert takes(client, id_, "a third secret")
    assert client.ask("DELETE", f"/{id_}")["success"]
