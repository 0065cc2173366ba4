"""Nobody has the hub act with a colleague's token at a service that they may not manage; through the running app.

Megan owns the item and made a connection. Bob is a Relationship Manager too, and may see the item at most.
"""

from dataclasses import replace
from typing import Any

import pytest

from shared.arcgis.webhook_connection import Workflow
from shared.roles.table import ROLES_TABLE, TableRoles
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
    TableRoles(client.app.hub.storage.table(ROLES_TABLE)).grant("arcgis:bob", "Relationship Manager")
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
    """Whether a notification that is signed with this secret is accepted."""
    return client.post_hook(id_, BODY, signature(BODY, secret)).status_code == 200


def unbind(client: ArcGisClient, id_: str) -> None:
    """Make a connection one that the previous version stored."""
    table = client.app.hub.storage.table("connections")
    row = table.get(f"{ORG}:{client.workflow_item}", id_)
    assert row is not None
    table.put({name: value for name, value in row.items() if name != "Service"})


def bound_to(client: ArcGisClient, id_: str) -> str | None:
    """The service at which the hub acts for a connection."""
    found = client.app.hub.arcgis.connections.get(Workflow(ORG, client.workflow_item), id_)
    assert found is not None
    return found.service


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
    arcgis.service.managers |= {"bob", "max"}
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
    assert bob.refusal("PUT", f"/{id_}", update(bobs, secret=BOBS_SECRET))[0] == 403
    # Those who act as themselves may change it, and the hub follows the item nowhere.
    answer = client.ask("PUT", f"/{id_}", update(bobs, secret="a third secret"))
    assert (answer["name"], arcgis.service.webhooks) == ("InvalidPortalItemUrl", {})
    assert [call for call in calls(arcgis) if arcgis.service.name in call] == []


def test_a_connection_that_the_previous_version_stored_goes_on_working(
    client: ArcGisClient, arcgis: ArcGisOrganization, item: str
) -> None:
    id_ = client.create(item)
    unbind(client, id_)
    assert takes(client, id_, SECRET)
    assert client.ask("PUT", f"/{id_}", update(item, secret="a third secret")) == {"success": True, "connectionId": id_}
    assert only_webhook(arcgis).form["signatureKey"] == "a third secret"
    assert takes(client, id_, "a third secret")
    assert client.ask("DELETE", f"/{id_}")["success"]


@pytest.mark.parametrize("odd", [None, "", "https://odd.example/nothing"])
@pytest.mark.parametrize("place", ["username", "fallbackUsername"])
def test_a_connection_made_without_a_service_takes_no_token_to_anothers(
    client: ArcGisClient, bob: ArcGisClient, arcgis: ArcGisOrganization, item: str, place: str, odd: str | None
) -> None:
    client.create(item, manageWebhook=False)
    bobs = arcgis.portal.add_item("bob", odd)
    arcgis.portal.items[bobs].readers.add(MANAGER)
    id_ = bob.create(bobs, manageWebhook=False, secret=BOBS_SECRET)
    arcgis.portal.items[bobs].url = arcgis.other_service.item_url
    arcgis.other_service.managers.add("bob")
    users = {"username": "bob", "fallbackUsername": "bob", place: MANAGER}
    assert bob.ask("PUT", f"/{id_}", update(bobs, manageWebhook=False, **users))["success"]
    assert bound_to(bob, id_) == arcgis.other_service.item_url
    arcgis.portal.items[bobs].url = arcgis.service.item_url
    arcgis.service.journal.clear()
    answer = bob.ask("PUT", f"/{id_}", update(bobs, secret=BOBS_SECRET, **users))
    assert answer["name"] == "InvalidPortalItemUrl"
    assert (arcgis.service.webhooks, calls(arcgis)) == ({}, [])


@pytest.mark.parametrize("was", ["odd", "stored by the previous version"])
def test_whose_service_it_is_not_binds_no_connection_to_it(
    client: ArcGisClient, bob: ArcGisClient, arcgis: ArcGisOrganization, item: str, was: str
) -> None:
    client.create(item, manageWebhook=False)
    bobs = arcgis.portal.add_item("bob", None if was == "odd" else arcgis.service.item_url)
    arcgis.portal.items[bobs].readers.add(MANAGER)
    id_ = bob.create(bobs, manageWebhook=False, secret=BOBS_SECRET)
    unbind(bob, id_)
    arcgis.portal.items[bobs].url = arcgis.service.item_url
    added = update(bobs, manageWebhook=False, username="bob", fallbackUsername=MANAGER)
    assert bob.refusal("PUT", f"/{id_}", added)[0] == 400
    answer = bob.ask("PUT", f"/{id_}", update(bobs, username="bob"))
    assert (answer["success"], answer["name"]) == (False, "InvalidPortalItemUrl")
    assert (arcgis.service.webhooks, bound_to(bob, id_)) == ({}, None)


