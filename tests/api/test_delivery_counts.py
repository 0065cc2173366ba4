"""`GET deliveries/counts`: the numbers of a listing, within bounds."""

from datetime import timedelta

import pytest

from shared.delivery.record import DELIVERIES_TABLE, DeliveryState
from shared.errors import BadRequest
from shared.hub.hub import Hub
from tests.support.delivering import delivering_hub
from tests.support.events import RECEIVED_AT, make_event
from tests.support.listings import (
    TYPES,
    api,
    attempted,
    mixture,
    store,
)
from tests.support.transport import JournalTransport


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


def test_counts_are_those_of_the_listing(hub: Hub) -> None:
    expected = mixture(hub, 7)
    since = RECEIVED_AT + timedelta(hours=30)
    for query, passes in (
        (dict[str, str](), lambda one: True),
        ({"webhook": "3"}, lambda one: one["webhookId"] == 3),
        ({"type": TYPES[0]}, lambda one: one["type"] == TYPES[0]),
        ({"since": since.isoformat()}, lambda one: one["at"] >= since),
        ({"until": since.isoformat(), "webhook": "2"}, lambda one: one["at"] < since and one["webhookId"] == 2),
    ):
        states = [one["state"] for one in expected if passes(one)]
        assert api(hub).count(query) == {**{str(one): states.count(one) for one in DeliveryState}, "more": False}


def test_counting_goes_on_where_the_call_before_ended(hub: Hub) -> None:
    expected = mixture(hub, 8)
    counted, query = 0, dict[str, str]()
    store(
        hub,
        DELIVERIES_TABLE,
        [attempted(20, make_event(), DeliveryState.HELD) for _ in range(1500)],
    )
    while True:
        counts = api(hub, 1).count(query)
        counted += sum(int(str(counts[state])) for state in DeliveryState)
        if not counts["more"]:
            break
        query["continuationToken"] = str(counts["continuationToken"])
    assert counted == len(expected) + 1500
    with pytest.raises(BadRequest, match="continuationToken"):
        api(hub).count({**query, "webhook": "1"})
