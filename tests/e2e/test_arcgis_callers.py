"""Who may call WebhookConnections, through the running app."""

from dataclasses import replace

import pytest
import requests

from tests.e2e.arcgis import ArcGisClient
from tests.fakes.arcgis_portal import ORG
from tests.fakes.server import Reply, json_reply
from tests.support.arcgis import MANAGER, ArcGisOrganization, connection_document


@pytest.mark.parametrize("place", ["x-esri-authorization", "authorization", "query"])
def test_a_token_counts_in_each_place(client: ArcGisClient, place: str) -> None:
    url = f"{client.app.url}/api/{ORG}/{client.workflow_item}/webhookConnections"
    params = {"code": client.app.code, **({"token": client.token} if place == "query" else {})}
    headers = {} if place == "query" else {place: f"Bearer {client.token}"}
    assert requests.get(url, params, headers=headers, timeout=30).status_code == 200


def test_a_token_that_is_bound_to_a_referer_counts_with_it(client: ArcGisClient, arcgis: ArcGisOrganization) -> None:
    bound = replace(client, token=arcgis.portal.sign_in(MANAGER, referer="http"))
    assert bound.send("GET", Referer="http").status_code == 200
    assert bound.refusal("GET")[0] == 401


@pytest.mark.parametrize("token", ["nobodys-token", "not.a.jwt", "a b"])
def test_nobodys_token_is_a_401_without_the_words_that_silence_esris_client(client: ArcGisClient, token: str) -> None:
    response = replace(client, token=token).send("GET")
    assert response.status_code == 401
    assert "WWW-Authenticate" in response.headers
    assert "invalid token" not in response.text.lower()
    assert "access is denied" not in response.text.lower()


def test_who_is_no_relationship_manager_is_a_403(client: ArcGisClient, arcgis: ArcGisOrganization) -> None:
    somebody = replace(client, token=arcgis.portal.sign_in("somebody"))
    assert {method: somebody.refusal(method)[0] for method in ("GET", "POST")} == {"GET": 403, "POST": 403}


@pytest.mark.parametrize(
    "name",
    ["manager@hub.example", "Manager@Hub.Example", "arcgis:megan_manager", "Megan_Manager", "megan_manager "],
)
def test_a_user_name_that_looks_like_a_managers_id_is_no_managers(
    client: ArcGisClient, arcgis: ArcGisOrganization, name: str
) -> None:
    assert replace(client, token=arcgis.portal.sign_in(name)).refusal("GET")[0] == 403


@pytest.mark.parametrize("kind", ["systemuserid", "upn", "oid"])
def test_a_user_name_that_is_an_id_of_the_demo_manager_is_no_managers(
    client: ArcGisClient, arcgis: ArcGisOrganization, kind: str
) -> None:
    named = arcgis.portal.sign_in(client.app.seed.manager[kind])
    assert replace(client, token=named).refusal("GET")[0] == 403


@pytest.mark.parametrize(("user_org", "path_org"), [("foreign", ORG), (ORG, "foreign"), ("foreign", "foreign")])
def test_another_organization_is_a_403(
    client: ArcGisClient, arcgis: ArcGisOrganization, user_org: str, path_org: str
) -> None:
    other = replace(client, token=arcgis.portal.sign_in(MANAGER, org_id=user_org), org=path_org)
    assert other.refusal("GET")[0] == 403


@pytest.mark.parametrize(
    "reply", [Reply(500), Reply(200, b"<html>"), json_reply({"error": {"code": 500}})], ids=["500", "html", "error"]
)
def test_a_portal_that_is_down_is_a_503_and_leaves_nothing(
    client: ArcGisClient, arcgis: ArcGisOrganization, reply: Reply
) -> None:
    item = arcgis.add_item()
    before = client.ask("GET")
    arcgis.portal.answer_always(reply)
    status, error = client.refusal("POST", document=connection_document(item))
    assert (status, error["type"]) == (503, "PortalException")
    arcgis.portal.answer_always(None)
    assert client.ask("GET") == before


def all_connections(client: ArcGisClient, *, code: str | None = None, **given: str) -> requests.Response:
    """The listing over all workflow items, asked by whoever the client is."""
    name = "X-Esri-Authorization" if client.token else "Authorization"
    headers = {name: f"Bearer {client.token or client.app.seed.api_key}"}
    params = {"code": client.app.code if code is None else code, **given}
    return requests.get(f"{client.app.url}/api/v1/arcgis/connections", params, headers=headers, timeout=30)


def test_all_workflow_items_are_listed_to_managers_and_to_nobody_else(
    client: ArcGisClient, arcgis: ArcGisOrganization
) -> None:
    made = client.create(arcgis.add_item())
    hub_caller = replace(client, token=None)
    for caller, sees_managed in ((hub_caller, True), (client, False)):
        response = all_connections(caller, limit="200")
        assert response.status_code == 200
        [found] = [one for one in response.json()["value"] if one["connectionId"] == made]
        assert (found["orgId"], found["workflowItemId"]) == (ORG, client.workflow_item)
        assert found.get("managed") is (True if sees_managed else None)
        assert "secret" not in response.text.lower()
    assert all_connections(hub_caller, code="wrong").status_code == 401
    assert all_connections(client, orgId="otherOrg").status_code == 403
    assert all_connections(replace(client, token="nobodys-token")).status_code == 401
    assert all_connections(replace(client, token=arcgis.portal.sign_in("somebody"))).status_code == 403
    foreign = arcgis.portal.sign_in(MANAGER, org_id="foreign")
    assert all_connections(replace(client, token=foreign)).json()["status"] == 403


def test_what_the_console_is_given_opens_the_listing(client: ArcGisClient) -> None:
    key = client.app.hub.settings.console_key
    assert key is not None
    assert all_connections(replace(client, token=None), code=key.get_secret_value()).status_code == 200
