"""Loops and floods through the running app: targets that lead back, relays, forged names, too many signals."""

import json
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
import requests

from shared.callers.api_keys import new_key
from shared.dynamics.dataverse_event import connection_event_id
from shared.roles.table import ROLES_TABLE, TableRoles
from tests.arcgis.samples import body_of, entry
from tests.e2e.arcgis import ArcGisClient
from tests.e2e.running import RunningApp, running_app
from tests.e2e.test_receiving import ORGANIZATION, eventually, new_connection
from tests.e2e.webhooks import (
    Json,
    created,
    events_of,
    new_event_name,
    ok,
    one,
    refusal,
    register,
    request,
    signal,
    stopped,
)
from tests.fakes.feature_service import signature
from tests.fakes.receiver import Receiver, Visit, answers
from tests.support.arcgis import SECRET, ArcGisOrganization
from tests.support.cases import holds_for

LIMIT = 3


@pytest.fixture(scope="module")
def limited(new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An app that takes few signals, and sends notices to one domain."""
    settings = {"MAX_SIGNALS_PER_MINUTE": str(LIMIT), "NOTICE_MAILBOX": "hub@contoso.example"}
    with running_app(new_account(), tmp_path_factory.mktemp("limited"), lease_seconds=60, **settings) as running:
        yield running


def events_named(app: RunningApp, name: str) -> list[Json]:
    found: list[Json] = app.get("v1/events", type=name).json()["value"]
    return found


def agent(app: RunningApp, operation: str, body: object, **headers: str) -> requests.Response:
    return request(app, "POST", f"Agents/Webhook/{operation}", body, query=None, **headers)


def signals(app: RunningApp, name: str, **headers: str) -> list[requests.Response]:
    """The same signal by REST and by the agent."""
    return [
        request(app, "POST", f"Webhook/{name}/1", {"a": 1}, query=None, **headers),
        agent(app, "SignalEvent", {"EventName": name, "PrimaryKey": 1, "Data": {"a": 1}}, **headers),
    ]


def own_targets(app: RunningApp) -> list[str]:
    port = app.url.rpartition(":")[2]
    hosts = (
        "127.0.0.1",
        "127.1",
        "2130706433",
        "localhost",
        "LOCALHOST.",
        "api.localhost",
        "[::1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",  # noqa: S104 - nobody binds to it
    )
    return [f"http://{host}:{port}/api/v1/Webhook/loop.x/1" for host in hosts]


def test_a_target_at_the_hub_itself_is_refused_on_save_and_on_test(app: RunningApp) -> None:
    made = created(app)
    for url in own_targets(app):
        document = {"Name": "Loop", "Events": ["loop.x"], "TargetUrl": url}
        for response in (
            request(app, "POST", "Webhook", document),
            request(app, "POST", "Webhook", {**document, "State": "Stopped", "Type": "cloudevents"}),
            request(app, "PATCH", one(made), {"TargetUrl": url}),
            request(app, "POST", "Webhook/Test", document),
            agent(app, "SaveWebhook", document),
            agent(app, "TestWebhook", {"Webhook": document}),
        ):
            status, message = refusal(response)
            assert (status, message.startswith("TargetUrl is refused: ")) == (400, True), url
    assert ok(request(app, "GET", one(made))) == made


def test_the_rule_is_named_where_nothing_else_is_wrong_with_the_address(app: RunningApp) -> None:
    for url in own_targets(app)[:5]:
        assert "(rule: hub)" in refusal(request(app, "POST", "Webhook", stopped() | {"TargetUrl": url}))[1]


def test_a_relay_that_hands_the_header_on_gets_no_loop(app: RunningApp) -> None:
    name, statuses = new_event_name(), list[int]()
    with Receiver() as relay:

        def hand_on(visit: Visit) -> None:
            came = relay.journal[-1].headers
            given = {"x-hub-hops": came["x-hub-hops"]}
            if "x-hook-test" in came:
                given["x-hook-test"] = came["x-hook-test"]
            statuses.append(request(app, "POST", f"Webhook/{name}/1", {}, query=None, **given).status_code)
            answers()(visit)

        relay.behave(hand_on)
        register(app, relay.url, name)
        signal(app, name)
        assert eventually(lambda: 400 in statuses)
        # The test event of the save leaves no event behind; four signals after the first one do.
        assert statuses == [204] + [204] * 4 + [400]
        assert eventually(lambda: len(events_named(app, name)) == 5)
        hops = [call.headers["x-hub-hops"] for call in events_of(relay.journal)]
        assert hops == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("hops", ["5", "6", "1, 7", "-1", "many"])
def test_too_many_hops_and_those_that_are_no_number_are_a_400_in_each_shape(app: RunningApp, hops: str) -> None:
    name = new_event_name()
    for response in signals(app, name, X_Hub_Hops=hops):
        status, message = refusal(response)
        assert (status, message.startswith("X-Hub-Hops must ")) == (400, True)
    id_, body = new_connection()
    response = app.post(body, X_Hub_Hops=hops)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, "#/X-Hub-Hops")
    assert app.hub.events.get(connection_event_id(ORGANIZATION, id_)) is None
    assert events_named(app, name) == []


def test_a_connection_with_hops_is_delivered_with_one_more(app: RunningApp, receiver: Receiver) -> None:
    webhook = register(app, receiver.url, "connection.created")
    id_, body = new_connection()
    assert app.post(body, X_Hub_Hops="3").status_code == 201

    def mine() -> list[str]:
        calls = [call for call in events_of(receiver.journal) if id_ in call.body.decode()]
        return [call.headers["x-hub-hops"] for call in calls]

    assert eventually(lambda: mine() == ["4"])
    assert request(app, "DELETE", one(webhook)).status_code == 204


def test_a_notification_of_arcgis_with_hops_is_taken_up_to_four(
    client: ArcGisClient, arcgis: ArcGisOrganization
) -> None:
    hook = client.create(arcgis.add_item(), manageWebhook=False)
    body = body_of(entry(layerId=int(uuid4().int % 10_000)))
    signed = signature(body, SECRET)
    refused = client.post_hook(hook, body, signed, **{"X-Hub-Hops": "5"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, 400)
    assert client.post_hook(hook, body, signed, **{"X-Hub-Hops": "4"}).status_code == 200


def test_a_save_within_a_chain_ends_with_it(app: RunningApp, receiver: Receiver) -> None:
    made = register(app, receiver.url, new_event_name())
    watching = register(app, receiver.url, f"webhook{made['WebhookId']}.stopped")
    receiver.reset()
    document = {"Name": "More", "Events": [new_event_name()], "TargetUrl": receiver.url}
    for response in (
        request(app, "POST", "Webhook", document, X_Hub_Hops="5"),
        request(app, "PATCH", one(made), {"State": "Stopped"}, X_Hub_Hops="5"),
        request(app, "POST", "Webhook/Test", document, X_Hub_Hops="5"),
        agent(app, "SaveWebhook", document, X_Hub_Hops="5"),
    ):
        assert refusal(response)[1].startswith("X-Hub-Hops must ")
    assert receiver.connections == 0
    ok(request(app, "POST", "Webhook", document, X_Hub_Hops="2"))
    assert receiver.journal[0].headers["x-hub-hops"] == "3"
    receiver.reset()
    ok(request(app, "PATCH", one(made), {"State": "Stopped"}, X_Hub_Hops="2"))
    assert eventually(lambda: [call.headers["x-hub-hops"] for call in events_of(receiver.journal)] == ["3"])
    # Reading is no link of a chain.
    assert ok(request(app, "GET", one(made), X_Hub_Hops="9"))["State"] == "Stopped"
    assert request(app, "DELETE", one(watching)).status_code == 204


def test_a_test_event_that_is_handed_on_is_answered_as_a_success_and_leaves_nothing(
    app: RunningApp, receiver: Receiver
) -> None:
    name, after = new_event_name(), new_event_name()
    register(app, receiver.url, name, after)
    receiver.reset()
    for response in signals(app, name, X_Hook_Test="true"):
        assert (response.status_code, response.content) == (204, b"")
    signal(app, after)
    assert eventually(lambda: len(events_named(app, after)) == 1 and len(receiver.journal) == 1)
    assert events_named(app, name) == []


@holds_for(
    "name",
    [
        *("connection.created", "Connection.CREATED", "feature.created", "FEATURE.x", "attachment.deleted"),
        *("schema.changed", "webhook.errors", "webhook1.started", "WEBHOOK12.x", "test", "TEST"),
    ],
)
def test_a_name_that_a_source_makes_cannot_be_signalled(app: RunningApp, name: str) -> None:
    for response in signals(app, name):
        status, message = refusal(response)
        assert (status, message.startswith("EventName must ")) == (400, True)


def test_receivers_are_told_where_an_event_came_from(app: RunningApp, receiver: Receiver) -> None:
    name = new_event_name()
    made = register(app, receiver.url, name, Properties={"tenant": 7})
    register(app, receiver.url, f"webhook{made['WebhookId']}.stopped", "connection.created")
    assert {json.loads(call.body)["Source"] for call in receiver.journal} == {"hub"}
    receiver.reset()
    signal(app, name)
    assert eventually(lambda: len(receiver.journal) == 1)
    ok(request(app, "PATCH", one(made), {"State": "Stopped"}))
    assert eventually(lambda: len(receiver.journal) == 2)
    app.post(new_connection()[1])
    assert eventually(lambda: len(receiver.journal) >= 3)
    assert [json.loads(call.body)["Source"] for call in receiver.journal[:3]] == ["signal", "hub", "dynamics"]


def other_caller(app: RunningApp) -> str:
    """The API key of another Relationship Manager."""
    user, key = f"{uuid4().hex}@hub.example", new_key()
    TableRoles(app.hub.storage.table(ROLES_TABLE)).grant(user, "Relationship Manager")
    app.hub.api_keys.register(key, user)
    return key


def test_a_caller_who_signals_too_often_is_told_to_wait_by_either_api(limited: RunningApp) -> None:
    name = new_event_name()
    # What is refused, and what is a test, counts for nothing.
    assert [response.status_code for response in signals(limited, "connection.created")] == [400, 400]
    assert [response.status_code for response in signals(limited, name, X_Hook_Test="true")] == [204, 204]
    taken = [*signals(limited, name), *signals(limited, name)]
    assert [response.status_code for response in taken] == [204] * LIMIT + [429]
    for response in signals(limited, name):
        status, message = refusal(response)
        assert (status, "MAX_SIGNALS_PER_MINUTE" in message) == (429, True)
        assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert ok(request(limited, "GET", "Webhook/default"))["WebhookId"] == 0
    key = other_caller(limited)
    assert request(limited, "POST", f"Webhook/{name}/1", {}, Authorization=f"Bearer {key}").status_code == 204
    assert eventually(lambda: len(events_named(limited, name)) == LIMIT + 1)


def test_notices_go_to_the_domain_of_the_mailbox_alone(limited: RunningApp) -> None:
    for members, place in (
        ({"ErrorsEmail": "a@victim.example"}, "ErrorsEmail must "),
        ({"ErrorEmails": ["a@contoso.example", "b@victim.example"]}, "ErrorEmails/1 must "),
        ({"ErrorEmails": ["a@contoso.example, b@victim.example"]}, "ErrorEmails/0 must "),
        ({"ErrorEmails": [f"a{number}@contoso.example" for number in range(21)]}, "ErrorEmails must "),
    ):
        for response in (
            request(limited, "POST", "Webhook", stopped(**members)),
            agent(limited, "SaveWebhook", stopped(**members)),
        ):
            status, message = refusal(response)
            assert (status, message.startswith(place)) == (400, True), message
    made = created(limited, ErrorsEmail="a@Contoso.Example")
    assert refusal(request(limited, "PATCH", one(made), {"ErrorsEmail": "a@victim.example"}))[0] == 400
