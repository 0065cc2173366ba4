"""executeWebhook through the running app: what a feature service gets to see."""

import json

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.arcgis.samples import BODY, CRC_TOKEN, RESPONSE_TOKEN, body_of, entry
from tests.dynamics.samples import ANY_JSON
from tests.e2e.arcgis import ArcGisClient
from tests.fakes.feature_service import signature
from tests.support.arcgis import HOOK_KEY, SECRET, ArcGisOrganization


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
