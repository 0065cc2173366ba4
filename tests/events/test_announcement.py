import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.events.announcement import Announcement, UnrecognizedMessage, parse_announcement
from shared.events.event import EventId
from tests.support.cases import holds_for

ID = "37c7c867-d571-e911-a956-000d3a1bc3f6"
ANNOUNCEMENTS = st.builds(
    Announcement,
    event_id=st.uuids().map(lambda id_: EventId(str(id_))),
    attempt=st.integers(min_value=0, max_value=10**6),
    after=st.integers(min_value=0, max_value=2**31 - 1),
)


@given(ANNOUNCEMENTS)
def test_an_announcement_comes_out_as_it_went_in(announcement: Announcement) -> None:
    assert parse_announcement(announcement.as_text().encode()) == announcement


def test_the_text_is_what_earlier_versions_sent_too() -> None:
    # Messages that wait in the queue while a new version is deployed must stay readable.
    text = json.dumps({"version": 1, "event_id": ID, "attempt": 2}).encode()
    assert parse_announcement(text) == Announcement(event_id=EventId(ID), attempt=2)


def test_one_that_begins_with_the_first_webhook_is_as_earlier_versions_know_it() -> None:
    assert json.loads(Announcement(event_id=EventId(ID)).as_text()) == {"version": 1, "event_id": ID, "attempt": 0}


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
