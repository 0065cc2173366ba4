"""DynamicsWebhook through the running app: any message of Dataverse, from the request to the receiver."""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.dynamics.contexts import (
    ACCOUNT,
    ORGANIZATION,
    USER,
    body,
    context,
    entity,
    images,
    money,
    option,
    reference,
    several,
    update,
)
from tests.e2e.running import DYNAMICS_PATH, ROOT, RunningApp
from tests.e2e.webhooks import events_of, patch, register
from tests.fakes.receiver import Receiver
from tests.support.cases import holds_for
from tests.support.patience import eventually

type Json = dict[str, Any]
TRIMMED = {"x_ms_dynamics_msg_size_exceeded": "1"}


@pytest.fixture(name="app")
def at_the_address_for_any_event(app: RunningApp) -> RunningApp:
    return replace(app, receiving_path=DYNAMICS_PATH)


def new_table() -> str:
    """A table of which nothing else is told."""
    return f"new_{uuid.uuid4().hex}"


def told(receiver: Receiver, count: int = 1) -> list[Json]:
    """What the receiver was told, as soon as it is so much."""
    assert eventually(lambda: len(events_of(receiver.journal)) >= count)
    return [json.loads(call.body) for call in events_of(receiver.journal)]


def test_an_update_reaches_its_receiver_with_old_and_new_values(app: RunningApp, receiver: Receiver) -> None:
    table, row = new_table(), str(uuid.uuid4())
    webhook = register(app, receiver.url, f"{table}.updated")
    new = {
        "name": "Forty bicycles",
        "estimatedvalue": money(1250.5),
        "statuscode": option(3),
        "parentaccountid": reference("account", ACCOUNT, "Contoso"),
        "closeprobability": None,
        "estimatedclosedate": "/Date(1769860800000)/",
        "modifiedon": "/Date(1768471205000)/",
    }
    old = entity(row, {"name": "Thirty bicycles", "estimatedvalue": money(900)}, table)
    response = app.post(body(update(new, table=table, row_id=row, PreEntityImages=images(old))))
    assert (response.status_code, response.content) == (201, b"")
    [event] = told(receiver)
    patch(app, webhook, State="Stopped")
    assert event["Event"] == f"{table}.updated"
    assert (event["Entity"], event["PrimaryKey"], event["Source"]) == (table, 0, "dynamics")
    assert event["Changes"] == [
        "name",
        "estimatedvalue",
        "statuscode",
        "parentaccountid",
        "closeprobability",
        "estimatedclosedate",
    ]
    values = event["FieldValues"]
    assert (values[f"{table}id"], values["organizationid"], values["initiatinguserid"]) == (row, ORGANIZATION, USER)
    assert {name: values[name] for name in ("name", "estimatedvalue", "statuscode", "closeprobability")} == {
        "name": "Forty bicycles",
        "estimatedvalue": 1250.5,
        "statuscode": 3,
        "closeprobability": None,
    }
    assert values["estimatedclosedate"] == "2026-01-31T12:00:00Z"
    assert (values["parentaccountid"], values["parentaccountid_logicalname"]) == (ACCOUNT, "account")
    assert event["PreviousValues"] == {"name": "Thirty bicycles", "estimatedvalue": 900}
    assert not event.keys() & {"Trimmed", "Reconstructed", "Parameters", "Values"}


def test_numbers_arrive_with_every_digit(app: RunningApp, receiver: Receiver) -> None:
    table = new_table()
    webhook = register(app, receiver.url, f"{table}.updated")
    document = update({"amount": money("AMOUNT"), "rate": "RATE", "huge": "HUGE", "odd": "ODD"}, table=table)
    request = body(document)
    for name, number in {
        b'"AMOUNT"': b"12345678901234567890.12",
        b'"RATE"': b"0.12345678901234567890",
        b'"HUGE"': b"1e400",
        b'"ODD"': b"NaN",
    }.items():
        request = request.replace(name, number)
    assert app.post(request).status_code == 201
    told(receiver)
    patch(app, webhook, State="Stopped")
    [call] = events_of(receiver.journal)
    assert b'"amount":12345678901234567890.12,' in call.body
    assert b'"rate":0.12345678901234567890,' in call.body
    assert b'"huge":"1e400","odd":null' in call.body
    shown = app.get(f"v1/events/{json.loads(call.body)['EventId']}").content
    assert b'"amount": 12345678901234567890.12' in shown


def test_each_row_of_several_is_an_event_of_its_own(app: RunningApp, receiver: Receiver) -> None:
    table, ids = new_table(), [str(uuid.uuid4()) for _ in range(40)]
    webhook = register(app, receiver.url, f"{table}.created")
    rows = [entity(id_, {"name": f"Row {id_}"}, table) for id_ in ids]
    document = several("CreateMultiple", rows, table=table, CorrelationId=str(uuid.uuid4()))
    assert [app.post(body(document)).status_code for _ in range(2)] == [201, 200]
    events = told(receiver, len(ids))
    patch(app, webhook, State="Stopped")
    assert sorted(event["FieldValues"][f"{table}id"] for event in events) == sorted(ids)
    for event in events:
        own = app.get(f"v1/events/{event['EventId']}").json()["payload"]["InputParameters"][0]["value"]["Entities"]
        assert [row["Id"] for row in own] == [event["FieldValues"][f"{table}id"]]


