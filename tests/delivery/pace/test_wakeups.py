"""Wake-ups as messages: written and read, refused where they are not ours, and never early."""

from datetime import timedelta

import pytest

from shared.clock import now
from shared.delivery.pace.wakeups import WAKEUPS_QUEUE, WakeUp, WakeUpQueue, parse_wake_up
from shared.events.announcement import UnrecognizedMessage
from shared.hub.hub import Hub
from tests.support.delivering import delivering_hub
from tests.support.queues import visible_texts
from tests.support.transport import JournalTransport


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


@pytest.mark.parametrize("wake_up", [WakeUp(webhook_id=1), WakeUp(webhook_id=2**31 - 1, number=7)])
def test_what_is_written_is_read(wake_up: WakeUp) -> None:
    assert parse_wake_up(wake_up.as_text().encode()) == wake_up


def test_the_text_is_the_one_that_is_documented() -> None:
    assert WakeUp(webhook_id=1, number=7).as_text() == '{"version":1,"webhook_id":1,"number":7}'
    assert WakeUp(webhook_id=1).as_text() == '{"version":1,"webhook_id":1}'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"webhook_id": 0}',
        b'{"webhook_id": "1"}',
        b'{"webhook_id": 1, "number": 0}',
        b'{"version": 2, "webhook_id": 1}',
        b'{"webhook_id": 1, "more": 1}',
    ],
)
def test_what_is_not_ours_is_refused_by_the_queues_name(body: bytes) -> None:
    with pytest.raises(UnrecognizedMessage, match=WAKEUPS_QUEUE):
        parse_wake_up(body)


@pytest.mark.parametrize(("after", "delay"), [(-5.0, 0), (0.0, 0), (4.2, 5), (60.0, 60)])
def test_it_comes_when_it_is_due_and_not_earlier(
    hub: Hub, transport: JournalTransport, after: float, delay: int
) -> None:
    moment = now()
    queue = WakeUpQueue(hub.storage, lambda: moment)
    queue.send(WakeUp(webhook_id=1))
    transport.forget()
    queue.send(WakeUp(webhook_id=1), moment + timedelta(seconds=after))
    assert [call.query["visibilitytimeout"] for call in transport.calls] == [[str(delay)]]


def test_without_a_moment_it_comes_at_once(hub: Hub, connection_string: str) -> None:
    WakeUpQueue(hub.storage, now).send(WakeUp(webhook_id=3))
    assert visible_texts(connection_string, WAKEUPS_QUEUE) == [WakeUp(webhook_id=3).as_text()]
