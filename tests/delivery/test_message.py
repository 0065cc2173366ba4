"""Messages that ask for an attempt, and those that are none of ours."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.arcgis.changes import bounded_changes
from shared.delivery.message import MAX_MESSAGE_BYTES, DeliveryMessage, FirstMessages, as_repeat, parse_delivery_message
from shared.events.announcement import UnrecognizedMessage
from shared.events.rows import event_rows
from tests.support.cases import holds_for
from tests.support.events import make_event
from tests.support.invoking import MALFORMED, TRACEPARENT

EVENT_ID = "37c7c867-d571-e911-a956-000d3a1bc3f6"
MESSAGE = {"version": 1, "event_id": EVENT_ID, "webhook_id": 7, "attempt": 2, "cycle": 1}
WHOLE = json.dumps(MESSAGE).encode()
QUEUE_BYTES = 64 * 1024


def test_a_message_comes_back_as_it_was_sent_with_its_event() -> None:
    event = make_event(
        received_at=datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC),
        changes=("Née",),
        values={"n": 2**80, "x": [None, {"y": 1.5}]},
        trimmed=True,
        hops=4,
        traceparent=TRACEPARENT,
    )
    message = DeliveryMessage(
        event_id=event.id,
        webhook_id=2**31 - 1,
        attempt=3,
        cycle=4,
        event=event,
        has_turn=True,
        repeat=True,
        traceparent=TRACEPARENT,
    )
    assert parse_delivery_message(message.as_text().encode()) == message


def test_what_an_older_hub_sent_is_still_understood() -> None:
    message = parse_delivery_message(json.dumps({"event_id": EVENT_ID, "webhook_id": 7}).encode())
    assert (message.version, message.attempt, message.cycle, message.event) == (1, 0, 0, None)
    assert not message.repeat


@holds_for("repeat", [False, True])
def test_only_a_possible_repeat_says_whether_it_is_one(*, repeat: bool) -> None:
    event = make_event()
    message = DeliveryMessage(event_id=event.id, webhook_id=7, event=event, repeat=repeat)
    assert json.loads(message.as_text()).get("repeat") is (True if repeat else None)


def test_an_event_that_an_older_hub_sent_along_is_the_first_of_its_chain() -> None:
    event = make_event()
    sent = json.loads(DeliveryMessage(event_id=event.id, webhook_id=7, event=event).as_text())
    del sent["event"]["hops"]
    assert parse_delivery_message(json.dumps(sent).encode()).event == event


@holds_for("character", ["x", "é", "\N{PILE OF POO}", '"', "\x01"])
@holds_for(("length", "goes_along"), [(5_000, True), (12_000, None), (40_000, False)])
def test_an_event_that_is_too_large_for_a_queue_is_left_out(
    character: str, length: int, *, goes_along: bool | None
) -> None:
    event = make_event(field_values={"text": character * length})
    text = DeliveryMessage(event_id=event.id, webhook_id=7, event=event).as_text()
    assert len(text.encode()) * 4 / 3 < QUEUE_BYTES
    parsed = parse_delivery_message(text.encode()).event
    assert parsed in (event, None)
    assert goes_along in (parsed is not None, None)


@holds_for(
    ("body", "field"),
    [
        (b"", "body"),
        (b"hello", "body"),
        (b"\xff\xfe", "body"),
        (b"[]", "body"),
        (b"[" * 100_000, "body"),
        (json.dumps(MESSAGE).encode()[:-1], "body"),
        (json.dumps({**MESSAGE, "version": 2}).encode(), "version"),
        (json.dumps({**MESSAGE, "event_id": "37C7C867"}).encode(), "event_id"),
        (json.dumps({**MESSAGE, "webhook_id": 0}).encode(), "webhook_id"),
        (json.dumps({**MESSAGE, "webhook_id": 2**31}).encode(), "webhook_id"),
        (json.dumps({**MESSAGE, "attempt": -1}).encode(), "attempt"),
        (json.dumps({**MESSAGE, "cycle": None}).encode(), "cycle"),
        (json.dumps({**MESSAGE, "event": {"id": EVENT_ID}}).encode(), "event.type"),
        (json.dumps({**MESSAGE, "repeat": "perhaps"}).encode(), "repeat"),
        (json.dumps({**MESSAGE, "colour": "red"}).encode(), "colour"),
        (json.dumps({"webhook_id": 7}).encode(), "event_id"),
    ],
)
def test_what_is_not_ours_is_refused_by_the_name_of_the_field(body: bytes, field: str) -> None:
    with pytest.raises(UnrecognizedMessage, match=field) as refusal:
        parse_delivery_message(body)
    # Whatever it is, it is not repeated: it may be somebody's secret.
    assert len(str(refusal.value)) < 300


@given(st.binary(max_size=60) | st.integers(0, len(WHOLE) - 1).map(lambda end: WHOLE[:end]))
def test_no_bytes_and_no_part_of_a_message_raise_anything_else(body: bytes) -> None:
    with pytest.raises(UnrecognizedMessage):
        parse_delivery_message(body)


@given(
    webhook_id=st.integers(1, 2**31 - 1),
    text=st.text(max_size=50),
    field_values=st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers() | st.none(), max_size=3),
    length=st.sampled_from([0, 30_000]) | st.integers(39_000, 40_000),
    repeat=st.booleans(),
    traceparent=st.sampled_from([None, TRACEPARENT]),
)
def test_a_first_message_has_the_text_that_a_message_has(
    webhook_id: int, text: str, field_values: dict[str, object], length: int, traceparent: str | None, *, repeat: bool
) -> None:
    values = {**field_values, "long": "x" * length}
    event = make_event(type=text, entity='"event":null', field_values=values, traceparent=traceparent)
    message = DeliveryMessage(
        event_id=event.id, webhook_id=webhook_id, event=event, repeat=repeat, traceparent=traceparent
    )
    text = FirstMessages(event, repeat=repeat, traceparent=traceparent).text_for(webhook_id)
    assert text == message.as_text()
    assert ("traceparent" in text) == (traceparent is not None)


@pytest.mark.parametrize("webhook_id", [1, 2**31 - 1])
@pytest.mark.parametrize("over", [-1, 0, 1])
def test_the_limit_is_met_to_the_byte(webhook_id: int, over: int) -> None:
    def message(length: int) -> DeliveryMessage:
        event = make_event(id=EVENT_ID, field_values={"x": "x" * length})
        return DeliveryMessage(event_id=event.id, webhook_id=webhook_id, event=event)

    length = MAX_MESSAGE_BYTES - len(message(0).as_text()) + over
    for text in (message(length).as_text(), FirstMessages(message(length).event or make_event()).text_for(webhook_id)):
        assert (parse_delivery_message(text.encode()).event is None) is (over > 0)


@pytest.mark.parametrize("character", ["x", "é", "漢", "\N{PILE OF POO}", '"', "\x01"])
def test_as_many_changes_as_arcgis_may_attach_fit_into_the_events_row_and_go_along_with_its_message(
    character: str,
) -> None:
    """Relates three limits: that of `changes` (arcgis/changes.py), of a row's property, and of a message."""
    whole = 0
    for length in range(500, 20_000, 500):
        changes = bounded_changes({"edits": [character * length]})
        event = make_event(field_values={"changes": changes, "url": "x" * 4_000})
        assert event_rows(event, b"{}")
        assert parse_delivery_message(FirstMessages(event).text_for(7).encode()).event == event
        whole += isinstance(changes, list)
    # Some were attached as they are, and some were too long for that.
    assert 0 < whole < len(range(500, 20_000, 500))


def test_a_message_that_is_sent_again_says_that_it_may_be_a_repeat_and_nothing_else_changes() -> None:
    message = DeliveryMessage(event_id=make_event().id, webhook_id=7, attempt=2, event=make_event())
    again = parse_delivery_message(as_repeat(message.as_text().encode()).encode())
    assert again == message.model_copy(update={"repeat": True})
    with pytest.raises(UnrecognizedMessage):
        as_repeat(b"{}")


@holds_for("traceparent", MALFORMED)
def test_no_delivery_is_refused_for_its_trace_or_for_its_event_s(traceparent: object) -> None:
    event = make_event(id=EVENT_ID)
    sent = json.loads(DeliveryMessage(event_id=event.id, webhook_id=1, event=event).as_text())
    body = {**sent, "traceparent": traceparent, "event": {**sent["event"], "traceparent": traceparent}}
    assert parse_delivery_message(json.dumps(body).encode()) == parse_delivery_message(json.dumps(sent).encode())
