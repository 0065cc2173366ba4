import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ContentTooLarge
from shared.events.event import Event, EventId, EventState, forgotten_event
from shared.events.rows import (
    EVENT_COLUMNS,
    event_keys,
    event_rows,
    forgotten_log_row,
    forgotten_row,
    has_more,
    log_keys,
    log_row,
    parse_announcement_id,
    parse_event,
    parse_payload,
    state_row,
    values_keys,
    with_values,
)
from shared.storage.keys import day_key, time_key
from tests.support.cases import holds_for
from tests.support.events import PAYLOAD, make_event
from tests.support.invoking import MALFORMED, TRACEPARENT

ANNOUNCEMENT = "5b4de2b0-5c8b-4a52-9f36-1d1f4b3a5b9e"
PIECE = 64 * 1024
MIB = 1024 * 1024

# The times of this app's life: it is not asked about others.
MOMENTS = st.datetimes(
    min_value=datetime(2000, 1, 1),
    max_value=datetime(2199, 12, 31),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(-timedelta(hours=12))]),
)
EVENTS = st.builds(
    Event,
    id=st.uuids().map(lambda id_: EventId(str(id_))),
    type=st.text(),
    source=st.text(),
    entity=st.text(),
    entity_id=st.text(),
    initiator=st.text(),
    received_at=MOMENTS,
    field_values=st.dictionaries(st.text(), st.text()),
    trimmed=st.booleans(),
    state=st.sampled_from(EventState),
    hops=st.integers(0, 4),
    traceparent=st.sampled_from([None, TRACEPARENT]),
    previous_values=st.none() | st.dictionaries(st.text(), st.integers()),
    parameters=st.none() | st.dictionaries(st.text(), st.booleans()),
    reconstructed=st.booleans(),
)


@pytest.mark.parametrize("make", [log_row, lambda event: first_row(event, PAYLOAD)])
def test_hops_stand_only_in_rows_of_events_that_have_some(make: Callable[[Event], dict[str, object]]) -> None:
    assert "Hops" not in make(make_event())
    assert make(make_event(hops=2))["Hops"] == 2
    assert parse_event(make(make_event())).hops == 0


def test_the_columns_of_an_event_are_those_of_its_row_without_the_payload() -> None:
    event = make_event(
        hops=1, previous_values={}, parameters={}, reconstructed=True, forgotten=True, traceparent=TRACEPARENT
    )
    row = {**first_row(event, PAYLOAD), "HasMore": True}
    assert {*EVENT_COLUMNS} == {name for name in row if not name.startswith(("Payload", "Pieces"))}


@given(EVENTS)
def test_a_forgotten_event_keeps_what_it_was_and_nothing_of_its_contents(event: Event) -> None:
    row = forgotten_row(first_row(event, PAYLOAD))
    assert parse_event(row) == forgotten_event(event)
    assert parse_payload(row) == b"null"
    # As the version before reads them.
    assert {"Changes": "[]", "Values": "null", "FieldValues": "{}"}.items() <= row.items()
    assert not row.keys() & {"PreviousValues", "Parameters", "HasMore"}
    assert forgotten_row(row) == row


@given(EVENTS)
def test_a_forgotten_event_is_listed_by_no_announcement_and_keeps_what_else_its_row_says(event: Event) -> None:
    dispatched = {
        **log_row(replace(event, state=EventState.DISPATCHED), "an announcement"),
        "Truncated": True,
        "Other": 1,
    }
    row = forgotten_log_row(dispatched, event)
    assert parse_event(row) == replace(forgotten_event(event), state=EventState.DISPATCHED)
    assert (parse_announcement_id(row), row["Other"], "Truncated" in row) == (None, 1, False)
    assert forgotten_log_row(row, event) == row
    assert parse_event(forgotten_log_row(None, event)) == forgotten_event(event)


def test_a_selected_column_that_storage_answers_as_null_counts_as_missing() -> None:
    event = make_event()
    assert parse_event({**first_row(event, PAYLOAD), "Hops": None}) == event


def first_row(event: Event, payload: bytes) -> dict[str, Any]:
    return event_rows(event, payload)[0]


def random_bytes(length: int) -> bytes:
    return random.Random(length).randbytes(length)  # noqa: S311 - only to be hard to compress