@pytest.mark.parametrize("who", ["its user", "administrator"])
def test_a_connection_of_the_previous_version_is_bound_by_who_may_manage_its_service(
    client: ArcGisClient, bob: ArcGisClient, arcgis: ArcGisOrganization, item: str, who: str
) -> None:
    id_ = client.create(item)
    unbind(client, id_)
    # The portal's word is not enough.
    arcgis.portal.items[item].editors.add("bob")
    assert bob.refusal("PUT", f"/{id_}", update(item, secret=BOBS_SECRET))[0] == 403
    assert bound_to(client, id_) is None
    saver = client
    if who == "administrator":
        saver = replace(bob, token=arcgis.portal.sign_in("ada", role="org_admin"))
        TableRoles(client.app.hub.storage.table(ROLES_TABLE)).grant("arcgis:ada", "Relationship Manager")
        arcgis.service.managers.add("ada")
    assert saver.ask("PUT", f"/{id_}", update(item, secret="a third secret"))["success"]
    assert (bound_to(client, id_), takes(client, id_, "a third secret")) == (arcgis.service.item_url, True)


def test_a_webhook_of_the_previous_version_is_removed_by_who_may_manage_its_service(
    client: ArcGisClient, arcgis: ArcGisOrganization, item: str
) -> None:
    id_ = client.create(item)
    unbind(client, id_)
    assert client.ask("DELETE", f"/{id_}") == {"success": True, "connectionId": id_}
    assert arcgis.service.webhooks == {}


@pytest.mark.parametrize("change", TOUCHING.values(), ids=TOUCHING)
def test_who_owns_an_item_and_not_its_service_changes_nothing_there(
    client: ArcGisClient, bob: ArcGisClient, arcgis: ArcGisOrganization, change: dict[str, Any]
) -> None:
    arcgis.service.managers.add(MANAGER)
    bobs = arcgis.portal.add_item("bob", arcgis.service.item_url)
    arcgis.portal.items[bobs].readers.add(MANAGER)
    id_ = client.create(bobs)
    shown, form = client.ask("GET", f"/{id_}"), dict(only_webhook(arcgis).form)
    assert bob.refusal("PUT", f"/{id_}", update(bobs, **change))[0] in {400, 403}
    # What he makes of his item does not help either.
    arcgis.portal.items[bobs].url = arcgis.other_service.item_url
    arcgis.other_service.managers.add("bob")
    assert bob.refusal("PUT", f"/{id_}", update(bobs, **change))[0] in {400, 403}
    arcgis.portal.items[bobs].url = arcgis.service.item_url
    assert (client.ask("GET", f"/{id_}"), only_webhook(arcgis).form) == (shown, form)
    assert not bob.ask("DELETE", f"/{id_}")["success"]
    assert only_webhook(arcgis).form == form


def test_a_delete_leaves_the_webhook_of_a_service_that_does_not_answer(
    client: ArcGisClient, arcgis: ArcGisOrganization, item: str
) -> None:
    id_ = client.create(item)
    arcgis.service.answer_always(Reply(503))
    answer = client.ask("DELETE", f"/{id_}")
    assert (answer["success"], answer["name"]) == (False, "FailedToDeleteManagedWebhook")
    assert client.ask("GET") == {"webhookConnections": []}


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_an_item_that_moves_while_it_is_looked_at_takes_no_token_along(
    client: ArcGisClient, bob: ArcGisClient, arcgis: ArcGisOrganization, item: str, method: str, at: int
) -> None:
    """Bob's item has the address of his own service at one of the looks, and that of Megan's at all others."""
    client.create(item, manageWebhook=False)
    arcgis.other_service.managers.add("bob")
    bobs = arcgis.portal.add_item("bob", None)
    arcgis.portal.items[bobs].readers.add(MANAGER)
    path = f"/{bob.create(bobs, manageWebhook=False)}" if method == "PUT" else ""
    looks = [arcgis.service.item_url] * 4
    looks[at] = arcgis.other_service.item_url
    arcgis.portal.items[bobs].urls_to_come = looks
    document = connection_document(bobs, username=MANAGER, secret=BOBS_SECRET)
    status, error = bob.refusal(method, path, document)
    assert (status, error["details"][0]["field"] in {"itemId", "username"}) == (400, True)
    assert (arcgis.service.webhooks, arcgis.other_service.webhooks) == ({}, {})


@pytest.mark.parametrize("secret", ["******** ", " ********", "*********", "\uff0a" * 8])
def test_what_only_looks_like_the_mask_is_no_secret(
    client: ArcGisClient, arcgis: ArcGisOrganization, item: str, secret: str
) -> None:
    id_ = client.create(item)
    for method, path in (("PUT", f"/{id_}"), ("POST", "")):
        status, error = client.refusal(method, path, connection_document(item, secret=secret))
        assert (status, [one["field"] for one in error["details"]]) == (400, ["secret"])
    assert (takes(client, id_, SECRET), takes(client, id_, secret)) == (True, False)
