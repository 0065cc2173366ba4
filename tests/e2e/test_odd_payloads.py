"""What Dataverse may send beside the ordinary, from the request to the receiver: it costs no event, or is a 400."""

import json
import uuid
from dataclasses import replace
from typing import Any

import pytest

from shared.dynamics.dataverse_event import connection_event_id
from shared.strict_json import parse_object
from tests.dynamics.samples import ATTRIBUTES, SAMPLE_CONNECTION, TARGET, Steps, attribute, sample_with
from tests.e2e.running import CONNECTION_PATH, DYNAMICS_PATH, RunningApp
from tests.e2e.test_receiving import ORGANIZATION, eventually, new_connection, stored
from tests.e2e.webhooks import events_of, patch, register
from tests.fakes.receiver import Receiver
from tests.support.cases import holds_for

NO_ID = "00000000-0000-0000-0000-000000000000"
ODD = {
    "high": (rb'"Kick-off \ud83d"', "Kick-off \ufffd"),
    "low": (rb'"\ude00 Kick-off"', "\ufffd Kick-off"),
    "NaN": (b"NaN", None),
    "Infinity": (b"-Infinity", None),
    "1e400": (b"1e400", "1e400"),
    "5,000 digits": (b"7" * 5000, "7" * 5000),
    "deep": (b"[" * 300 + b"]" * 300, None),
}
PLACES: dict[str, Steps] = {
    "a column": (*ATTRIBUTES, 0, "value"),
    "a key of a column": (*ATTRIBUTES, 0, "key"),
    "a name of a reference": (*attribute("record1id"), "Name"),
    "a formatted value": (*TARGET, "FormattedValues", 0, "value"),
    "an output parameter": ("OutputParameters", 0, "value"),
    "a post image": ("PostEntityImages",),
    "a parent": ("ParentContext",),
    "the organization's name": ("OrganizationName",),
    "a field that nobody knows": ("NewIn2030",),
}


@pytest.fixture(params=[CONNECTION_PATH, DYNAMICS_PATH])
def receiving_path(request: pytest.FixtureRequest) -> str:
    """On a fixture of its own: were `app` the one with parameters, pytest would start the app anew for each of them."""
    path: str = request.param
    return path


@pytest.fixture
def app(app: RunningApp, receiving_path: str) -> RunningApp:
    """The app, which takes created connections at two addresses and judges them alike."""
    return replace(app, receiving_path=receiving_path)


def with_odd(path: Steps, value: bytes, body: bytes = SAMPLE_CONNECTION) -> bytes:
    """The body with this JSON text at this place."""
    return sample_with("THIS", *path, body=body).replace(b'"THIS"', value)


def shown(app: RunningApp, connection_id: str) -> dict[str, Any]:
    """The event as the API shows it, read strictly."""
    return parse_object(app.get(f"v1/events/{connection_event_id(ORGANIZATION, connection_id)}").content)


def at(node: Any, path: Steps) -> object:  # noqa: ANN401 - any JSON
    for step in path:
        node = node[step]
    return node


@holds_for("name", ODD)
@pytest.mark.parametrize("place", PLACES)
def test_what_nobody_decides_by_costs_no_event(app: RunningApp, place: str, name: str) -> None:
    id_, body = new_connection()
    value, expected = ODD[name]
    body = with_odd(PLACES[place], value, body)
    response = app.post(body)
    assert (response.status_code, response.content) == (201, b"")
    kept = app.hub.events.get_with_payload(connection_event_id(ORGANIZATION, id_))
    assert kept is not None
    assert kept.payload == body
    if name != "deep":
        assert at(shown(app, id_)["payload"], PLACES[place]) == expected


def test_a_trimmed_request_may_hold_odd_values_too(app: RunningApp) -> None:
    id_, body = new_connection()
    body = with_odd(("OrganizationName",), rb'"Contoso \ud83d"', sample_with(None, "InputParameters", body=body))
    assert app.post(body, x_ms_dynamics_msg_size_exceeded="1").status_code == 201
    assert shown(app, id_)["payload"]["OrganizationName"] == "Contoso \ufffd"