@cache
def incompressible_json(length: int) -> bytes:
    """A JSON string of this many bytes, of all ASCII characters that need no escape."""
    alphabet = bytes(set(range(0x20, 0x7F)) - set(b'"\\'))
    text = bytes(random.Random(length).choices(alphabet, k=length - 2))  # noqa: S311 - as above
    return b'"' + text + b'"'


@given(EVENTS)
def test_an_event_comes_out_of_its_row_as_it_went_in(event: Event) -> None:
    assert parse_event(first_row(event, PAYLOAD)) == event


@given(EVENTS, st.none() | st.uuids().map(str))
def test_an_event_and_its_announcement_come_out_of_the_log_as_they_went_in(event: Event, id_: str | None) -> None:
    row = log_row(event, id_)
    assert (parse_event(row), parse_announcement_id(row)) == (event, id_)
    assert ("Announcement" in row) is (id_ is not None)


@given(EVENTS, st.sampled_from(EventState))
def test_another_state_changes_that_alone_of_the_row(event: Event, state: EventState) -> None:
    row = log_row(event, ANNOUNCEMENT)
    change = state_row(replace(event, state=state))
    assert change.keys() == {"PartitionKey", "RowKey", "State"}
    assert {**row, **change} == {**row, "State": state.value}


@given(EVENTS, st.binary())
def test_a_payload_comes_out_byte_for_byte(event: Event, payload: bytes) -> None:
    assert parse_payload(first_row(event, payload)) == payload


@holds_for("pieces", [1, 2, 15])
@holds_for("more", [-400, -30, -20, -1, 0, 1, 20])
def test_a_payload_about_as_long_as_whole_pieces_comes_out_byte_for_byte(pieces: int, more: int) -> None:
    # What cannot be compressed grows by some bytes, so the last of the lengths is too long for fifteen pieces.
    payload = random_bytes(pieces * PIECE + more)
    try:
        row = first_row(make_event(), payload)
    except ContentTooLarge:
        assert pieces == 15
        return
    assert parse_payload(row) == payload


def test_a_mebibyte_of_json_that_is_hard_to_compress_fits_into_an_entity() -> None:
    payload = incompressible_json(MIB)
    assert len(json.loads(payload)) == MIB - 2
    row = first_row(make_event(), payload)
    assert parse_payload(row) == payload
    assert 12 * PIECE < sum(len(value) for value in row.values() if isinstance(value, bytes)) < 15 * PIECE


@pytest.mark.parametrize("length", [2, 3, PIECE, MIB])
def test_no_property_is_longer_than_storage_takes(length: int) -> None:
    row = first_row(make_event(), incompressible_json(length))
    assert all(len(value) <= PIECE for value in row.values() if isinstance(value, bytes))
    assert len(row) < 252


def test_what_does_not_fit_is_refused_before_anything_is_stored() -> None:
    with pytest.raises(ContentTooLarge):
        first_row(make_event(), random_bytes(MIB))


_CHANCE = random.Random(11)  # noqa: S311 - only to be hard to compress


def random_text(first: int, last: int, length: int) -> str:
    return "".join(map(chr, _CHANCE.choices(range(first, last + 1), k=length)))


def named_twice(names: list[str]) -> dict[str, Any]:
    return {"field_values": dict.fromkeys(names), "changes": tuple(names)}


MOST = 30_000 - len('{"a": ""}')


def test_values_that_fit_beside_the_payload_stand_in_one_row() -> None:
    event = make_event(field_values={"a": "x" * MOST})
    assert len(event_rows(event, PAYLOAD)) == 1
    assert not has_more(log_row(event))


LONG = {
    "one text over the limit": {"field_values": {"a": "x" * (MOST + 1)}},
    "a long list of changes": {"changes": ("x" * 30_000,)},
    "long values of a deleted row": {"values": {"a": "x" * 30_000}},
    "long values from before": {"previous_values": {"a": "x" * 30_000}},
    "long parameters": {"parameters": {"a": "x" * 30_000}},
    "characters that are escaped": {"field_values": {"a": "漢" * 6_000}},
    "two bytes a character": {"field_values": {"a": random_text(0x80, 0x7FF, 520_000)}},
    "four bytes a character": {"field_values": {"a": random_text(0x10000, 0x10FFFF, 260_000)}},
    "names that stand in it twice": named_twice([random_text(97, 122, 120) for _ in range(6_500)]),
    "as long as a payload may be": {"field_values": {"a": incompressible_json(MIB).decode()}},
}


