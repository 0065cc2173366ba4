"""`POST redrive`: what the command does, within bounds, for Webhook Administrators."""

import json
from functools import partial

import azure.functions as func
import pytest

from shared.api.redriving import redrive_queues
from shared.delivery.message import DeliveryMessage
from shared.errors import BadRequest
from shared.events.event import EventId
from shared.hub.hub import Hub
from shared.storage.scan import WorkBudget
from shared.webhooks.rows import USAGE_TABLE
from tests.support.delivering import delivering_hub
from tests.support.events import make_event

OURS = DeliveryMessage(event_id=EventId(make_event().id), webhook_id=1).as_text()


@pytest.fixture
def hub(connection_string: str) -> Hub:
    return delivering_hub(connection_string)


def redriven(hub: Hub, transactions: int = 200, **query: str) -> dict[str, object]:
    return redrive_queues(hub.storage, hub.receivers.gate, query, WorkBudget(transactions=transactions))


def told(document: dict[str, object], queue: str) -> tuple[int, int]:
    queues = document["queues"]
    assert isinstance(queues, list)
    (found,) = [(one["putBack"], one["left"]) for one in queues if one["queue"] == queue]
    return found


def test_it_says_what_was_put_back_and_what_is_left(hub: Hub) -> None:
    for text in (OURS, "not ours"):
        hub.storage.queue("deliveries-poison").send(text)
    dry = redriven(hub, dryRun="true")
    assert (told(dry, "deliveries-poison"), dry["more"]) == ((0, 2), False)
    assert hub.storage.queue("deliveries").count() == 0
    done = redriven(hub)
    assert (told(done, "deliveries-poison"), told(done, "wakeups"), done["more"]) == ((1, 1), (0, 0), False)
    assert hub.storage.queue("deliveries").count() == 1


def test_a_call_is_bounded_and_the_next_one_goes_on(hub: Hub) -> None:
    for _ in range(70):
        hub.storage.queue("deliveries-poison").send(OURS)
    rest = [redriven(hub, 100) for _ in range(3)]
    assert [told(one, "deliveries-poison") for one in rest] == [(32, 38), (32, 6), (6, 0)]
    assert [one["more"] for one in rest] == [True, True, False]
    assert hub.storage.queue("deliveries").count() == 70


def test_lost_wake_ups_are_made_again_as_many_as_may_be(hub: Hub) -> None:
    long_ago = {"RowKey": "usage", "WakeNumber": 3, "WakeDue": "2026-01-01T00:00:00+00:00"}
    for number in (1, 2, 3):
        hub.storage.table(USAGE_TABLE).put({"PartitionKey": f"{number:010d}", **long_ago})
    assert told(redriven(hub, dryRun="true"), "wakeups") == (0, 3)
    first = redriven(hub, 200)
    assert (told(first, "wakeups"), first["more"]) == ((3, 0), False)
    assert told(redriven(hub, dryRun="true"), "wakeups") == (0, 0)


def test_of_many_lost_wake_ups_a_call_makes_as_many_as_it_may(hub: Hub) -> None:
    long_ago = {"RowKey": "usage", "WakeNumber": 3, "WakeDue": "2026-01-01T00:00:00+00:00"}
    for number in range(30):
        hub.storage.table(USAGE_TABLE).put({"PartitionKey": f"{number + 1:010d}", **long_ago})
    first, second = redriven(hub, 76), redriven(hub, 200)
    (made, _), (others, _) = told(first, "wakeups"), told(second, "wakeups")
    assert (0 < made < 30, first["more"], made + others, second["more"]) == (True, True, 30, False)


@pytest.mark.parametrize(("name", "value"), [("dryRun", "maybe"), ("dry", "true"), ("limit", "1")])
def test_a_wrong_parameter_is_refused_by_its_name(hub: Hub, name: str, value: str) -> None:
    hub.storage.queue("deliveries-poison").send(OURS)
    with pytest.raises(BadRequest, match=f"^{name}"):
        redrive_queues(hub.storage, hub.receivers.gate, {name: value}, WorkBudget())
    assert hub.storage.queue("deliveries").count() == 0


@pytest.mark.parametrize("case", ["a delivery led to it", "a body"])
def test_no_delivery_redrives_and_no_filter_is_lost_in_a_body(hub: Hub, case: str) -> None:
    from shared.api.deliveries import serve_redrive

    request = partial(func.HttpRequest, "POST", "http://localhost/api/v1/events/redrive")
    asked = (
        request(headers={"X-Hub-Hops": "1"}, body=b"")
        if case == "a delivery led to it"
        else request(body=json.dumps({"dryRun": True}).encode())
    )
    with pytest.raises(BadRequest):
        serve_redrive(hub, asked)
    plain = serve_redrive(hub, request(body=b""))
    assert (plain.status_code, json.loads(plain.get_body())["more"]) == (202, False)
    assert serve_redrive(hub, request(params={"dryRun": "true"}, body=b"")).status_code == 200
