import json
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.events.announcement import (
    Announcement,
    UnrecognizedMessage,
    as_repeat,
    new_announcement,
    parse_announcement,
)
from shared.events.event import EventId
from tests.support.cases import holds_for
from tests.support.invoking import MALFORMED, TRACEPARENT

ID = "37c7c867-d571-e911-a956-000d3a1bc3f6"
ANNOUNCEMENTS = st.builds(
    Announcement,
    id=st.none() | st.uuids().map(str),
    event_id=st.uuids().map(lambda id_: EventId(str(id_))),
    attempt=st.integers(min_value=0, max_value=10**6),
    misses=st.integers(min_value=0, max_value=7),
    after=st.integers(min_value=0, max_value=2**31 - 1),
    repeat=st.booleans(),
    traceparent=st.sampled_from([None, TRACEPARENT]),
)


@given(ANNOUNCEMENTS)
def test_an_announcement_comes_out_as_it_went_in(announcement: Announcement) -> None:
    assert parse_announcement(announcement.as_text().encode()) == announcement


@holds_for("after", [0, 7])
def test_what_earlier_versions_sent_has_no_id_and_counts_from_0(after: int) -> None:
    # Messages that wait in the queue while a new version is deployed must stay readable.
    sent = {"version": 1, "event_id": ID, "attempt": 2, **({"after": after} if after else {})}
    expected = Announcement(id=None, event_id=EventId(ID), attempt=2, misses=0, after=after, repeat=False)
    assert parse_announcement(json.dumps(sent).encode()) == expected


def test_each_announcement_of_an_event_has_an_id_of_its_own() -> None:
    one, other = new_announcement(EventId(ID)), new_announcement(EventId(ID))
    assert one.id != other.id
    assert one == Announcement(id=one.id, event_id=EventId(ID))


def test_what_says_nothing_is_left_out_of_the_text() -> None:
    announcement = new_announcement(EventId(ID))
    expected = {"version": 1, "id": announcement.id, "event_id": ID, "attempt": 0}
    assert json.loads(announcement.as_text()) == expected


@given(ANNOUNCEMENTS)
def test_each_message_that_goes_on_for_an_announcement_changes_only_what_its_name_says(one: Announcement) -> None:
    assert dict(one.put_off()) == {**dict(one), "attempt": one.attempt + 1}
    assert dict(one.missed()) == {**dict(one), "misses": one.misses + 1}
    assert dict(one.going_on(after=7, repeat=False)) == {**dict(one), "after": 7, "repeat": False}
    assert dict(one.as_repeat()) == {**dict(one), "repeat": True}
    assert parse_announcement(as_repeat(one.as_text().encode()).encode()) == one.as_repeat()


@holds_for(
    "body",
    [
        b"",
        b"hello",
        b"null",
        b"[]",
        b"{}",
        b'"' + ID.encode() + b'"',
        b"\xff\xfe",
        json.dumps({"version": 2, "event_id": ID}).encode(),
        json.dumps({"version": "1", "event_id": ID}).encode(),
        json.dumps({"version": 1}).encode(),
        json.dumps({"version": 1, "event_id": "no id"}).encode(),
        json.dumps({"version": 1, "event_id": ID.upper()}).encode(),
        json.dumps({"version": 1, "event_id": f"{ID}\n"}).encode(),
        json.dumps({"version": 1, "event_id": None}).encode(),
        json.dumps({"version": 1, "event_id": ID, "attempt": -1}).encode(),
        json.dumps({"version": 1, "event_id": ID, "attempt": "1"}).encode(),
        json.dumps({"version": 1, "event_id": ID, "attempt": True}).encode(),
        json.dumps({"version": 1, "event_id": ID, "extra": 1}).encode(),
        json.dumps({"version": 1, "event_id": ID, "after": -1}).encode(),
        json.dumps({"version": 1, "event_id": ID, "after": 2**31}).encode(),
        json.dumps({"version": 1, "event_id": ID, "after": "1"}).encode(),
        json.dumps({"version": 1, "event_id": ID, "id": "no id"}).encode(),
        json.dumps({"version": 1, "event_id": ID, "id": ID.upper()}).encode(),
        json.dumps({"version": 1, "event_id": ID, "misses": -1}).encode(),
        json.dumps({"version": 1, "event_id": ID, "repeat": 1}).encode(),
    ],
)
def test_anything_else_is_none_of_ours(body: bytes) -> None:
    with pytest.raises(UnrecognizedMessage):
        parse_announcement(body)


@given(st.binary() | st.text().map(str.encode))
@example(b'{"event_id":"' + b"\xed\xa0\x80" + b'"}')
def test_any_message_is_an_announcement_or_none_of_ours(body: bytes) -> None:
    with pytest.raises(UnrecognizedMessage):
        parse_announcement(body)


def test_the_refusal_names_the_member_and_not_its_content() -> None:
    with pytest.raises(UnrecognizedMessage, match="event_id") as caught:
        parse_announcement(json.dumps({"event_id": "s3cret"}).encode())
    assert "s3cret" not in str(caught.value)


@holds_for("traceparent", MALFORMED)
def test_no_announcement_is_refused_for_its_trace(traceparent: object) -> None:
    body = json.dumps({"version": 1, "event_id": ID, "id": ID, "traceparent": traceparent}).encode()
    assert parse_announcement(body) == Announcement(id=ID, event_id=EventId(ID))
    assert json.loads(as_repeat(body)) == {"version": 1, "id": ID, "event_id": ID, "attempt": 0, "repeat": True}
    assert new_announcement(EventId(ID), traceparent=cast("Any", traceparent)).traceparent is None
