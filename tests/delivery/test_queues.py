"""Messages that ask for attempts: never early."""

from datetime import timedelta

import pytest

from shared.delivery.message import DeliveryMessage
from shared.delivery.queues import DeliveryQueues
from shared.events.event import EventId
from shared.hub.hub import Hub
from tests.support.transport import JournalTransport

MESSAGE = DeliveryMessage(event_id=EventId("37c7c867-d571-e911-a956-000d3a1bc3f6"), webhook_id=7)


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [
        (timedelta(0), "0"),
        (timedelta(microseconds=1), "1"),
        (timedelta(seconds=4), "4"),
        (timedelta(seconds=4, milliseconds=1), "5"),
        (timedelta(days=7), "604800"),
    ],
)
def test_a_delay_is_rounded_up_to_whole_seconds(
    hub: Hub, transport: JournalTransport, delay: timedelta, seconds: str
) -> None:
    queues = DeliveryQueues(hub.storage)
    queues.send(MESSAGE, delay=delay)
    sent = [call for call in transport.calls if call.path.endswith("/messages")]
    # The first try finds no queue.
    assert {call.path for call in sent} == {"deliveries/messages"}
    # The client leaves a delay of 0 out.
    assert {tuple(call.query.get("visibilitytimeout", ["0"])) for call in sent} == {(seconds,)}
