"""What the log knows of one delivery, as a row and as the Events API shows it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.attempt import Attempt, Verdict, loggable
from shared.delivery.record import (
    DELIVERIES_TABLE,
    MAX_KEPT_ATTEMPTS,
    SUMMARY,
    DeliveryRecord,
    DeliveryState,
    delivery_keys,
    delivery_row,
    new_record,
    parse_record,
    summary,
)
from shared.delivery.waiting import WaitingReason
from shared.hub.hub import Hub
from shared.storage.query import Query
from tests.support.events import RECEIVED_AT, make_event

FAILURE = Attempt(datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC), timedelta(milliseconds=12), 500, "http", "HTTP 500\n")
RECORD = new_record(7, make_event())
# What takes most room for 4,000 characters, in UTF-8, in UTF-16, and once it is JSON.
LONG_REPLIES = ["\N{PILE OF POO}" * 4000, "漢" * 4000, '"' * 4000, loggable("\x01" * 4000), "\\\n" * 2000]

moments = st.datetimes(timezones=st.just(UTC))


def failed(record: DeliveryRecord, reply: str = "") -> DeliveryRecord:
    return record.after(replace(FAILURE, text=reply), DeliveryState.PENDING)


@pytest.mark.parametrize("reply", LONG_REPLIES)
def test_the_longest_replies_of_all_attempts_that_are_kept_fit_into_a_row(hub: Hub, reply: str) -> None:
    record = RECORD
    for _ in range(MAX_KEPT_ATTEMPTS):
        record = failed(record, reply)
    row = delivery_row(record)
    # As the service counts: UTF-16, 64 KiB a property and 1 MiB an entity.
    sizes = [len(str(value).encode("utf-16-le")) for value in row.values()]
    assert max(sizes) < 64 * 1024
    assert sum(sizes) < 900_000
    hub.receivers.deliveries.write(record)
    stored = hub.receivers.deliveries.get(7, make_event(id=record.event_id))
    assert stored is not None
    assert [attempt.text for attempt in stored.log] == [reply] * MAX_KEPT_ATTEMPTS


def test_the_newest_attempts_are_kept() -> None:
    record = RECORD
    for number in range(MAX_KEPT_ATTEMPTS + 5):
        record = failed(record, str(number))
    assert [attempt.text for attempt in record.log] == [str(number) for number in range(5, MAX_KEPT_ATTEMPTS + 5)]
    assert record.attempts == MAX_KEPT_ATTEMPTS + 5


@given(
    moment=moments,
    next_at=st.none() | moments,
    state=st.sampled_from(DeliveryState),
    status=st.none() | st.sampled_from([200, 410, 500]),
    error_class=st.sampled_from(["", "http", "dns"]),
    milliseconds=st.integers(0, 10**9),
)
def test_a_row_gives_the_record_back(
    moment: datetime,
    next_at: datetime | None,
    state: DeliveryState,
    status: int | None,
    error_class: str,
    milliseconds: int,
) -> None:
    record = DeliveryRecord(2**31 - 1, RECORD.event_id, "thing.changed", moment, state, 3, 2, next_at)
    attempt = Attempt(moment, timedelta(milliseconds=milliseconds), status, error_class, "née")
    record = record.after(attempt, state, next_at)
    parsed = parse_record(delivery_row(record), "tag")
    assert parsed == DeliveryRecord(**{**vars(record), "etag": "tag"})


@given(st.tuples(moments, moments).map(sorted))
def test_newer_events_stand_first(times: list[datetime]) -> None:
    older, newer = (delivery_keys(7, RECORD.event_id, moment) for moment in times)
    assert newer <= older


def test_the_key_is_the_same_in_every_time_zone() -> None:
    elsewhere = RECEIVED_AT.astimezone(timezone(timedelta(hours=-11)))
    assert delivery_keys(7, RECORD.event_id, elsewhere) == delivery_keys(7, RECORD.event_id, RECEIVED_AT)


def test_an_attempt_stands_in_its_row_as_every_version_of_the_hub_writes_it() -> None:
    row = delivery_row(failed(RECORD, "née"))
    assert row["Log0"] == (
        '{"at": "2026-03-14T09:26:53+00:00", "duration_ms": 12, "status": 500, "error_class": "http", "reply": "née"}'
    )


@pytest.mark.parametrize(("microseconds", "shown"), [(0, 0), (400, 0), (600, 1), (12_499, 12)])
def test_a_duration_is_kept_in_whole_milliseconds(microseconds: int, shown: int) -> None:
    attempt = replace(FAILURE, duration=timedelta(microseconds=microseconds))
    record = RECORD.after(attempt, DeliveryState.PENDING)
    (kept,) = parse_record(delivery_row(record), "tag").log
    assert kept.duration == timedelta(milliseconds=shown)


@pytest.mark.parametrize(
    ("status", "error_class", "verdict"),
    [(204, "", Verdict.DELIVERED), (None, "", Verdict.DELIVERED), (410, "http", Verdict.GONE), (None, "dns", "failed")],
)
def test_a_row_says_what_an_attempt_meant(status: int | None, error_class: str, verdict: Verdict) -> None:
    record = RECORD.after(replace(FAILURE, status=status, error_class=error_class), DeliveryState.PENDING)
    assert parse_record(delivery_row(record), "tag").log[0].verdict == verdict


def test_an_attempt_is_past_once_it_or_a_later_one_was_made() -> None:
    record = DeliveryRecord(7, RECORD.event_id, "thing.changed", RECEIVED_AT, cycle=1, attempts=2)
    asked = [(cycle, attempt) for cycle in range(3) for attempt in range(4)]
    assert asked == sorted(asked)
    past = [record.is_past(cycle, attempt) for cycle, attempt in asked]
    # Once one is not past, none after it is.
    assert all(earlier or not later for earlier, later in pairwise(past))
    assert asked[past.index(False)] == (1, 2)


@pytest.mark.parametrize("attempt", range(4))
def test_what_is_delivered_is_not_attempted_again_but_by_a_replay(attempt: int) -> None:
    delivered = failed(RECORD).after(FAILURE, DeliveryState.DELIVERED)
    assert delivered.is_past(0, attempt)
    assert not delivered.is_past(1, 0)


def test_the_delivery_is_shown_with_its_attempts_where_they_are_asked_for() -> None:
    record = failed(RECORD, "HTTP 500")
    shown = record.as_json()
    assert shown == {
        "eventId": RECORD.event_id,
        "webhookId": 7,
        "event": "connection.created",
        "eventAt": "2026-03-14T09:26:53.589793+00:00",
        "state": "pending",
        "attempts": 1,
        "nextAttemptAt": None,
        "replays": 0,
        "waitingReason": None,
        "waitingUntil": None,
        "last": {"at": "2026-03-14T09:26:53+00:00", "durationMs": 12, "status": 500, "errorClass": "http"},
    }
    attempt = {
        "at": "2026-03-14T09:26:53+00:00",
        "durationMs": 12,
        "status": 500,
        "errorClass": "http",
        "reply": "HTTP 500",
    }
    assert record.as_json(with_attempts=True) == {**shown, "log": [attempt]}


def test_why_it_waits_counts_only_while_it_waits() -> None:
    until = RECEIVED_AT + timedelta(hours=1)
    waits = replace(RECORD, state=DeliveryState.WAITING, waiting_reason=WaitingReason.PAUSED, waiting_until=until)
    row = delivery_row(waits)
    assert (row["State"], row["WaitingReason"], row["WaitingUntil"]) == ("waiting", "paused", until.isoformat())
    assert parse_record(row, "tag") == replace(waits, etag="tag")
    assert waits.as_json() == {
        **RECORD.as_json(),
        "state": "waiting",
        "waitingReason": "paused",
        "waitingUntil": until.isoformat(),
    }
    for record in (waits.after(FAILURE, DeliveryState.PENDING), replace(waits, state=DeliveryState.HELD)):
        row = delivery_row(record)
        assert (row["WaitingReason"], row["WaitingUntil"]) == ("", "")
        assert (record.as_json()["waitingReason"], record.as_json()["waitingUntil"]) == (None, None)


def test_a_claim_is_kept_until_the_attempt_is_made_and_shown_to_nobody() -> None:
    claimed = replace(RECORD, claimed_at=RECEIVED_AT, claimed_by="a message")
    assert parse_record(delivery_row(claimed), "tag") == replace(claimed, etag="tag")
    assert claimed.as_json(with_attempts=True) == RECORD.as_json(with_attempts=True)
    made = claimed.after(FAILURE, DeliveryState.PENDING)
    assert (made.claimed_at, made.claimed_by) == (None, None)


def test_a_row_of_the_previous_version_is_read_and_listed() -> None:
    row = {
        "PartitionKey": "0000000007",
        "RowKey": f"98226541786410211-{RECORD.event_id}",
        "EventId": RECORD.event_id,
        "Event": "connection.created",
        "EventAt": "2026-03-14T09:26:53.589793+00:00",
        "State": "pending",
        "Cycle": 1,
        "Attempts": 2,
        "NextAttemptAt": "",
        "Logged": 0,
    }
    expected = replace(RECORD, cycle=1, attempts=2, etag="tag")
    # In a listing storage answers null for the columns that are not there.
    missing = dict.fromkeys(set(SUMMARY) - set(row))
    assert parse_record(row, "tag") == parse_record({**row, **missing}, "tag") == expected
    assert summary({**row, **missing}) == expected.as_json()


def test_all_records_of_a_webhook_stand_in_one_partition(hub: Hub) -> None:
    for _ in range(3):
        hub.receivers.deliveries.write(new_record(7, make_event()))
    rows = hub.storage.table(DELIVERIES_TABLE).query(Query().where("PartitionKey eq", "0000000007"))
    assert len(list(rows)) == 3
