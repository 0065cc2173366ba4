"""Following events, statistics and the names of events through two instances of the running app."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.running import RunningApp, running_instances
from tests.e2e.test_receiving import eventually, listed_ids, new_connection
from tests.e2e.webhooks import new_event_name, register, signal
from tests.fakes.receiver import Receiver


@pytest.fixture(scope="module")
def app(own_accounts: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_instances(2, own_accounts(), tmp_path_factory.mktemp("app")) as running:
        yield running


def poll(app: RunningApp, after: str) -> tuple[list[str], str]:
    answer = app.get("v1/events", after=after, limit="7")
    assert answer.status_code == 200, answer.text
    content = answer.json()
    return [event["entityId"] for event in content["value"]], content["after"]


def test_who_follows_two_instances_gets_each_event_once_in_the_order_of_the_list(app: RunningApp) -> None:
    _, after = poll(app, "now")
    told: list[str] = []
    sent: list[str] = []
    for _ in range(20):
        id_, body = new_connection()
        app.post(body)
        sent.append(id_)
        found, after = poll(app, after)
        told += found
    assert eventually(lambda: set(sent) <= set(listed_ids(app)))
    ends = time.monotonic() + 40
    while time.monotonic() < ends and not set(told) >= set(sent):
        found, after = poll(app, after)
        told += found
        time.sleep(0.2)
    # What another test made less than ten seconds before is told, too.
    assert sorted(id_ for id_ in told if id_ in sent) == sorted(sent)
    assert len(set(told)) == len(told)
    assert poll(app, after)[0] == []
    whole, after = poll(app, "")
    while not set(whole) >= set(told):
        found, after = poll(app, after)
        assert found
        whole += found
    assert whole[-len(told) :] == told


def stats(app: RunningApp, **query: str) -> Any:  # noqa: ANN401 - JSON
    answer = app.get("v1/events/stats", **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_what_was_delivered_is_counted_and_its_name_is_known(app: RunningApp, receiver: Receiver) -> None:
    name = new_event_name()
    webhook = register(app, receiver.url, name)["WebhookId"]
    assert stats(app, webhook=str(webhook))["webhooks"] == []
    for _ in range(3):
        signal(app, name)
    assert eventually(lambda: sum(stats(app, webhook=str(webhook))["total"]["delivered"]) == 3)
    found = stats(app, webhook=str(webhook), hours="168")
    [one] = found["webhooks"]
    assert one["id"] == webhook
    assert len(found["hours"]) == len(one["failed"]) == 168
    assert max(filter(None, one["latency"]["p95"])) > 0
    names = {item["name"]: item for item in app.get("v1/events/types").json()["value"]}
    assert names[name]["source"] == "signal"
    assert names["connection.created"]["source"] == "dynamics"


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("stats", {"hours": "25"}, "hours"),
        ("stats", {"webhook": "x"}, "webhook"),
        ("stats", {"after": "now"}, "after"),
        ("types", {"limit": "1"}, "limit"),
        ("", {"after": "x"}, "after"),
        ("", {"after": "now", "type": "a"}, "type"),
    ],
)
def test_a_bad_parameter_is_a_400_that_names_it(app: RunningApp, path: str, query: dict[str, str], field: str) -> None:
    response = app.get(f"v1/events/{path}".rstrip("/"), **query)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, f"#/{field}")


@pytest.mark.parametrize("path", ["v1/events/stats", "v1/events/types", "v1/events"])
def test_only_managers_may_ask(app: RunningApp, path: str) -> None:
    key, _ = app.hub.api_keys.issue("nobody@hub.example")
    assert app.get(path, api_key=key, **({"after": ""} if path == "v1/events" else {})).status_code == 403
