"""ConnectionWebhook through the running app: each row of the table of answers, over HTTP."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import requests

from shared.dynamics.dataverse_event import connection_event_id
from tests.dynamics.samples import REMOVED, SAMPLE_CONNECTION, attribute, sample_with
from tests.e2e.running import CONNECTION_PATH, DYNAMICS_PATH, RunningApp
from tests.support.patience import eventually as eventually

ORGANIZATION = json.loads(SAMPLE_CONNECTION)["OrganizationId"]


@pytest.fixture(params=[CONNECTION_PATH, DYNAMICS_PATH])
def receiving_path(request: pytest.FixtureRequest) -> str:
    """On a fixture of its own: were `app` the one with parameters, pytest would start the app anew for each of them."""
    path: str = request.param
    return path


@pytest.fixture
def app(app: RunningApp, receiving_path: str) -> RunningApp:
    """The app, which takes created connections at two addresses and judges them alike."""
    return replace(app, receiving_path=receiving_path)


def new_connection() -> tuple[str, bytes]:
    """A connection that nobody posted before: its id and the request's body."""
    id_ = str(uuid.uuid4())
    return id_, sample_with(id_, "PrimaryEntityId")


def stored(app: RunningApp, connection_id: str) -> bool:
    return app.hub.events.get(connection_event_id(ORGANIZATION, connection_id)) is not None


def listed_ids(app: RunningApp) -> list[str]:
    return [event["entityId"] for event in app.get("v1/events", limit="200").json()["value"]]


def test_a_new_connection_is_answered_201_without_a_body_and_stored(app: RunningApp) -> None:
    id_, body = new_connection()
    response = app.post(body)
    assert (response.status_code, response.content) == (201, b"")
    assert stored(app, id_)


def test_a_connection_that_is_stored_is_answered_200_and_listed_once(app: RunningApp) -> None:
    id_, body = new_connection()
    app.post(body)
    response = app.post(body)
    assert (response.status_code, response.content) == (200, b"")
    assert eventually(lambda: id_ in listed_ids(app))
    assert listed_ids(app).count(id_) == 1


def test_a_connection_is_one_event_whichever_address_it_comes_to(app: RunningApp) -> None:
    _, body = new_connection()
    other = replace(
        app, receiving_path={CONNECTION_PATH: DYNAMICS_PATH, DYNAMICS_PATH: CONNECTION_PATH}[app.receiving_path]
    )
    assert [app.post(body).status_code, other.post(body).status_code] == [201, 200]


def test_the_sample_of_the_portals_test_pane_is_taken(app: RunningApp) -> None:
    assert app.post(SAMPLE_CONNECTION).status_code in {200, 201}


def test_a_stored_event_is_shown_with_its_payload(app: RunningApp) -> None:
    id_, body = new_connection()
    app.post(body)
    shown = app.get(f"v1/events/{connection_event_id(ORGANIZATION, id_)}").json()
    assert shown["type"] == "connection.created"
    assert shown["payload"] == json.loads(body)


def test_twenty_equal_posts_at_once_give_one_201(app: RunningApp) -> None:
    _, body = new_connection()
    with ThreadPoolExecutor(20) as pool:
        statuses = sorted(response.status_code for response in pool.map(lambda _: app.post(body), range(20)))
    assert statuses == [200] * 19 + [201]


@pytest.mark.parametrize(("record1", "record2"), [("systemuser", "opportunity"), ("account", "systemuser")])
def test_other_pairs_of_records_are_answered_200_and_not_stored(app: RunningApp, record1: str, record2: str) -> None:
    id_, body = new_connection()
    body = sample_with(record1, *attribute("record1id"), "LogicalName", body=body)
    body = sample_with(record2, *attribute("record2id"), "LogicalName", body=body)
    assert app.post(body).status_code == 200
    assert not stored(app, id_)


def test_a_user_without_the_role_is_refused(app: RunningApp) -> None:
    id_, body = new_connection()
    response = app.post(sample_with(str(uuid.uuid4()), "InitiatingUserId", body=body))
    assert response.status_code == 403
    assert response.headers["Content-Type"] == "application/problem+json"
    assert not stored(app, id_)