def test_a_custom_message_without_a_table_tells_its_parameters(app: RunningApp, receiver: Receiver) -> None:
    message = f"new_{uuid.uuid4().hex}"
    webhook = register(app, receiver.url, f"dataverse.{message}")
    parameters = {"Amount": money(7), "Who": reference("account", ACCOUNT), "Tags": ["a", "b"]}
    document = context(message.upper(), parameters, table="none", row_id=None)
    assert app.post(body(document)).status_code == 201
    [event] = told(receiver)
    patch(app, webhook, State="Stopped")
    assert (event["Entity"], event["PrimaryKey"]) == ("dataverse", 0)
    assert event["Parameters"] == {"Amount": 7, "Who": ACCOUNT, "Who_logicalname": "account", "Tags": ["a", "b"]}


def test_a_trimmed_update_goes_on(app: RunningApp) -> None:
    document = update({}, row_id=str(uuid.uuid4())) | {"InputParameters": [], "ParentContext": None}
    assert app.post(body(document), **TRIMMED).status_code == 201
    assert app.post(body(document), **TRIMMED).status_code == 200


def test_values_as_long_as_a_request_allows_are_delivered(app: RunningApp, receiver: Receiver) -> None:
    table, long = new_table(), "漢" * 250_000
    webhook = register(app, receiver.url, f"{table}.updated")
    request = json.dumps(update({"description": long}, table=table), ensure_ascii=False).encode()
    assert app.post(request).status_code == 201
    [event] = told(receiver)
    patch(app, webhook, State="Stopped")
    assert event["FieldValues"]["description"] == long
    [listed] = app.get("v1/events", type=f"{table}.updated").json()["value"]
    assert (listed["truncated"], listed["fieldValues"]) == (True, {})
    assert app.get(f"v1/events/{listed['id']}").json()["fieldValues"]["description"] == long


@holds_for(
    ("document", "pointer"),
    [
        (update({}, row_id=None), "#/PrimaryEntityId"),
        (update({}, row_id="00000000-0000-0000-0000-000000000000"), "#/PrimaryEntityId"),
        (update({}, row_id=7), "#/PrimaryEntityId"),
        (update({}, Stage=20), "#/Stage"),
        (update({}, MessageName=None), "#/MessageName"),
        (update({}, OrganizationId="contoso"), "#/OrganizationId"),
        (context("new_" + "x" * 300, table="none"), "#/MessageName"),
        (context("new_Approve", row_id="x"), "#/PrimaryEntityId"),
        (several("UpdateMultiple", [entity("x", {"name": "a"})]), "#/InputParameters/Targets/0/Id"),
        (several("UpdateMultiple", "rows"), "#/InputParameters/Targets"),
    ],
)
def test_a_bad_field_is_named_in_a_problem(app: RunningApp, document: Mapping[str, object], pointer: str) -> None:
    response = app.post(body({**document}))
    assert (response.status_code, response.headers["Content-Type"]) == (400, "application/problem+json")
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


def test_more_than_a_thousand_rows_are_a_413(app: RunningApp) -> None:
    rows = [{"Id": str(uuid.uuid4()), "LogicalName": "account"} for _ in range(1001)]
    document = several("DeleteMultiple", {"Entities": rows}, table="account")
    assert app.post(body(document)).status_code == 413


def test_deep_parents_and_odd_images_cost_nothing(app: RunningApp) -> None:
    document = update({"name": "a"}, row_id=str(uuid.uuid4()))
    parent: Json = {"MessageName": "Update"}
    for _ in range(200):
        parent = {"ParentContext": parent}
    document |= {"ParentContext": parent, "PreEntityImages": [{"key": "", "value": 7}, {"key": "é\u0000", "value": {}}]}
    assert app.post(body(document)).status_code == 201
    deep = body(update({"x": "DEEP"}, row_id=str(uuid.uuid4())))
    assert app.post(deep.replace(b'"DEEP"', b"[" * 900 + b"]" * 900)).status_code == 201
    refused = app.post(deep.replace(b'"DEEP"', b"[" * 1000 + b"]" * 1000))
    assert (refused.status_code, "1000 levels" in refused.json()["detail"]) == (400, True)


def test_deep_values_reach_their_receiver(app: RunningApp, receiver: Receiver) -> None:
    table = new_table()
    webhook = register(app, receiver.url, f"{table}.updated")
    request = body(update({"x": "DEEP"}, table=table)).replace(b'"DEEP"', b"[" * 900 + b"]" * 900)
    assert app.post(request).status_code == 201
    assert eventually(lambda: len(events_of(receiver.journal)) == 1)
    patch(app, webhook, State="Stopped")
    assert re.search(rb"\[{900}\]{900}", events_of(receiver.journal)[0].body)


def test_the_address_wants_the_function_key_and_takes_no_other_method(app: RunningApp) -> None:
    assert app.post(body(update({})), code="wrong").status_code == 401
    assert app.get(DYNAMICS_PATH).status_code == 404


def test_the_sample_of_the_portals_test_pane_is_taken(app: RunningApp) -> None:
    sample = (ROOT / "DynamicsWebhook" / "sample.dat").read_bytes()
    assert app.post(sample).status_code in {200, 201}
