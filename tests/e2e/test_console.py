"""The console over HTTP: what anybody may load, who gets its key, and what that key does not open."""

import gzip

import pytest
import requests

from devhost.console import FUNCTIONS
from infra.hooks.keys import DYNAMICS
from shared.api.console.headers import HEADERS
from tests.e2e.running import CONNECTION_PATH, DYNAMICS_PATH, SAMPLE, RunningApp
from tests.support.cases import holds_for


def get(app: RunningApp, path: str = "", **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return requests.get(f"{app.url}/api/console{path}", headers=named, timeout=30)


def console_key(app: RunningApp) -> str:
    key = app.hub.settings.console_key
    assert key is not None
    return key.get_secret_value()


@holds_for(
    ("path", "status"),
    [
        ("", 200),
        ("/", 200),
        ("/app.js", 200),
        ("/icon.svg", 200),
        ("/nothing.js", 404),
        ("/..%2fhost.json", 404),
        ("/session", 401),
    ],
)
def test_every_answer_has_the_headers_that_shut_the_page_off(app: RunningApp, path: str, status: int) -> None:
    response = get(app, path)
    assert response.status_code == status
    assert {name: response.headers.get(name) for name in HEADERS} == HEADERS
    assert "Access-Control-Allow-Origin" not in response.headers


@holds_for(
    ("path", "kind"),
    [
        ("", "text/html; charset=utf-8"),
        ("/app.js", "text/javascript; charset=utf-8"),
        ("/app.css", "text/css; charset=utf-8"),
    ],
)
def test_a_file_has_its_type_and_its_characters(app: RunningApp, path: str, kind: str) -> None:
    assert get(app, path).headers["Content-Type"].replace(";charset", "; charset") == kind


def test_a_file_is_compressed_and_not_sent_again(app: RunningApp) -> None:
    with requests.get(
        f"{app.url}/api/console/app.js", stream=True, headers={"Accept-Encoding": "gzip"}, timeout=30
    ) as got:
        raw = got.raw.read(decode_content=False)
    assert gzip.decompress(raw) == get(app, "/app.js", Accept_Encoding="identity").content
    again = get(app, "/app.js", If_None_Match=got.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


def test_a_manager_gets_the_key_and_no_cache_keeps_it(app: RunningApp) -> None:
    response = get(app, "/session", Authorization=f"Bearer {app.seed.api_key}")
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    assert response.json()["functionKey"] == console_key(app)


def test_a_stranger_is_challenged_without_a_password_box(app: RunningApp) -> None:
    response = get(app, "/session")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="hub"'
    assert response.json()["easyAuth"] is None
    assert console_key(app) not in response.text


@pytest.mark.parametrize("path", ["v1/events", "v1/Webhook", "v1/dynamics/webhooks", "o/i/webhookConnections"])
def test_no_page_is_challenged_with_a_password_box_by_any_api(app: RunningApp, path: str) -> None:
    headers = {"x-functions-key": console_key(app), "Sec-Fetch-Site": "same-origin", "Authorization": "Bearer hub_x"}
    response = requests.get(f"{app.url}/api/{path}", headers=headers, timeout=30)
    assert response.status_code == 401
    assert "Basic" not in response.headers["WWW-Authenticate"]
    plain = requests.get(f"{app.url}/api/{path}", headers={**headers, "Sec-Fetch-Site": None}, timeout=30)
    assert "Basic" in plain.headers["WWW-Authenticate"]


def test_the_key_opens_what_the_page_calls(app: RunningApp) -> None:
    headers = {"x-functions-key": console_key(app), "Authorization": f"Bearer {app.seed.api_key}"}
    for path in ("v1/events", "v1/Webhook"):
        assert requests.get(f"{app.url}/api/{path}", headers=headers, timeout=30).status_code == 200


@pytest.mark.parametrize("path", [CONNECTION_PATH, DYNAMICS_PATH])
def test_the_key_opens_nothing_that_receives(app: RunningApp, path: str) -> None:
    assert set(FUNCTIONS).isdisjoint(DYNAMICS.functions)
    headers = {"x-functions-key": console_key(app), "Content-Type": "application/json"}
    response = requests.post(f"{app.url}/api/{path}", SAMPLE, headers=headers, timeout=30)
    assert (response.status_code, response.content) == (401, b"")


def test_the_key_alone_lets_nobody_notify_in_the_name_of_a_feature_service(app: RunningApp) -> None:
    url = f"{app.url}/api/o/i/webhookConnections/0/executeWebhook"
    response = requests.post(url, json={}, headers={"x-functions-key": console_key(app)}, timeout=30)
    assert response.status_code in {400, 401, 403, 404}
