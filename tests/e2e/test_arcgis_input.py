"""What WebhookConnections refuses, through the running app."""

from urllib.parse import quote

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e.arcgis import ArcGisClient
from tests.fakes.arcgis_portal import ORG
from tests.support.arcgis import ArcGisOrganization, connection_document
from tests.test_strict_json import ANY_JSON

BAD_MEMBERS: list[tuple[str, object]] = [
    ("connectionName", None),
    ("itemId", None),
    ("webhookType", "Survey"),
    ("secret", None),
    ("secret", "short"),
    ("secret", "********"),
    ("enabled", "yes"),
    ("manageWebhook", None),
    ("webhookChangeTypes", []),
    ("webhookChangeTypes", ["FeaturesDeleted"]),
    ("username", 1),
]


@pytest.mark.parametrize(("name", "value"), BAD_MEMBERS)
def test_a_bad_member_is_a_400_that_names_it(
    client: ArcGisClient, arcgis: ArcGisOrganization, name: str, value: object
) -> None:
    status, error = client.refusal("POST", document=connection_document(arcgis.add_item(), **{name: value}))
    assert (status, error["type"], [one["field"] for one in error["details"]]) == (
        400,
        "InvalidArgumentsException",
        [name],
    )
    assert arcgis.service.webhooks == {}


@pytest.mark.parametrize("document", [None, [], "text", 7])
def test_a_body_that_is_no_object_is_a_400(client: ArcGisClient, document: object) -> None:
    assert client.refusal("POST", document=document)[0] == 400


def test_an_item_that_cannot_be_accessed_or_is_none_is_a_400(client: ArcGisClient, arcgis: ArcGisOrganization) -> None:
    foreign, no_service = arcgis.add_item("somebody"), arcgis.add_item()
    arcgis.portal.items[no_service].type = "Web Map"
    for item in (foreign, no_service, "0" * 32):
        status, error = client.refusal("POST", document=connection_document(item))
        assert (status, [one["field"] for one in error["details"]]) == (400, ["itemId"])


@pytest.mark.parametrize("path", ["/nothing", "/AAAAAAAAAAAAAAAAAAAAAA"])
def test_an_unknown_connection_is_a_400_as_esris_reference_has_it(client: ArcGisClient, path: str) -> None:
    answers = [client.refusal(method, path, connection_document("x"))[0] for method in ("GET", "PUT", "DELETE")]
    assert answers == [400, 400, 400]


@pytest.mark.parametrize(("method", "path"), [("PUT", ""), ("DELETE", ""), ("POST", "/x"), ("GET", "/x/other")])
def test_what_is_no_operation_is_a_404(client: ArcGisClient, method: str, path: str) -> None:
    assert client.refusal(method, path)[0] == 404


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(st.sampled_from(sorted(connection_document(""))), ANY_JSON, max_size=3))
def test_no_document_is_answered_with_a_5xx(client: ArcGisClient, changes: dict[str, object]) -> None:
    document = {**connection_document("0" * 32), **changes}
    assert client.send("POST", document=document).status_code in {200, 400}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    parts=st.tuples(*[st.text(min_size=1, max_size=30)] * 3),
    token=st.text(max_size=20),
)
def test_no_path_and_no_token_is_answered_with_a_5xx(
    client: ArcGisClient, method: str, parts: tuple[str, str, str], token: str
) -> None:
    org_id, item_id, rest = (quote(part.encode("utf-8", "replace"), safe="") for part in parts)
    url = f"{client.app.url}/api/{org_id}/{item_id}/webhookConnections/{rest}"
    params = {"code": client.app.code, "token": token.encode("utf-8", "replace").decode()}
    assert requests.request(method, url, params=params, timeout=30).status_code in {400, 401, 403, 404}


def test_nobody_is_a_401_in_workflow_managers_shape(client: ArcGisClient) -> None:
    url = f"{client.app.url}/api/{ORG}/{client.workflow_item}/webhookConnections"
    response = requests.get(url, {"code": client.app.code}, timeout=30)
    assert (response.status_code, response.json()["error"]["code"]) == (401, 401)
    assert "WWW-Authenticate" in response.headers
