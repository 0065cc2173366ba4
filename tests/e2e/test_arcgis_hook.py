"""executeWebhook through the running app: what a feature service gets to see."""

import json
import time
from urllib.parse import quote

import pytest
import requests
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.arcgis.samples import BODY, CRC_TOKEN, RESPONSE_TOKEN, body_of, entry
from tests.dynamics.samples import ANY_JSON
from tests.e2e.arcgis import ArcGisClient
from tests.e2e.test_receiving import eventually
from tests.e2e.webhooks import events_of, patch, register
from tests.fakes.feature_service import signature
from tests.fakes.receiver import Receiver
from tests.support.arcgis import HOOK_KEY, SECRET, ArcGisOrganization
from tests.support.cases import holds_for


@pytest.fixture
def hook(client: ArcGisClient, arcgis: ArcGisOrganization) -> str:
    return client.create(arcgis.add_item(), manageWebhook=False)


def test_the_challenge_is_answered(client: ArcGisClient, hook: str) -> None:
    params = {"code": HOOK_KEY, "crc_token": CRC_TOKEN}
    response = requests.get(client.hook_url(hook), params, timeout=30)
    assert (response.status_code, response.json()) == (200, {"response_token": RESPONSE_TOKEN})


@pytest.mark.parametrize("token", [None, "", "[1]", "x" * 257, '{"a":1}'])
def test_an_odd_challenge_is_a_400(client: ArcGisClient, hook: str, token: str | None) -> None:
    params = {"code": HOOK_KEY, **({"crc_token": token} if token is not None else {})}
    response = requests.get(client.hook_url(hook), params, timeout=30)
    assert (response.status_code, response.json()["error"]["code"]) == (400, 400)


@holds_for(
    "token", ["a%0A", "a%00", "a.b", "payload%3D[1]", "a%26b", "%C3%A9", "%EF%BC%A1", "a%25b", "x,y", "%2B%20%7B"]
)
def test_a_challenge_of_another_shape_is_refused_and_not_signed(client: ArcGisClient, hook: str, token: str) -> None:
    url = f"{client.hook_url(hook)}?crc_token={token}"
    response = requests.get(url, headers={"x-functions-key": HOOK_KEY}, timeout=30)
    assert (response.status_code, "sha256" in response.text) == (400, False)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    token=st.from_regex(r"[A-Za-z0-9+/=_-]{1,256}", fullmatch=True) | st.sampled_from(["null", "123", "1e5", "true"])
)
@example(token="payload=1")
@example(token="payload=eyJ9")
def test_what_was_signed_as_a_challenge_is_no_signature_of_a_payload(
    client: ArcGisClient, hook: str, token: str
) -> None:
    params = {"code": HOOK_KEY, "crc_token": token}
    signed = requests.get(client.hook_url(hook), params, timeout=30).json()["response_token"]
    for body in (token, f"payload={token}", f"payload={quote(token)}", f'{{"payload":"{token}"}}'):
        assert client.post_hook(hook, body.encode(), signed).status_code in {400, 401}


@pytest.mark.parametrize("service", ["PAYROLL/FeatureServer", "roadWorks/FeatureServer/../../PAYROLL/FeatureServer"])
def test_changes_of_another_service_are_not_read_and_the_event_is_taken(
    client: ArcGisClient, arcgis: ArcGisOrganization, receiver: Receiver, service: str
) -> None:
    subscription = register(client.app, receiver.url, "feature.updated")
    id_ = client.create(arcgis.add_item(), manageWebhook=False)
    arcgis.service.journal.clear()
    url = f"{arcgis.service.url}/quayOrg/ArcGIS/rest/services/{service}/extractChanges?layers=[0]&serverGens=[0,9]"
    body = json.dumps(
        [{"layerId": 0, "changesUrl": url, "events": ["FeaturesUpdated"], "lastUpdatedTime": time.time_ns()}]
    ).encode()
    assert client.post_hook(id_, body, signature(body, SECRET)).status_code == 200
    assert eventually(lambda: len(events_of(receiver.journal)) == 1)
    values = json.loads(events_of(receiver.journal)[0].body)["FieldValues"]
    assert ("changes" in values, "changesError" in values, arcgis.service.journal) == (False, True, [])
    patch(client.app, subscription, State="Stopped")


def test_changes_of_the_own_service_are_read_and_delivered(
    client: ArcGisClient, arcgis: ArcGisOrganization, receiver: Receiver
) -> None:
    subscription = register(client.app, receiver.url, "feature.updated")
    arcgis.service.changes = {"edits": [{"id": 0, "features": {"adds": [], "updates": [], "deleteIds": [7]}}]}
    client.create(arcgis.add_item())
    arcgis.service.edit("FeaturesUpdated")
    assert eventually(lambda: len(events_of(receiver.journal)) == 1)
    values = json.loads(events_of(receiver.journal)[0].body)["FieldValues"]
    assert values["changes"] == arcgis.service.changes["edits"]
    patch(client.app, subscription, State="Stopped")


@pytest.mark.parametrize("signature", [None, "", "x", "sha256=AAAA", f"sha256={'0' * 64}"])
def test_a_wrong_signature_is_a_401(client: ArcGisClient, hook: str, signature: str | None) -> None:
    response = client.post_hook(hook, BODY, signature)
    assert (response.status_code, response.json()["error"]["type"]) == (401, "UnauthorizedException")


def test_an_unknown_connection_is_a_404(client: ArcGisClient) -> None:
    response = client.post_hook("AAAAAAAAAAAAAAAAAAAAAA", BODY, signature(BODY, SECRET))
    assert (response.status_code, response.json()["error"]["code"]) == (404, 404)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"text", b"[" * 999])
def test_what_is_signed_and_no_payload_is_a_400(client: ArcGisClient, hook: str, body: bytes) -> None:
    assert client.post_hook(hook, body, signature(body, SECRET)).status_code == 400


def test_a_body_over_the_limit_is_a_413(client: ArcGisClient, hook: str) -> None:
    response = client.post_hook(hook, b" " * (1024 * 1024 + 1), "sha256=")
    assert (response.status_code, response.json()["error"]["code"]) == (413, 413)


def test_without_the_key_none_of_our_code_runs(client: ArcGisClient, hook: str) -> None:
    response = requests.post(client.hook_url(hook), BODY, timeout=30)
    assert (response.status_code, response.content) == (401, b"")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200) | ANY_JSON.map(lambda value: json.dumps(value).encode()))
def test_no_signed_body_is_answered_with_a_5xx(client: ArcGisClient, hook: str, body: bytes) -> None:
    assert client.post_hook(hook, body, signature(body, SECRET)).status_code in {200, 400}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(member=st.sampled_from(sorted(json.loads(BODY)[0])), value=ANY_JSON)
def test_no_changed_notification_is_answered_with_a_5xx(
    client: ArcGisClient, hook: str, member: str, value: object
) -> None:
    body = body_of(entry(**{member: value}))
    assert client.post_hook(hook, body, signature(body, SECRET)).status_code in {200, 400}
