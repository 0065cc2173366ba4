"""Limits through the running app: what is above them is refused by name, before any receiver is called; what the
previous version stored above them is read, stopped, made smaller and removed."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.storage.keys import row_key
from shared.webhooks.registration import Registration
from shared.webhooks.rows import WEBHOOKS_TABLE, registration_row
from shared.webhooks.subscriptions import SUBSCRIPTIONS_TABLE
from shared.webhooks.webhook import WebhookState
from tests.e2e.running import RunningApp, running_app
from tests.e2e.test_receiving import eventually
from tests.e2e.webhooks import created, new_event_name, ok, one, refusal, register, request, signal, stopped
from tests.fakes.receiver import Receiver
from tests.support.cases import holds_for
from tests.webhooks.registered import registration

LIMITS = {
    "MAX_WEBHOOKS": "8",
    "MAX_WEBHOOKS_PER_CALLER": "4",
    "MAX_EVENTS_PER_WEBHOOK": "5",
    "MAX_WEBHOOK_BYTES": "5000",
}
TEXT = "x" * 4000
UNUSED_IDS = itertools.count(8000, 10)


@pytest.fixture(scope="module")
def limited(new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An app with small limits."""
    with running_app(new_account(), tmp_path_factory.mktemp("app"), lease_seconds=60, **LIMITS) as app:
        yield app


@pytest.fixture(autouse=True)
def _nothing_is_registered(limited: RunningApp) -> Iterator[None]:
    yield
    for entity in ok(request(limited, "GET", "Webhook")):
        request(limited, "DELETE", one(entity))


def stored_before(app: RunningApp, id_: int, *events: str, **members: object) -> Registration:
    """A webhook as the previous version stored it: without a size, and without being counted."""
    made = registration(id_, *events, State="Stopped", **{"TargetUrl": "https://93.184.216.34/", **members})
    row = {name: value for name, value in registration_row(made).items() if name != "Bytes"}
    app.hub.storage.table(WEBHOOKS_TABLE).put(row)
    index = app.hub.storage.table(SUBSCRIPTIONS_TABLE)
    for event in made.webhook.events:
        index.put({"PartitionKey": event, "RowKey": row_key(id_), "Revision": 1})
    return made


def listed(app: RunningApp, event: str) -> list[int]:
    return app.hub.receivers.webhooks.subscribed_to(event)


def test_a_caller_may_create_so_many_and_one_that_goes_makes_room(limited: RunningApp) -> None:
    made = [created(limited) for _ in range(4)]
    status, message = refusal(request(limited, "POST", "Webhook", stopped()))
    assert (status, message.split()[0]) == (409, "MAX_WEBHOOKS_PER_CALLER")
    status, message = refusal(request(limited, "POST", "Agents/Webhook/SaveWebhook", {**stopped(), "WebhookId": 0}))
    assert (status, message.split()[0]) == (409, "MAX_WEBHOOKS_PER_CALLER")
    assert request(limited, "PATCH", one(made[0]), {"Name": "other"}).status_code == 200
    assert request(limited, "DELETE", one(made[0])).status_code == 204
    created(limited)


def test_what_the_previous_version_stored_counts_in_all(
    new_account: Callable[[], str], tmp_path: Path, receiver: Receiver
) -> None:
    with running_app(new_account(), tmp_path, lease_seconds=60, **LIMITS) as app:
        for id_ in range(5001, 5009):
            stored_before(app, id_, "a.b")
        body = {"Name": "n", "Events": ["a.b"], "TargetUrl": receiver.url}
        status, message = refusal(request(app, "POST", "Webhook", body))
        assert (status, message.split()[0], receiver.journal) == (409, "MAX_WEBHOOKS", [])
        assert request(app, "DELETE", "Webhook/5001").status_code == 204
        ok(request(app, "POST", "Webhook", body))


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"Events": [f"e{number}.x" for number in range(6)]}, "MAX_EVENTS_PER_WEBHOOK"),
        # That of the review: 4,000 characters hold 1,332 names.
        ({"Events": [f"{number:x}" for number in range(1000)]}, "MAX_EVENTS_PER_WEBHOOK"),
        ({"Description": TEXT, "Properties": {"a": TEXT}}, "MAX_WEBHOOK_BYTES"),
        ({"ErrorAssociates": [{"Name": f"associate {number}"} for number in range(400)]}, "MAX_WEBHOOK_BYTES"),
        ({"Headers": {f"X-{number}": "v" * 50 for number in range(100)}}, "MAX_WEBHOOK_BYTES"),
    ],
)
@pytest.mark.parametrize("way", ["POST", "PUT", "PATCH", "agent"])
def test_what_is_too_much_is_refused_before_the_receiver_is_called(
    limited: RunningApp, receiver: Receiver, members: dict[str, object], named: str, way: str
) -> None:
    made = register(limited, receiver.url, "a.b")
    receiver.reset()
    body = {"Name": "n", "Events": ["a.b"], "TargetUrl": f"{receiver.url}/new", **members}
    answer = {
        "POST": lambda: request(limited, "POST", "Webhook", body),
        "PUT": lambda: request(limited, "PUT", one(made), body),
        "PATCH": lambda: request(limited, "PATCH", one(made), body),
        "agent": lambda: request(
            limited, "POST", "Agents/Webhook/SaveWebhook", {**body, "WebhookId": made["WebhookId"]}
        ),
    }[way]()
    status, message = refusal(answer)
    assert (status, named in message, message.split()[0] in members) == (400, True, True)
    assert receiver.journal == []
    assert ok(request(limited, "GET", one(made)))["Events"] == ["a.b"]


