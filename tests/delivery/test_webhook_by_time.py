"""Deliveries to one webhook, newest first: what waits too, however much it is."""

from datetime import timedelta

import pytest

from shared.delivery.record import DELIVERIES_TABLE, DeliveryState
from shared.hub.hub import Hub
from tests.support.delivering import delivering_hub
from tests.support.events import RECEIVED_AT, make_event
from tests.support.listings import (
    api,
    attempted,
    everything,
    items,
    keys,
    parked,
    store,
)
from tests.support.transport import JournalTransport


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


def test_the_newest_of_very_many_that_wait_are_found_in_a_few_transactions(
    hub: Hub, transport: JournalTransport
) -> None:
    waits = [make_event(received_at=RECEIVED_AT + timedelta(seconds=number)) for number in range(5000)]
    done = [make_event(received_at=RECEIVED_AT - timedelta(seconds=number)) for number in range(1, 4)]
    again = make_event(received_at=RECEIVED_AT + timedelta(seconds=2500.5))
    rows = [attempted(1, event, DeliveryState.DELIVERED) for event in (again, *done)]
    store(hub, DELIVERIES_TABLE, [*rows, *(parked(1, event) for event in waits)])
    transport.forget()
    first = api(hub).list({"order": "time", "webhook": "1", "limit": "50"})
    assert keys(items(first)) == [(one.id, 1) for one in waits[:-51:-1]]
    assert len(transport.calls) < 25
    newest_first = [*reversed(waits[2501:]), again, *reversed(waits[:2501]), *done]
    assert keys(everything(api(hub), order="time", webhook="1", limit="200")) == [(one.id, 1) for one in newest_first]
    until = (RECEIVED_AT + timedelta(seconds=10)).isoformat()
    assert len(everything(api(hub), order="time", webhook="1", until=until)) == 13
