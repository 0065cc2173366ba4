"""Events are forgotten through the running app: while deliveries go on, with nothing left of them afterwards."""

from collections.abc import Callable, Iterator

import pytest

from shared.dynamics.dataverse_event import connection_event_id
from tests.e2e.running import RunningApp, running_app
from tests.e2e.test_receiving import ORGANIZATION, new_connection
from tests.e2e.webhooks import events_of, register, request
from tests.fakes.receiver import Receiver, echoes
from tests.support.patience import eventually
from tests.support.traces import traces

USER = "cc03d281-c95c-e911-a979-000d3a1cc8fe"


@pytest.fixture(scope="module")
def storage(new_account: Callable[[], str]) -> str:
    return new_account()


@pytest.fixture(scope="module")
def app(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An app of its own, for what it holds is purged."""
    with running_app(storage, tmp_path_factory.mktemp("app")) as running:
        yield running


def posted(app: RunningApp) -> tuple[str, str]:
    """The connection's id, which stands nowhere but in the contents and as the row of its event, and the event's id."""
    connection_id, body = new_connection()
    assert app.post(body).status_code == 201
    return connection_id, connection_event_id(ORGANIZATION, connection_id)


def test_an_event_is_forgotten_by_an_administrator_and_nothing_of_it_is_left_or_sent_again(
    app: RunningApp, receiver: Receiver, storage: str
) -> None:
    receiver.behave(echoes(receiver))
    webhook = register(app, receiver.url, "connection.created")
    receiver.behave(echoes(receiver, 500))
    _, id_ = posted(app)
    assert eventually(lambda: len(events_of(receiver.journal)) > 0)
    # A member of what Dynamics posted, and one of what the receiver sends back.
    assert eventually(lambda: traces(storage, "BusinessUnitId") == {"events"})
    assert eventually(lambda: traces(storage, '"FieldValues') == {"deliveries"})
    nobody, _ = app.hub.api_keys.issue("nobody@hub.example")
    assert request(app, "DELETE", f"events/{id_}", Authorization=f"Bearer {nobody}").status_code == 403
    for _ in range(2):
        assert request(app, "DELETE", f"events/{id_}").status_code == 204
    assert traces(storage, "BusinessUnitId") | traces(storage, '"FieldValues') == set()
    shown = app.get(f"v1/events/{id_}").json()
    assert (shown["forgotten"], shown["payload"], shown["fieldValues"]) == (True, None, {})
    delivery = app.get(f"v1/events/{id_}/deliveries/{webhook['WebhookId']}").json()
    assert delivery["state"] == "failed"
    assert [one["reply"] for one in delivery["log"] if one["reply"]] == []
    replay = f"events/{id_}/deliveries/{webhook['WebhookId']}/replay"
    assert request(app, "POST", replay).status_code == 409
    entries = app.get("v1/events/audit", target=f"events/{id_}").json()["value"]
    assert [(one["action"], one["outcome"]) for one in entries[-3:]] == [
        ("event.forget", "done"),
        ("event.forget", "done"),
        ("event.forget", "refused"),
    ]


def test_all_events_by_a_user_are_purged_while_they_are_delivered(app: RunningApp, receiver: Receiver) -> None:
    register(app, receiver.url, "connection.created")
    ids = [posted(app)[1] for _ in range(30)]
    body: object = {"initiator": USER.upper()}
    counted = request(app, "POST", "events/purge", body, query={"dryRun": "true"}).json()
    assert (counted["count"], counted["more"]) == (30, False)
    assert request(app, "POST", "events/purge", body).json()["purged"] == 30
    assert request(app, "POST", "events/purge", body).json()["purged"] == 0
    shown = [app.get(f"v1/events/{id_}").json() for id_ in ids]
    assert all(one["forgotten"] and one["payload"] is None for one in shown)


@pytest.mark.parametrize("path", ["audit", "redrive", "purge", "stats", "types", "deliveries", "deliveries/counts"])
def test_nothing_but_an_event_can_be_deleted(app: RunningApp, path: str) -> None:
    assert request(app, "DELETE", f"events/{path}").status_code == 404


@pytest.mark.parametrize("body", [{}, {"entity": "contact"}, {"initiator": "x", "entity": "y"}, []])
def test_a_purge_of_anything_else_is_a_400_that_names_it(app: RunningApp, body: object) -> None:
    response = request(app, "POST", "events/purge", body)
    assert response.status_code == 400
    assert response.json()["errors"]