def test_a_webhook_with_too_many_names_is_read_stopped_made_smaller_and_removed(limited: RunningApp) -> None:
    names = [f"n{number}.x" for number in range(40)]
    stored_before(limited, 6001, *names)
    assert ok(request(limited, "GET", "Webhook/6001"))["Events"] == names
    assert ok(request(limited, "PATCH", "Webhook/6001", {"Description": "kept"}))["Events"] == names
    assert ok(request(limited, "PATCH", "Webhook/6001", {"State": "Stopped"}))["State"] == "Stopped"
    assert refusal(request(limited, "PATCH", "Webhook/6001", {"Events": [*names, "one.more"]}))[0] == 400
    assert refusal(request(limited, "PATCH", "Webhook/6001", {"Events": [*names[:20], "one.more"]}))[0] == 400
    assert ok(request(limited, "PATCH", "Webhook/6001", {"Events": names[:20]}))["Events"] == names[:20]
    assert [listed(limited, names[place]) for place in (0, 19, 20, 39)] == [[6001], [6001], [], []]
    assert ok(request(limited, "PATCH", "Webhook/6001", {"Events": ["one.more", *names[:4]]}))
    assert request(limited, "DELETE", "Webhook/6001").status_code == 204
    assert [listed(limited, name) for name in ("one.more", names[0], names[19])] == [[], [], []]


def test_a_webhook_that_is_too_large_is_read_stopped_made_smaller_and_removed(
    limited: RunningApp, receiver: Receiver
) -> None:
    properties = {"a": TEXT, "b": TEXT}
    made = stored_before(limited, 6002, "large.x", Properties=properties, TargetUrl=receiver.url)
    active = replace(made, webhook=made.webhook.model_copy(update={"state": WebhookState.ACTIVE}))
    limited.hub.storage.table(WEBHOOKS_TABLE).put(registration_row(active))
    assert ok(request(limited, "GET", "Webhook/6002"))["Properties"] == properties
    assert ok(request(limited, "PATCH", "Webhook/6002", {"State": "Stopped"}))["State"] == "Stopped"
    assert ok(request(limited, "PATCH", "Webhook/6002", {"State": "Active"}))["State"] == "Active"
    assert refusal(request(limited, "PATCH", "Webhook/6002", {"Name": "a longer name"}))[0] == 400
    assert ok(request(limited, "PATCH", "Webhook/6002", {"Properties": {"a": TEXT, "b": TEXT[:3000]}}))
    assert ok(request(limited, "PATCH", "Webhook/6002", {"Properties": {"b": None}}))["Properties"] == {"a": TEXT}
    assert request(limited, "DELETE", "Webhook/6002").status_code == 204


def test_index_rows_of_a_webhook_that_is_gone_go_with_the_next_event(limited: RunningApp) -> None:
    event, other = new_event_name(), created(limited)
    index = limited.hub.storage.table(SUBSCRIPTIONS_TABLE)
    for id_ in (7001, other["WebhookId"]):
        index.put({"PartitionKey": event, "RowKey": row_key(id_), "Revision": 1})
    signal(limited, event, 1)
    assert eventually(lambda: listed(limited, event) == [])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"$top": "2"}, [1, 2]),
        ({"$TOP": "2", "$Skip": "3"}, [4, 5]),
        ({"$skip": "4"}, [5, 6]),
        ({"$skip": "9"}, []),
        ({"$top": "0"}, []),
        ({"$top": "999999999", "$skip": "0"}, [1, 2, 3, 4, 5, 6]),
        ({"$top": "2", "$skip": "1", "nameFilter": "EVEN"}, [4, 6]),
        ({"$top": "1", "$skip": "1", "eventFilter": "page.x"}, [2]),
        ({"$skip": "1", "eventFilter": "page.x", "nameFilter": "even"}, [4, 6]),
        ({"$top": "2", "statusFilter": "Active"}, []),
    ],
)
def test_a_listing_comes_in_pages(limited: RunningApp, query: dict[str, str], found: list[int]) -> None:
    # An id is used once, as in the hub: what is removed behind a deleted one would take the next one's rows along.
    before = next(UNUSED_IDS)
    for number in range(1, 7):
        stored_before(limited, before + number, "page.x", Name="odd" if number % 2 else "even")
    entities = ok(request(limited, "GET", "Webhook", query=query))
    assert [entity["WebhookId"] - before for entity in entities] == found


@pytest.mark.parametrize("name", ["$top", "$skip"])
@holds_for("value", ["-1", "x", "1.5", "1e3", " 1", "٣", "9999999999", "+1", "0x1"])
def test_a_page_that_is_none_is_refused_by_its_name(limited: RunningApp, name: str, value: str) -> None:
    status, message = refusal(request(limited, "GET", "Webhook", query={name: value}))
    assert (status, message.split()[0]) == (400, name)