def test_a_reciprocal_connection_is_answered_200_whoever_caused_it(app: RunningApp) -> None:
    body = sample_with("systemuser", *attribute("record1id"), "LogicalName")
    assert app.post(sample_with(str(uuid.uuid4()), "InitiatingUserId", body=body)).status_code == 200


def test_a_trimmed_payload_is_answered_201_and_stored(app: RunningApp) -> None:
    id_, body = new_connection()
    for name in ("InputParameters", "ParentContext", "PreEntityImages", "PostEntityImages"):
        body = sample_with(None, name, body=body)
    assert app.post(body, x_ms_dynamics_msg_size_exceeded="1").status_code == 201
    assert stored(app, id_)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("MessageName",), REMOVED),
        (("PrimaryEntityId",), 7),
        (("OrganizationId",), "no guid"),
        (("InitiatingUserId",), None),
        (("InputParameters",), []),
        ((*attribute("record1id"),), None),
        ((*attribute("record2id"), "Id"), REMOVED),
    ],
    ids=lambda part: repr(part),
)
def test_a_bad_field_is_named_in_a_problem(app: RunningApp, path: tuple[str | int, ...], value: object) -> None:
    response = app.post(sample_with(value, *path))
    assert (response.status_code, response.headers["Content-Type"]) == (400, "application/problem+json")
    named = [str(path[0])] if len(path) == 1 else ["record"]
    assert named[0] in response.json()["errors"][0]["pointer"]


@pytest.mark.parametrize(("name", "value"), [("MessageName", "Update"), ("PrimaryEntityName", "account")])
def test_only_the_address_for_connections_refuses_what_is_none(app: RunningApp, name: str, value: str) -> None:
    response = app.post(sample_with(value, name, body=new_connection()[1]))
    if app.receiving_path == CONNECTION_PATH:
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, f"#/{name}")
    else:
        assert response.status_code == 201


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"7", b'"text"', SAMPLE_CONNECTION[:-9], b"[" * 5000, b'{"MessageName": NaN}', b"\xff\xfe{\x00}\x00"],
    ids=["empty", "array", "number", "text", "truncated", "nested", "nan", "utf-16"],
)
def test_what_is_no_json_object_is_a_400(app: RunningApp, body: bytes) -> None:
    response = app.post(body)
    assert (response.status_code, response.json()["status"]) == (400, 400)


def test_a_byte_order_mark_is_accepted(app: RunningApp) -> None:
    assert app.post(b"\xef\xbb\xbf" + new_connection()[1]).status_code == 201


def test_another_content_type_is_a_415(app: RunningApp) -> None:
    assert app.post(SAMPLE_CONNECTION, Content_Type="text/plain").status_code == 415


def test_a_missing_content_type_is_a_415(app: RunningApp) -> None:
    url = f"{app.url}/api/{app.receiving_path}"
    request = requests.Request("POST", url, params={"code": app.code}, data=SAMPLE_CONNECTION).prepare()
    request.headers.pop("Content-Type", None)
    assert requests.Session().send(request, timeout=30).status_code == 415


def test_a_body_over_the_limit_is_a_413(app: RunningApp) -> None:
    assert app.post(b" " * (1024 * 1024 + 1)).status_code == 413


def test_a_chunked_body_is_never_acknowledged(app: RunningApp) -> None:
    url = f"{app.url}/api/{app.receiving_path}"
    headers = {"Content-Type": "application/json", "x-functions-key": app.code}
    response = requests.post(url, iter([SAMPLE_CONNECTION]), headers=headers, timeout=30)
    assert response.status_code == 411


@pytest.mark.parametrize("code", ["", "wrong"])
def test_without_the_right_key_the_answer_is_401_and_empty(app: RunningApp, code: str) -> None:
    response = app.post(SAMPLE_CONNECTION, code=code)
    assert (response.status_code, response.content) == (401, b"")


def test_another_method_is_a_404(app: RunningApp) -> None:
    assert app.get(app.receiving_path).status_code == 404
