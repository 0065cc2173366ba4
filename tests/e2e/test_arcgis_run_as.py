"""Consent to act as a user, through the running app."""

from dataclasses import replace

import pytest

from shared.storage.query import Query
from tests.e2e.arcgis import ArcGisClient, only_webhook
from tests.support.arcgis import MANAGER, SECRET, ArcGisOrganization, connection_document


def test_a_user_without_consent_is_a_400(client: ArcGisClient, arcgis: ArcGisOrganization) -> None:
    document = connection_document(arcgis.add_item(), username="max")
    status, error = client.refusal("POST", document=document)
    assert (status, [one["field"] for one in error["details"]]) == (400, ["username"])


@pytest.mark.parametrize("problem", ["unknown", "another user", "another organization"])
def test_a_token_that_is_not_this_users_is_a_400(
    client: ArcGisClient, arcgis: ArcGisOrganization, problem: str
) -> None:
    token = {
        "unknown": "nobodys-token",
        "another user": arcgis.portal.sign_in("Max"),
        "another organization": arcgis.portal.sign_in("max", org_id="foreign"),
    }[problem]
    document = connection_document(arcgis.add_item("max"), username="max", userToken=token)
    arcgis.portal.items[str(document["itemId"])].readers.add(MANAGER)
    status, error = client.refusal("POST", document=document)
    assert (status, [one["field"] for one in error["details"]]) == (400, ["userToken"])
    assert "invalid token" not in error["message"].lower()
    assert token not in error["message"]


def test_a_user_who_cannot_access_the_item_is_a_400(client: ArcGisClient, arcgis: ArcGisOrganization) -> None:
    document = connection_document(arcgis.add_item(), username="max", userToken=arcgis.portal.sign_in("max"))
    status, error = client.refusal("POST", document=document)
    assert (status, [one["field"] for one in error["details"]]) == (400, ["username"])


def test_consent_is_needed_once_a_workflow_item_and_ends_with_its_last_connection(
    client: ArcGisClient, arcgis: ArcGisOrganization
) -> None:
    item = arcgis.add_item()
    arcgis.portal.items[item].readers.add("max")
    wanted: dict[str, object] = {"username": "max", "manageWebhook": False}
    first = client.create(item, **wanted, userToken=arcgis.portal.sign_in("max"))
    second = client.create(item, **wanted)
    other = replace(client, workflow_item="another")
    assert other.refusal("POST", document=connection_document(item, **wanted))[0] == 400
    client.ask("DELETE", f"/{first}")
    third = client.create(item, **wanted)
    for id_ in (second, third):
        client.ask("DELETE", f"/{id_}")
    assert client.refusal("POST", document=connection_document(item, **wanted))[0] == 400


def test_a_consent_that_has_lapsed_is_told(client: ArcGisClient, arcgis: ArcGisOrganization) -> None:
    item = arcgis.add_item()
    arcgis.portal.items[item].readers.add("max")
    wanted: dict[str, object] = {"username": "max", "manageWebhook": False}
    token = arcgis.portal.sign_in("max")
    id_ = client.create(item, **wanted, userToken=token)
    del arcgis.portal.members[token]
    status, error = client.refusal("POST", document=connection_document(item, **wanted))
    assert (status, "lapsed" in error["message"]) == (400, True)
    # It can be disabled all the same.
    client.ask("PUT", f"/{id_}", connection_document(item, **wanted, enabled=False))
    client.ask("DELETE", f"/{id_}")


def test_a_manager_of_the_hub_names_the_user_and_gives_their_token(
    client: ArcGisClient, arcgis: ArcGisOrganization
) -> None:
    item, hub_manager = arcgis.add_item(), replace(client, token=None)
    status, error = hub_manager.refusal("POST", document=connection_document(item))
    assert (status, [one["field"] for one in error["details"]]) == (400, ["username"])
    id_ = hub_manager.create(item, username=MANAGER, userToken=client.token)
    shown = hub_manager.ask("GET", f"/{id_}")
    assert (shown["username"], shown["managedWebhookId"]) == (MANAGER, only_webhook(arcgis).id)
    deleted = hub_manager.send("DELETE", f"/{id_}", **{"X-Esri-Authorization": f"Bearer {client.token}"})
    assert deleted.json() == {"success": True, "connectionId": id_}
    assert arcgis.service.webhooks == {}


def test_no_secret_and_no_token_stands_in_storage(client: ArcGisClient, arcgis: ArcGisOrganization) -> None:
    client.create(arcgis.add_item())
    tables = [client.app.hub.storage.table(name) for name in ("connections", "runas")]
    rows = str([dict(row) for table in tables for row in table.query(Query())])
    assert MANAGER in rows
    assert str(client.token) not in rows
    assert SECRET not in rows