def test_an_event_with_odd_values_reaches_its_receiver(app: RunningApp, receiver: Receiver) -> None:
    webhook = register(app, receiver.url, "connection.created")
    id_, body = new_connection()
    body = with_odd((*attribute("record1id"), "Name"), rb'"Loan \ud83d"', body)
    body = with_odd(("OutputParameters", 0, "value"), b"[NaN, 1e400]", body)
    assert app.post(body).status_code == 201

    def delivered() -> list[dict[str, Any]]:
        # Events of the tests before may still be on their way.
        told = [parse_object(call.body) for call in events_of(receiver.journal)]
        return [one for one in told if one["EventId"] == connection_event_id(ORGANIZATION, id_)]

    assert eventually(lambda: len(delivered()) == 1)
    assert delivered()[0]["FieldValues"] == shown(app, id_)["fieldValues"]
    patch(app, webhook, State="Stopped")


def test_numbers_are_shown_with_every_digit(app: RunningApp) -> None:
    id_, body = new_connection()
    number = b"12345678901234567890.12345678901234567890"
    app.post(with_odd(("NewIn2030",), b"[" + number + b", NaN]", body))
    assert b"[" + number + b", null]" in app.get(f"v1/events/{connection_event_id(ORGANIZATION, id_)}").content


@holds_for("name", ["high", "NaN", "1e400", "5,000 digits"])
@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        *[
            ((name,), f"#/{name}")
            for name in ("MessageName", "PrimaryEntityName", "PrimaryEntityId", "OrganizationId", "InitiatingUserId")
        ],
        (("Stage",), "#/Stage"),
        (("InputParameters",), "#/InputParameters"),
        ((*attribute("record1id"), "LogicalName"), "#/InputParameters/Target/Attributes/record1id/LogicalName"),
        ((*attribute("record2id"), "Id"), "#/InputParameters/Target/Attributes/record2id/Id"),
    ],
)
def test_where_a_field_is_decided_by_they_are_a_400_that_names_it(
    app: RunningApp, path: Steps, pointer: str, name: str
) -> None:
    response = app.post(with_odd(path, ODD[name][0]))
    assert (response.status_code, [error["pointer"] for error in response.json()["errors"]]) == (400, [pointer])


def test_more_than_a_thousand_levels_are_a_400(app: RunningApp) -> None:
    response = app.post(with_odd(("NewIn2030",), b"[" * 1000 + b"]" * 1000))
    assert (response.status_code, "1000 levels" in response.json()["detail"]) == (400, True)


@pytest.mark.parametrize("trimmed", [False, True])
@pytest.mark.parametrize("name", ["PrimaryEntityId", "OrganizationId"])
def test_an_id_of_all_zeros_is_a_400_every_time(app: RunningApp, name: str, *, trimmed: bool) -> None:
    headers = {"x_ms_dynamics_msg_size_exceeded": "1"} if trimmed else {}
    for stage in (20, 40):
        response = app.post(sample_with(NO_ID, name, body=sample_with(stage, "Stage")), **headers)
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, f"#/{name}")


@pytest.mark.parametrize("stage", [10, 20, 30, "40", None])
def test_a_stage_before_the_row_is_there_is_a_400(app: RunningApp, stage: object) -> None:
    id_, body = new_connection()
    response = app.post(sample_with(stage, "Stage", body=body))
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, "#/Stage")
    assert not stored(app, id_)


def test_nobody_is_a_relationship_manager_without_an_id(app: RunningApp) -> None:
    id_, body = new_connection()
    assert app.post(sample_with(NO_ID, "InitiatingUserId", body=body)).status_code == 403
    assert not stored(app, id_)


@pytest.mark.parametrize(
    ("message", "parameters"),
    [
        ("Delete", [{"key": "Target", "value": {"Id": str(uuid.uuid4()), "LogicalName": "connection"}}]),
        ("SetState", [{"key": "EntityMoniker", "value": {"Id": str(uuid.uuid4()), "LogicalName": "connection"}}]),
        ("CreateMultiple", [{"key": "Targets", "value": {"Entities": [], "EntityName": "connection"}}]),
        ("new_Approve", []),
    ],
)
def test_another_message_is_told_by_that_name(app: RunningApp, message: str, parameters: list[object]) -> None:
    document = {**json.loads(SAMPLE_CONNECTION), "MessageName": message, "InputParameters": parameters}
    response = replace(app, receiving_path=CONNECTION_PATH).post(json.dumps(document).encode())
    assert (response.status_code, response.json()["detail"]) == (400, "MessageName must be Create")
