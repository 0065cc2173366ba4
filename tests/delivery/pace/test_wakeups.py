"""The message that wakes what waits: what it holds, and that it never comes early."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.pace.wakeups import WAKEUPS_QUEUE, WakeUp, WakeUpQueue, parse_wake_up
from shared.events.announcement import UnrecognizedMessage
from shared.hub.hub import Hub
from tests.support.queues import visible_texts
from tests.support.transport import JournalTransport

NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)


@given(st.integers(1, 2**31 - 1), st.none() | st.integers(1, 2**40))
def test_a_wake_up_is_read_as_it_was_written(webhook_id: int, number: int | None) -> None:
    wake_up = WakeUp(webhook_id=webhook_id, number=number)
    assert parse_wake_up(wake_up.as_text().encode()) == wake_up


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b'{"version":1}',
        b'{"version":2,"webhook_id":1}',
        b'{"version":1,"webhook_id":0}',
        b'{"version":1,"webhook_id":2147483648}',
        b'{"version":1,"webhook_id":"1"}',
        b'{"version":1,"webhook_id":1,"number":0}',
        b'{"version":1,"webhook_id":1,"number":1.5}',
        b'{"version":1,"webhook_id":1,"secret":"hunter2"}',
    ],
)
def test_anything_else_is_refused_without_a_word_of_it(body: bytes) -> None:
    with pytest.raises(UnrecognizedMessage) as caught:
        parse_wake_up(body)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(("wait", "delay"), [(0, 0), (-5, 0), (0.001, 1), (1, 1), (44.2, 45), (86_400, 86_400)])
def test_it_comes_when_it_is_due_and_not_before(
    hub: Hub, transport: JournalTransport, connection_string: str, wait: float, delay: int
) -> None:
    queue = WakeUpQueue(hub.storage, lambda: NOW)
    queue.send(WakeUp(webhook_id=7, number=3), NOW + timedelta(seconds=wait))
    sent = [one for one in transport.calls if one.path == "wakeups/messages"]
    assert {int(one.query["visibilitytimeout"][0]) for one in sent} == {delay}
    assert len(visible_texts(connection_string, WAKEUPS_QUEUE)) == (delay == 0)


def test_one_without_a_moment_comes_at_once(hub: Hub, connection_string: str) -> None:
    WakeUpQueue(hub.storage, lambda: NOW).send(WakeUp(webhook_id=7))
    assert visible_texts(connection_string, WAKEUPS_QUEUE) == ['{"version":1,"webhook_id":7}']