@holds_for("changes", LONG.values())
def test_values_that_do_not_fit_stand_in_a_second_row_and_come_back_whole(changes: dict[str, Any]) -> None:
    event = make_event(**changes)
    row, more = event_rows(event, PAYLOAD)
    assert (more["PartitionKey"], more["RowKey"]) == values_keys(event.id) == (event.id[:2], f"{event.id}.1")
    assert has_more(row)
    assert with_values(parse_event(row), more) == event
    assert parse_payload(row) == PAYLOAD
    assert all(len(value) <= PIECE for value in more.values() if isinstance(value, bytes))


@holds_for("changes", LONG.values())
def test_a_listing_leaves_long_values_out_and_says_so(changes: dict[str, Any]) -> None:
    event = make_event(**{"parameters": {"short": 1}, **changes})
    listed = parse_event(log_row(event))
    assert listed.truncated
    assert has_more(log_row(event))
    assert sum(len(value) for value in log_row(event).values() if isinstance(value, str)) < 32_000
    for name in changes:
        assert not getattr(listed, name)
    if "parameters" not in changes:
        assert listed.parameters == {"short": 1}


def test_values_that_only_together_with_the_payload_are_too_much_stand_in_a_second_row_and_are_listed() -> None:
    long = {"a": "x" * 29_000}
    event = make_event(field_values=long, values=long, previous_values=long)
    row, more = event_rows(event, incompressible_json(MIB))
    assert with_values(parse_event(row), more) == event
    assert parse_event(log_row(event)) == event


def test_numbers_keep_their_digits() -> None:
    values = {"amount": Decimal("12345678901234567890.12"), "rate": 0.1, "huge": "1e400"}
    event = make_event(field_values=values, previous_values=values)
    assert parse_event(first_row(event, PAYLOAD)) == event
    assert "12345678901234567890.12" in first_row(event, PAYLOAD)["FieldValues"]


def test_what_even_a_second_row_does_not_hold_is_refused_before_anything_is_stored() -> None:
    with pytest.raises(ContentTooLarge):
        event_rows(make_event(field_values={"a": random_text(0x4E00, 0x9FFF, 600_000)}), PAYLOAD)


@given(EVENTS)
def test_an_event_is_found_by_its_id_alone(event: Event) -> None:
    row = first_row(event, PAYLOAD)
    assert (row["PartitionKey"], row["RowKey"]) == event_keys(event.id) == (event.id[:2], event.id)


@given(EVENTS, EVENTS)
def test_the_log_is_ordered_newest_first(one: Event, other: Event) -> None:
    older, newer = sorted((one, other), key=lambda event: event.received_at)
    if older.received_at < newer.received_at:
        assert log_keys(newer) < log_keys(older)


@given(MOMENTS, st.integers(min_value=1, max_value=10**9))
def test_one_microsecond_later_is_one_key_earlier(moment: datetime, microseconds: int) -> None:
    later = moment + timedelta(microseconds=microseconds)
    assert time_key(later) < time_key(moment)
    assert day_key(later) <= day_key(moment)
    assert len(time_key(moment)) == 17


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_keys_of_any_times_are_digits_and_never_in_the_wrong_order(one: datetime, other: datetime) -> None:
    earlier, later = sorted((one, other))
    assert time_key(later) <= time_key(earlier)
    assert day_key(later) <= day_key(earlier)
    assert all(len(time_key(moment)) == 17 and time_key(moment).isdigit() for moment in (one, other))


@given(MOMENTS)
def test_the_same_moment_has_the_same_keys_in_every_zone(moment: datetime) -> None:
    assert (day_key(moment), time_key(moment)) == (day_key(moment.astimezone(UTC)), time_key(moment.astimezone(UTC)))


@given(EVENTS, EVENTS)
def test_two_events_never_share_a_row_of_the_log(one: Event, other: Event) -> None:
    assert (log_keys(one) == log_keys(other)) == ((one.id, one.received_at) == (other.id, other.received_at))


@holds_for("traceparent", MALFORMED)
def test_a_row_whose_trace_is_malformed_is_an_event_without_a_trace(traceparent: object) -> None:
    event = make_event()
    for row in (first_row(event, PAYLOAD), log_row(event)):
        assert parse_event({**row, "Traceparent": traceparent}) == event
