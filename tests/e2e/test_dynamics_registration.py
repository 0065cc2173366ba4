"""From nothing to the first event in an organization, and a job that failed while the app was down, replayed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from tests.admin.command import Run, admin
from tests.dynamics.registration.samples import KEY, new_step, new_webhook
from tests.e2e.running import RunningApp, running_app
from tests.e2e.test_clients import in_chunks
from tests.fakes.dataverse import FakeDataverse
from tests.fakes.dataverse.calls import EndpointUnavailable
from tests.fakes.server import Reply, json_reply
from tests.support.cases import holds_for
from tests.support.patience import eventually
from tests.support.tenant import Tenant, running_tenant

PUBLIC_URL = "http://hub.example"
PATH = "v1/dynamics/webhooks"
_NEW_KEY = {"type": "WebhookKey", "key": KEY}
_NO_ID = "0d8f7c52-6a3e-4b19-9c4d-1f2e3a4b5c6d"


def settings_of(tenant: Tenant) -> dict[str, str]:
    """Settings of an app in this tenant that is known to the world as hub.example."""
    return {"DATAVERSE_URL": tenant.dataverse.url, "PUBLIC_URL": PUBLIC_URL, **tenant.identity.environment}


def reach(dataverse: FakeDataverse, app: RunningApp) -> None:
    """Let Dataverse find hub.example where the app is now."""
    dataverse.hosts[PUBLIC_URL] = app.url


def connect(dataverse: FakeDataverse, user: str) -> str:
    """A user connects an opportunity with another user."""
    return dataverse.create_connection(("opportunity", str(uuid4())), ("systemuser", str(uuid4())), user)


def listed(app: RunningApp) -> list[str]:
    return [event["entityId"] for event in app.get("v1/events", limit="200").json()["value"]]


def test_one_command_brings_the_first_event_and_another_what_was_lost(
    tenant: Tenant, connection_string: str, tmp_path: Path
) -> None:
    dataverse, settings = tenant.dataverse, settings_of(tenant)

    def run(*arguments: str, **more: str) -> Run:
        return admin("dynamics", *arguments, AzureWebJobsStorage=connection_string, **settings, **more)

    with running_app(connection_string, tmp_path, lease_seconds=60, **settings) as app:
        reach(dataverse, app)
        user = app.seed.manager["systemuserid"]
        ensured = run("ensure", DYNAMICS_WEBHOOK_KEY=app.code)
        assert (ensured.code, app.code in ensured.out + ensured.err) == (0, False)
        first = connect(dataverse, user)
        assert eventually(lambda: listed(app) == [first])

    webhook: Any = ensured.json
    ids = (webhook["id"], webhook["steps"][0]["id"])
    second = connect(dataverse, user)

    with running_app(connection_string, tmp_path, lease_seconds=60, **settings) as app:
        reach(dataverse, app)
        failures: Any = run("failures", *ids).json
        by_record = {job["recordId"]: job for job in failures["value"]}
        # Both directions failed.
        assert (len(failures["value"]), second in by_record) == (2, True)
        assert by_record[second]["errorCode"] == "0x80050205"
        assert app.code not in str(failures)
        replayed: Any = run("replay", *ids, by_record[second]["id"]).json
        assert [one["outcome"] for one in replayed["value"]] == ["stored"]
        assert eventually(lambda: listed(app) == [second, first])

        everything: Any = run("replay", *ids, "--all").json
        assert sorted(one["outcome"] for one in everything["value"]) == ["duplicate", "ignored"]
        # What comes after it is listed after it: a second event of the same connection would stand in between.
        third = connect(dataverse, user)
        assert eventually(lambda: third in listed(app))
        assert listed(app) == [third, second, first]


@pytest.fixture(scope="module")
def own_tenant() -> Iterator[Tenant]:
    with running_tenant() as running:
        yield running


@pytest.fixture(scope="module")
def own_app(
    own_tenant: Tenant, new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApp]:
    folder = tmp_path_factory.mktemp("app")
    with running_app(new_account(), folder, lease_seconds=60, **settings_of(own_tenant)) as running:
        yield running


@pytest.fixture
def organization(own_tenant: Tenant, own_app: RunningApp) -> FakeDataverse:
    """Dataverse without a webhook, which finds the app."""
    own_tenant.reset()
    reach(own_tenant.dataverse, own_app)
    return own_tenant.dataverse


def test_the_whole_life_of_a_webhook_over_http(own_app: RunningApp, organization: FakeDataverse) -> None:
    made = own_app.send("POST", PATH, new_webhook(steps=[new_step()]))
    webhook = made.json()
    at = f"{PATH}/{webhook['id']}"
    assert (made.status_code, made.headers["Location"]) == (201, f"{PUBLIC_URL}/api/{at}")
    assert own_app.get(PATH).json() == {"value": [{name: webhook[name] for name in webhook if name != "steps"}]}
    assert own_app.get(at.upper().replace(PATH.upper(), PATH)).json() == webhook
    changed = own_app.send("PATCH", at, {"name": "Renamed", "authentication": {"type": "WebhookKey", "key": KEY}})
    assert changed.json() == {**webhook, "name": "Renamed"}

    step = own_app.send("POST", f"{at}/steps", {"message": "Update", "table": "account"})
    step_at = f"{at}/steps/{step.json()['id']}"
    assert (step.status_code, step.headers["Location"]) == (201, f"{PUBLIC_URL}/api/{step_at}")
    assert own_app.send("PATCH", step_at, {"enabled": False}).json() == {**step.json(), "enabled": False}
    assert own_app.get(step_at).json()["enabled"] is False
    assert own_app.get(f"{at}/steps").json()["value"][0] == webhook["steps"][0]
    assert own_app.get(f"{step_at}/failures", top="5", since="2026-01-31").json() == {"value": []}
    assert own_app.send("DELETE", step_at).status_code == 204
    removed = own_app.send("DELETE", at)
    assert (removed.status_code, removed.content, own_app.get(at).status_code) == (204, b"", 404)
    assert organization.rows["sdkmessageprocessingsteps"] == {}


def test_ensure_is_201_once_and_a_job_is_replayed_over_http(own_app: RunningApp, organization: FakeDataverse) -> None:
    first, again = (own_app.send("POST", f"{PATH}/ensure", {"key": own_app.code}) for _ in range(2))
    assert (first.status_code, again.status_code, first.json() == again.json()) == (201, 200, True)
    organization.hosts[PUBLIC_URL] = "http://127.0.0.1:9"
    connection = connect(organization, own_app.seed.manager["systemuserid"])
    failures = f"{PATH}/{first.json()['id']}/steps/{first.json()['steps'][0]['id']}/failures"
    [job] = [job for job in own_app.get(failures, kind="outage").json()["value"] if job["recordId"] == connection]
    assert own_app.get(failures, kind="refused").json() == {"value": []}
    replay = own_app.send("POST", f"{failures}/{job['id']}/replay").json()
    assert (replay["outcome"], own_app.get(f"v1/events/{replay['eventId']}").json()["entityId"]) == (
        "stored",
        connection,
    )
    organization.rows["connections"].clear()
    gone = own_app.send("POST", f"{failures}/{job['id']}/replay")
    assert (gone.status_code, gone.json()["title"]) == (410, "Gone")


def test_ensure_registers_events_and_is_201_once(own_app: RunningApp, organization: FakeDataverse) -> None:
    events = [{"event": "opportunity.updated", "columns": ["name"], "preImage": True}, {"event": "connection.created"}]
    body = {"key": own_app.code, "events": events, "prune": True}
    first, again = (own_app.send("POST", f"{PATH}/ensure", body) for _ in range(2))
    assert (first.status_code, again.status_code, first.json() == again.json()) == (201, 200, True)
    assert [own_app.get(f"{PATH}/{one['id']}").json() for one in first.json()["value"]] == first.json()["value"]
    wrong = own_app.send("POST", f"{PATH}/ensure", {**body, "events": [{"event": "a.created", "preImage": True}]})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, "#/events/0/preImage")
    ids = ",".join(one["id"] for one in first.json()["value"])
    assert told(own_app, f"dynamics/webhooks/{ids}")[0] == ("dynamics.webhook.ensure", "done", [])


def test_a_synchronous_step_stops_the_save_of_who_is_no_manager(
    own_app: RunningApp, organization: FakeDataverse
) -> None:
    own_app.send("POST", f"{PATH}/ensure", {"key": own_app.code, "mode": "sync"})
    assert connect(organization, own_app.seed.manager["systemuserid"])
    with pytest.raises(EndpointUnavailable):
        connect(organization, str(uuid4()))
    assert len(organization.rows["connections"]) == 2


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("http://evil.example/collect", "not this app's"),
        ("http://169.254.169.254/metadata", "link-local"),
        ("https://localhost/x", "local network"),
        ("https://hub/x", "local network"),
        ("https://crm.contoso.local/x", ".local"),
        ("https://evil.example/x", "not this app's"),
        (f"{PUBLIC_URL}/api/webhooks/incoming/dynamicscrm/connection", "url is http"),
        (f"{PUBLIC_URL}/api/webhooks/incoming/dynamicscrm/connection?code=s3cret", "has a secret in its query"),
    ],
)
def test_an_address_that_may_be_a_mistake_comes_back_with_warnings(
    own_app: RunningApp, organization: FakeDataverse, url: str, part: str
) -> None:
    made = own_app.send("POST", PATH, new_webhook(url=url))
    assert (made.status_code, part in " ".join(made.json()["warnings"])) == (201, True)
    at = f"{PATH}/{made.json()['id']}"
    authentication = {"type": "WebhookKey", "key": KEY}
    moved = own_app.send("PATCH", at, {"url": f"{url}x", "authentication": authentication})
    assert moved.json()["warnings"]
    back = own_app.send("PATCH", at, {"url": url, "authentication": authentication})
    assert back.json() == own_app.get(at).json() == made.json()
    assert "s3cret" not in made.text + moved.text + back.text


def test_a_step_that_this_app_refuses_comes_back_with_warnings(
    own_app: RunningApp, organization: FakeDataverse
) -> None:
    ensured = own_app.send("POST", f"{PATH}/ensure", {"key": own_app.code}).json()
    assert ensured["steps"][0]["warnings"] == []
    made = own_app.send("POST", f"{PATH}/{ensured['id']}/steps", new_step(table="account"))
    assert (made.status_code, ["400" in text for text in made.json()["warnings"]]) == (201, [True])
    early = own_app.send("POST", f"{PATH}/{ensured['id']}/steps", new_step(stage="PreOperation", mode="sync"))
    assert (early.status_code, [error["pointer"] for error in early.json()["errors"]]) == (400, ["#/stage"])


def test_a_webhook_made_by_hand_shows_no_secret_and_is_found_by_ensure(
    own_app: RunningApp, organization: FakeDataverse
) -> None:
    id_ = str(uuid4())
    url = f"{PUBLIC_URL}/API/webhooks/incoming/dynamicscrm/connection/?code=s3cret-0123456789"
    row = {"serviceendpointid": id_, "name": "By hand", "url": url, "contract": 8, "authtype": 4}
    organization.add("serviceendpoints", id_, {**row, "isauthvalueset": True, "ismanaged": False})
    organization.secrets[id_] = own_app.code
    listed_, shown = own_app.get(PATH), own_app.get(f"{PATH}/{id_}")
    saved = own_app.send("PATCH", f"{PATH}/{id_}", {"url": shown.json()["url"], "name": "Renamed"})
    assert (saved.status_code, organization.rows["serviceendpoints"][id_]["url"]) == (200, url)
    assert "s3cret" not in listed_.text + shown.text + saved.text
    ensured = own_app.send("POST", f"{PATH}/ensure", {"key": own_app.code})
    assert (ensured.status_code, ensured.json()["id"], len(organization.rows["serviceendpoints"])) == (201, id_, 1)
    # The key in the address was an old one; Dataverse sends the one that was ensured.
    connection = connect(organization, own_app.seed.manager["systemuserid"])
    assert eventually(lambda: connection in listed(own_app))


def test_authentication_that_cannot_be_sent_is_a_400_that_names_the_member(
    own_app: RunningApp, organization: FakeDataverse
) -> None:
    for kind, values, name in (
        ("HttpHeader", {"x-key": ""}, "x-key"),
        ("HttpHeader", {"Content-Type": "application/json"}, "Content-Type"),
        ("HttpQueryString", {"a": "1", " a": "2"}, " a"),
    ):
        refused = own_app.send("POST", PATH, new_webhook(authentication={"type": kind, "values": values}))
        [error] = refused.json()["errors"]
        assert (refused.status_code, error["pointer"]) == (400, "#/authentication/values")
        assert f'"{name}"' in error["detail"]
    assert organization.journal == []


def test_a_step_without_a_table_is_201_once_and_a_refused_delete_changes_nothing(
    own_app: RunningApp, organization: FakeDataverse
) -> None:
    made = own_app.send("POST", PATH, new_webhook(steps=[new_step()])).json()
    at = f"{PATH}/{made['id']}"
    steps = [own_app.send("POST", f"{at}/steps", {"message": "Associate", "table": "none"}) for _ in range(3)]
    assert [step.status_code for step in steps] == [201, 409, 409]
    before = own_app.get(at).json()
    for status, answered in ((405, 409), (400, 400), (403, 502), (500, 503)):
        refusal = json_reply({"error": {"code": "0x8004f01f", "message": "it is referenced"}}, status)
        organization.faults.fail_once("DELETE", "serviceendpoints", refusal)
        assert (own_app.send("DELETE", at).status_code, own_app.get(at).json()) == (answered, before)


def test_a_create_that_was_done_although_it_was_answered_503_is_a_201(
    own_app: RunningApp, organization: FakeDataverse
) -> None:
    for set_ in ("serviceendpoints", "sdkmessageprocessingsteps"):
        organization.faults.answer_late("POST", set_, Reply(503))
    made = own_app.send("POST", PATH, new_webhook(steps=[new_step()]))
    assert (made.status_code, len(organization.rows["serviceendpoints"])) == (201, 1)
    assert own_app.get(f"{PATH}/{made.json()['id']}").json() == made.json()


@holds_for(
    ("method", "path"),
    [
        ("GET", "nothing"),
        ("GET", "ensure"),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", _NO_ID),
        ("GET", _NO_ID),
        ("GET", f"{_NO_ID}/steps"),
        ("GET", f"{_NO_ID}/nothing"),
        ("GET", f"{_NO_ID}/steps/nothing"),
        ("POST", f"{_NO_ID}/steps/{_NO_ID}"),
        ("GET", f"{_NO_ID}/steps/{_NO_ID}/failures"),
        ("GET", f"{_NO_ID}/steps/{_NO_ID}/failures/{_NO_ID}"),
        ("POST", f"{_NO_ID}/steps/{_NO_ID}/failures/{_NO_ID}"),
        ("POST", f"{_NO_ID}/steps/{_NO_ID}/failures/nothing/replay"),
        ("GET", "%27)%20or%20(1%20eq%201"),
    ],
)
def test_a_path_that_leads_nowhere_is_a_404(
    own_app: RunningApp, organization: FakeDataverse, method: str, path: str
) -> None:
    response = own_app.send(method, f"{PATH}/{path}", {})
    assert (response.status_code, response.json()["title"]) == (404, "Not found")
    assert {call.method for call in organization.journal} <= {"GET"}


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"top": "0"}, "#/top"),
        ({"top": "501"}, "#/top"),
        ({"top": "x"}, "#/top"),
        ({"since": "soon"}, "#/since"),
        ({"kind": "x"}, "#/kind"),
    ],
)
def test_a_bad_parameter_is_named(
    own_app: RunningApp, organization: FakeDataverse, query: dict[str, str], pointer: str
) -> None:
    response = own_app.get(f"{PATH}/{uuid4()}/steps/{uuid4()}/failures", **query)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, pointer)


def test_bad_bodies_are_refused_as_everywhere(own_app: RunningApp, organization: FakeDataverse) -> None:
    headers = {"Authorization": f"Bearer {own_app.seed.api_key}", "x-functions-key": own_app.code}

    def post(body: bytes, content_type: str) -> requests.Response:
        sent = {**headers, "Content-Type": content_type}
        return requests.post(f"{own_app.url}/api/{PATH}", body, headers=sent, timeout=30)

    assert post(b"{}", "text/plain").status_code == 415
    assert post(b"{", "application/json").status_code == 400
    assert post(b"[]", "application/json").json()["errors"][0]["pointer"] == "#"
    assert post(b" " * (1024 * 1024 + 1), "application/json").status_code == 413
    wrong = post(b"{}", "application/json")
    assert [error["pointer"] for error in wrong.json()["errors"]] == ["#/name", "#/url", "#/authentication"]
    assert organization.journal == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", PATH),
        ("POST", f"{PATH}/ensure"),
        ("PATCH", f"{PATH}/{_NO_ID}"),
        ("POST", f"{PATH}/{_NO_ID}/steps"),
        ("PATCH", f"{PATH}/{_NO_ID}/steps/{_NO_ID}"),
    ],
)
def test_a_body_in_chunks_is_told_to_say_its_length(
    own_app: RunningApp, organization: FakeDataverse, method: str, path: str
) -> None:
    response = in_chunks(own_app, method, path)
    assert (response.status_code, "send Content-Length" in response.json()["detail"]) == (411, True)
    assert organization.journal == []


@pytest.mark.parametrize("pad", ["{}%0A", "{}%20", "%20{}", "{}%C2%A0", "%7B{}%7D"])
def test_an_id_with_anything_around_it_is_nobodys(own_app: RunningApp, organization: FakeDataverse, pad: str) -> None:
    id_ = pad.format(_NO_ID)
    for method, path in (("DELETE", id_), ("GET", f"{id_}/steps"), ("DELETE", f"{_NO_ID}/steps/{id_}")):
        assert own_app.send(method, f"{PATH}/{path}").status_code == 404
    assert organization.journal == []


def test_reading_needs_the_key_a_caller_and_the_role(own_app: RunningApp, organization: FakeDataverse) -> None:
    url = f"{own_app.url}/api/{PATH}"
    nobody, _ = own_app.hub.api_keys.issue("nobody@hub.example")
    assert requests.get(url, headers={"Authorization": f"Bearer {own_app.seed.api_key}"}, timeout=30).status_code == 401
    assert requests.get(url, {"code": own_app.code}, timeout=30).status_code == 401
    assert own_app.get(PATH, api_key=nobody).status_code == 403
    assert organization.journal == []


def test_what_is_done_to_dataverse_is_told_by_whom_and_without_a_secret(
    own_app: RunningApp, organization: FakeDataverse
) -> None:
    made = own_app.send("POST", PATH, new_webhook(steps=[new_step()])).json()
    at = f"{PATH}/{made['id']}"
    own_app.send("PATCH", at.upper().replace(PATH.upper(), PATH), {"name": "Renamed", "authentication": _NEW_KEY})
    step = own_app.send("POST", f"{at}/steps", {"message": "Update", "table": "account"}).json()
    own_app.send("PATCH", f"{at}/steps/{step['id']}", {"enabled": False})
    own_app.send("PATCH", f"{at}/steps/{step['id']}", {"enabled": "no"})
    own_app.send("DELETE", f"{at}/steps/{step['id']}")
    own_app.send("DELETE", at)
    ensured = own_app.send("POST", f"{PATH}/ensure", {"key": own_app.code}).json()
    assert told(own_app, f"dynamics/webhooks/{made['id']}") == [
        ("dynamics.webhook.delete", "done", []),
        ("dynamics.webhook.update", "done", ["name", "authentication"]),
        ("dynamics.webhook.create", "done", []),
    ]
    assert told(own_app, f"dynamics/webhooks/{made['id']}/steps/{step['id']}") == [
        ("dynamics.step.delete", "done", []),
        ("dynamics.step.update", "refused", []),
        ("dynamics.step.update", "done", ["enabled: false"]),
        ("dynamics.step.create", "done", []),
    ]
    assert told(own_app, f"dynamics/webhooks/{ensured['id']}")[0] == ("dynamics.webhook.ensure", "done", [])
    everything = own_app.get("v1/events/audit", limit="200").text
    assert [secret for secret in (KEY, own_app.code, own_app.seed.api_key) if secret in everything] == []


def told(app: RunningApp, target: str) -> list[tuple[str, str, list[str]]]:
    entries = app.get("v1/events/audit", target=target).json()["value"]
    assert {one["who"] for one in entries} == {app.seed.manager["upn"]}
    return [(one["action"], one["outcome"], one["changed"]) for one in entries]


def outcomes(app: RunningApp) -> list[tuple[str, str, int]]:
    """The audit, oldest first."""
    entries = app.get("v1/events/audit").json()["value"]
    return [(one["action"], one["outcome"], one["status"]) for one in reversed(entries)]


def test_a_registration_that_was_asked_for_with_a_dry_run_is_told_as_made(
    tenant: Tenant, connection_string: str, tmp_path: Path
) -> None:
    with running_app(connection_string, tmp_path, lease_seconds=60, **settings_of(tenant)) as app:
        made = app.send("POST", PATH, new_webhook(steps=[new_step()]), dryRun="true").json()
        assert app.send("PATCH", f"{PATH}/{made['id']}", {"name": "Another"}, dryRun="TRUE").status_code == 200
        assert app.send("DELETE", f"{PATH}/{made['id']}", dryRun="true").status_code == 204
        assert outcomes(app) == [
            ("dynamics.webhook.create", "done", 201),
            ("dynamics.webhook.update", "done", 200),
            ("dynamics.webhook.delete", "done", 204),
        ]


def test_a_webhook_that_is_deleted_by_half_is_told(tenant: Tenant, connection_string: str, tmp_path: Path) -> None:
    with running_app(connection_string, tmp_path, lease_seconds=60, **settings_of(tenant)) as app:
        made = app.send("POST", PATH, new_webhook(steps=[new_step()])).json()
        for _ in range(4):
            tenant.dataverse.faults.fail_once("DELETE", "serviceendpoints", Reply(503, b""))
        assert app.send("DELETE", f"{PATH}/{made['id']}").status_code == 503
        assert outcomes(app)[1:] == [("dynamics.webhook.delete", "failed", 503)]
