"""What receivers are told about an event, as SuperOffice's samples have it."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.callback import CallbackEvent, as_body, callback_content, callback_event
from shared.webhooks.associate import associate_of
from tests.support.cases import holds_for
from tests.support.events import make_event

INT32 = range(-(2**31), 2**31)
CHANGED = CallbackEvent(
    event_id="e7bbf3d2-cba7-5705-a419-383f6a5bd78e",
    event="contact.changed",
    body_event="contact.changed",
    timestamp=datetime(2025, 11, 3, 9, 15, 42, 417026, tzinfo=UTC),
    primary_key=18,
    entity="contact",
    changes=("contact_id", "name"),
    changed_by=5,
    context_identifier="Cust70011",
    field_values={"activeInterests": 0, "DeletedDate": "0001-01-01T00:00:00"},
    source="signal",
)
TEST = CallbackEvent(
    event_id="35811c50-4a29-5f72-b449-783c0c1eed4b",
    event="test",
    body_event="test",
    timestamp=datetime(2025, 11, 3, 9, 15, 40, tzinfo=UTC),
    primary_key=0,
    entity="test",
    changes=(),
    changed_by=41,
    context_identifier="Default",
    field_values={},
    source="hub",
    is_test=True,
)
BUILT_IN = ["EventId", "Timestamp", "Changes", "Values", "Event", "PrimaryKey", "Entity", "ContextIdentifier"]
BUILT_IN += ["ChangedByAssociateId", "WebhookName", "FieldValues", "Source", "PreviousValues", "Parameters"]
BUILT_IN += ["Trimmed", "Reconstructed"]


def sent(event: CallbackEvent, name: str, properties: Mapping[str, object] | None = None) -> bytes:
    return as_body(callback_content(event, name, properties))


def test_the_body_is_that_of_the_sample_and_says_its_source() -> None:
    assert sent(CHANGED, "Contacts to the map", None) == (
        b'{"EventId":"e7bbf3d2-cba7-5705-a419-383f6a5bd78e","Timestamp":"2025-11-03T09:15:42.4170260Z",'
        b'"Changes":["contact_id","name"],"Event":"contact.changed","PrimaryKey":18,"Entity":"contact",'
        b'"ContextIdentifier":"Cust70011","ChangedByAssociateId":5,"WebhookName":"Contacts to the map",'
        b'"FieldValues":{"activeInterests":0,"DeletedDate":"0001-01-01T00:00:00"},"Source":"signal"}'
    )


def test_the_body_of_the_test_event_is_that_of_the_sample_and_says_its_source() -> None:
    assert sent(TEST, "Contacts to the map", None) == (
        b'{"EventId":"35811c50-4a29-5f72-b449-783c0c1eed4b","Timestamp":"2025-11-03T09:15:40.0000000Z","Changes":[],'
        b'"Event":"test","PrimaryKey":0,"Entity":"test","ContextIdentifier":"Default","ChangedByAssociateId":41,'
        b'"WebhookName":"Contacts to the map","Source":"hub"}'
    )


def test_a_deletion_has_the_values_of_what_is_gone_after_the_changes() -> None:
    body = json.loads(sent(replace(CHANGED, changes=(), values={"contact_id": 5150}), "n", None))
    assert list(body)[2:5] == ["Changes", "Values", "Event"]
    assert body["Values"] == {"contact_id": 5150}


def test_without_field_values_their_key_is_there_all_the_same() -> None:
    assert json.loads(sent(replace(CHANGED, field_values={}), "n", None))["FieldValues"] == {}


def test_the_state_event_has_its_number_in_the_header_only() -> None:
    event = callback_event(make_event(type="webhook12.errors", source="hub", entity="webhook", entity_id="12"))
    assert (event.event, event.primary_key, event.changed_by) == ("webhook12.errors", 12, 0)
    assert callback_content(event, "n")["Event"] == "webhook.errors"


def test_an_event_is_told_with_its_own_name_its_values_and_who_caused_it() -> None:
    stored = make_event(type="contact.main.deleted", source="signal", entity_id="7", values={"a": "1"}, changes=("b",))
    event = callback_event(stored)
    assert (event.event, event.body_event) == ("contact.main.deleted",) * 2
    assert (event.values, event.changes, event.hops) == ({"a": "1"}, ("b",), stored.hops)
    assert event.changed_by == associate_of(stored.initiator, is_application=False).id > 0


def test_a_state_event_of_several_words_keeps_the_last() -> None:
    event = callback_event(make_event(type="webhook12.too.many", source="hub", entity="webhook", entity_id="12"))
    assert event.body_event == "webhook.many"


@holds_for("number", [-(2**31), 2**31 - 1, 0, -1])
def test_the_edges_of_32_bits_are_primary_keys(number: int) -> None:
    assert callback_event(make_event(entity_id=str(number))).primary_key == number


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2025, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=2))), "2024-12-31T23:00:00.0000000Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.0000000Z"),
    ],
)
def test_the_time_is_utc_with_seven_decimals(moment: datetime, text: str) -> None:
    assert json.loads(sent(replace(CHANGED, timestamp=moment), "n", None))["Timestamp"] == text


def test_the_body_is_utf8() -> None:
    assert '"WebhookName":"Zoë 例"'.encode() in sent(CHANGED, "Zoë 例", None)


def test_properties_stand_at_the_top_level_after_the_built_in_keys() -> None:
    body = json.loads(sent(CHANGED, "n", {"Tenant": {"id": [1, None]}, "region": "no"}))
    assert list(body)[-4:] == ["FieldValues", "Source", "Tenant", "region"]
    assert body["Tenant"] == {"id": [1, None]}


@holds_for("key", BUILT_IN)
@holds_for("event", [CHANGED, TEST])
def test_a_property_never_passes_for_a_built_in_key(event: CallbackEvent, key: str) -> None:
    properties: dict[str, object] = {key: "forged", key.lower(): "forged", key.upper(): "forged"}
    assert sent(event, "n", properties) == sent(event, "n", None)


json_values = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5)


@given(st.text(), st.dictionaries(st.text(), json_values))
def test_what_is_given_comes_out_of_the_body(name: str, properties: dict[str, object]) -> None:
    body = json.loads(sent(CHANGED, name, properties))
    assert body["WebhookName"] == name
    own = {key: value for key, value in properties.items() if key.lower() not in {key.lower() for key in BUILT_IN}}
    assert body | own == body


@given(st.integers(-(2**40), 2**40))
def test_a_key_that_is_a_32_bit_integer_is_the_primary_key_and_any_other_0(number: int) -> None:
    assert callback_event(make_event(entity_id=str(number))).primary_key == (number if number in INT32 else 0)


@given(st.text(max_size=20))
def test_whatever_the_key_is_the_primary_key_is_a_32_bit_integer(text: str) -> None:
    event = callback_event(make_event(entity_id=text))
    assert event.primary_key in INT32
    assert event.record_id == text


@holds_for("text", ["", "-", "--5", "٣", "²", "1.0", " 5", "5\n", "0x10", "37c7c867", "9" * 5000])
def test_what_only_looks_like_an_integer_is_0(text: str) -> None:
    assert callback_event(make_event(entity_id=text)).primary_key == 0


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_does_not_have_is_never_sent(number: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        sent(replace(CHANGED, field_values={"x": number}), "n")


def test_the_timestamp_is_in_utc_wherever_the_process_runs() -> None:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()
    try:
        assert json.loads(sent(CHANGED, "n"))["Timestamp"] == "2025-11-03T09:15:42.4170260Z"
    finally:
        os.environ.pop("TZ")
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()
