"""The Events API and Health through the running app."""

import pytest
import requests

from tests.e2e.running import RunningApp
from tests.e2e.test_receiving import eventually, listed_ids, new_connection


def test_events_are_listed_newest_first(app: RunningApp) -> None:
    ids = []
    for _ in range(3):
        id_, body = new_connection()
        app.post(body)
        ids.append(id_)
    assert eventually(lambda: set(ids) <= set(listed_ids(app)))
    assert [id_ for id_ in listed_ids(app) if id_ in ids] == ids[::-1]


def test_a_page_ends_with_the_address_of_the_next(app: RunningApp) -> None:
    ids = {new_id for new_id, body in (new_connection() for _ in range(2)) if app.post(body)}
    assert eventually(lambda: ids <= set(listed_ids(app)))
    first = app.get("v1/events", limit="1").json()
    headers = {"Authorization": f"Bearer {app.seed.api_key}", "x-functions-key": app.code}
    second = requests.get(first["nextLink"], headers=headers, timeout=30).json()
    assert first["value"][0]["id"] != second["value"][0]["id"]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("limit", "0"), ("limit", "x"), ("since", "soon"), ("until", "13"), ("continuationToken", "x")],
)
def test_a_bad_parameter_is_named(app: RunningApp, parameter: str, value: str) -> None:
    response = app.get("v1/events", **{parameter: value})
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, f"#/{parameter}")


@pytest.mark.parametrize("id_", ["0d8f7c52-6a3e-4b19-9c4d-1f2e3a4b5c6d", "nothing", "a/b", "%00"])
def test_an_unknown_event_is_a_404(app: RunningApp, id_: str) -> None:
    response = app.get(f"v1/events/{id_}")
    assert (response.status_code, response.json()["title"]) == (404, "Not found")


def test_a_caller_without_an_api_key_is_a_401_with_a_challenge(app: RunningApp) -> None:
    response = requests.get(f"{app.url}/api/v1/events", {"code": app.code}, timeout=30)
    assert (response.status_code, "Bearer" in response.headers["WWW-Authenticate"]) == (401, True)


def test_a_caller_may_use_basic(app: RunningApp) -> None:
    auth = (app.seed.manager["upn"], app.seed.api_key)
    assert requests.get(f"{app.url}/api/v1/events", {"code": app.code}, auth=auth, timeout=30).status_code == 200


def test_a_caller_who_is_no_manager_is_a_403(app: RunningApp) -> None:
    key, _ = app.hub.api_keys.issue("nobody@hub.example")
    assert app.get("v1/events", api_key=key).status_code == 403


def test_an_api_key_does_not_replace_the_function_key(app: RunningApp) -> None:
    headers = {"Authorization": f"Bearer {app.seed.api_key}"}
    response = requests.get(f"{app.url}/api/v1/events", headers=headers, timeout=30)
    assert (response.status_code, response.content) == (401, b"")


def test_health_needs_nothing(app: RunningApp) -> None:
    response = requests.get(f"{app.url}/api/health", timeout=30)
    assert (response.status_code, response.json()["status"]) == (200, "ok")


@pytest.mark.parametrize("deep", ["true", "2", "1 "])
def test_a_slip_in_deep_is_told_and_not_green(app: RunningApp, deep: str) -> None:
    response = requests.get(f"{app.url}/api/health", {"deep": deep}, timeout=30)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, "#/deep")


def test_deep_health_needs_an_api_key(app: RunningApp) -> None:
    assert requests.get(f"{app.url}/api/health", {"deep": "1"}, timeout=30).status_code == 401


def test_deep_health_counts_what_waits_in_poison(app: RunningApp) -> None:
    told = app.get("health", deep="1").json()
    assert isinstance(told["poison"]["events-poison"], int)
    assert isinstance(told["queues"]["events"], int)
    assert "oldestUndispatchedSeconds" in told


@pytest.mark.parametrize("secret", ["x", "hub_x", "hub_" + "A" * 44, "a.b.c", "hub_" + "A" * 43])
def test_deep_health_is_closed_to_whatever_looks_like_a_key_or_not(app: RunningApp, secret: str) -> None:
    response = app.get("health", api_key=secret, deep="1")
    assert (response.status_code, "Bearer" in response.headers["WWW-Authenticate"]) == (401, True)
