import json
from datetime import datetime, timedelta, timezone

import pytest

from shared.events.event import EventState
from tests.support.events import make_event


@pytest.mark.parametrize("state", list(EventState))
def test_an_event_is_shown_with_all_that_a_reader_needs(state: EventState) -> None:
    event = make_event(state=state, trimmed=True)
    assert json.loads(json.dumps(event.as_json())) == {
        "id": event.id,
        "type": "connection.created",
        "source": event.source,
        "entity": "connection",
        "entityId": event.entity_id,
        "initiator": event.initiator,
        "receivedAt": "2026-03-14T09:26:53.589793Z",
        "fieldValues": {"connectionid": event.entity_id},
        "changes": [],
        "values": None,
        "previousValues": None,
        "parameters": None,
        "trimmed": True,
        "reconstructed": False,
        "truncated": False,
        "forgotten": False,
        "state": state.value,
    }


def test_times_are_shown_in_utc() -> None:
    moment = datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    assert make_event(received_at=moment).as_json()["receivedAt"] == "2025-12-31T22:30:00Z"
