import json
import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from shared.delivery.callback import CallbackEvent, callback_body, callback_headers
from shared.webhooks.signing import InvalidSecret, superoffice_signature
from tests.support.cases import holds_for

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
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
BUILT_IN += ["ChangedByAssociateId", "WebhookName", "FieldValues", "Source"]


def headers(occurrence: CallbackEvent = CHANGED, **changes: object) -> dict[str, str]:
    """The headers of a first attempt without a secret, but for the changes."""
    given: dict[str, object] = {"version": "1.2.3", "attempt": 0, "custom": None, "secrets": (), "now": NOW}
    return callback_headers(occurrence, b"{}", **(given | changes))  # type: ignore[arg-type]  # checked by the call


def test_the_body_is_that_of_the_sample_and_says_its_source() -> None:
    assert callback_body(CHANGED, "Contacts to the map", None) == (
        b'{"EventId":"e7bbf3d2-cba7-5705-a419-383f6a5bd78e","Timestamp":"2025-11-03T09:15:42.4170260Z",'
        b'"Changes":["contact_id","name"],"Event":"contact.changed","PrimaryKey":18,"Entity":"contact",'
        b'"ContextIdentifier":"Cust70011","ChangedByAssociateId":5,"WebhookName":"Contacts to the map",'
        b'"FieldValues":{"activeInterests":0,"DeletedDate":"0001-01-01T00:00:00"},"Source":"signal"}'
    )


def test_the_body_of_the_test_event_is_that_of_the_sample_and_says_its_source() -> None:
    assert callback_body(TEST, "Contacts to the map", None) == (
        b'{"EventId":"35811c50-4a29-5f72-b449-783c0c1eed4b","Timestamp":"2025-11-03T09:15:40.0000000Z","Changes":[],'
        b'"Event":"test","PrimaryKey":0,"Entity":"test","ContextIdentifier":"Default","ChangedByAssociateId":41,'
        b'"WebhookName":"Contacts to the map","Source":"hub"}'
    )


def test_a_deletion_has_the_values_of_what_is_gone_after_the_changes() -> None:
    body = json.loads(callback_body(replace(CHANGED, changes=(), values={"contact_id": 5150}), "n", None))
    assert list(body)[2:5] == ["Changes", "Values", "Event"]
    assert body["Values"] == {"contact_id": 5150}


def test_without_field_values_their_key_is_there_all_the_same() -> None:
    assert json.loads(callback_body(replace(CHANGED, field_values={}), "n", None))["FieldValues"] == {}


def test_the_state_event_has_its_number_in_the_header_only() -> None:
    occurrence = replace(CHANGED, event="webhook12.errors", body_event="webhook.errors", primary_key=12)
    assert headers(occurrence)["X-SuperOffice-Event"] == "webhook12.errors"
    assert json.loads(callback_body(occurrence, "n", None))["Event"] == "webhook.errors"


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2025, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=2))), "2024-12-31T23:00:00.0000000Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.0000000Z"),
    ],
)
def test_the_time_is_utc_with_seven_decimals(moment: datetime, text: str) -> None:
    assert json.loads(callback_body(replace(CHANGED, timestamp=moment), "n", None))["Timestamp"] == text


def test_the_body_is_utf8() -> None:
    assert '"WebhookName":"Zoë 例"'.encode() in callback_body(CHANGED, "Zoë 例", None)


def test_properties_stand_at_the_top_level_after_the_built_in_keys() -> None:
    body = json.loads(callback_body(CHANGED, "n", {"Tenant": {"id": [1, None]}, "region": "no"}))
    assert list(body)[-4:] == ["FieldValues", "Source", "Tenant", "region"]
    assert body["Tenant"] == {"id": [1, None]}


@holds_for("key", BUILT_IN)
@holds_for("occurrence", [CHANGED, TEST])
def test_a_property_never_passes_for_a_built_in_key(occurrence: CallbackEvent, key: str) -> None:
    properties: dict[str, object] = {key: "forged", key.lower(): "forged", key.upper(): "forged"}
    assert callback_body(occurrence, "n", properties) == callback_body(occurrence, "n", None)


json_values = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5)


@given(st.text(), st.dictionaries(st.text(), json_values))
def test_what_is_given_comes_out_of_the_body(name: str, properties: dict[str, object]) -> None:
    body = json.loads(callback_body(CHANGED, name, properties))
    assert body["WebhookName"] == name
    own = {key: value for key, value in properties.items() if key.lower() not in {key.lower() for key in BUILT_IN}}
    assert body | own == body


def test_the_headers_of_a_first_attempt_without_a_secret() -> None:
    assert headers() == {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "DynamicsWebhookHub/1.2.3",
        "X-SuperOffice-Event": "contact.changed",
        "X-SuperOffice-EventId": "e7bbf3d2-cba7-5705-a419-383f6a5bd78e",
        "X-Hub-Hops": "1",
    }


def test_a_delivery_is_one_hop_further_than_its_event() -> None:
    assert headers(replace(CHANGED, hops=3), custom={"x-hub-hops": "0"})["X-Hub-Hops"] == "4"


def test_a_retry_says_which_it_is() -> None:
    assert headers(attempt=2)["X-SuperOffice-Retry"] == "2"


def test_the_test_event_says_so() -> None:
    assert headers(TEST)["X-Hook-Test"] == "true"


def test_superoffices_signature_is_made_with_the_first_secret() -> None:
    signed = headers(secrets=("new", "old"))
    assert signed["X-SuperOffice-Signature"] == superoffice_signature("new", b"{}")
    assert len(signed["webhook-signature"].split()) == 2


def test_a_receiver_with_the_reference_library_accepts_the_callback() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = callback_body(CHANGED, "n", None)
    signed = callback_headers(
        CHANGED, body, version="1", attempt=1, custom={"X-A": "b"}, secrets=(secret,), now=datetime.now(UTC)
    )
    assert Webhook(secret).verify(body, signed)["PrimaryKey"] == 18


def test_the_message_id_is_the_same_for_all_attempts_and_the_time_is_not() -> None:
    first, second = headers(secrets=("s",)), headers(secrets=("s",), attempt=1, now=NOW + timedelta(seconds=4))
    assert first["webhook-id"] == second["webhook-id"] == CHANGED.event_id
    assert int(second["webhook-timestamp"]) == int(first["webhook-timestamp"]) + 4


def test_custom_headers_go_along() -> None:
    assert headers(custom={"Authorization": "Bearer t"})["Authorization"] == "Bearer t"


@pytest.mark.parametrize(
    "name", ["content-type", "x-superoffice-event", "X-SUPEROFFICE-SIGNATURE", "Webhook-Id", "user-agent", "host"]
)
def test_a_custom_header_replaces_none_of_ours(name: str) -> None:
    assert headers(custom={name: "forged"}, secrets=("s",)) == headers(secrets=("s",))


def test_a_secret_that_cannot_sign_stops_the_callback() -> None:
    with pytest.raises(InvalidSecret):
        headers(secrets=("whsec_",))


def test_the_first_retry_says_so_and_the_first_attempt_does_not() -> None:
    assert headers(attempt=1)["X-SuperOffice-Retry"] == "1"
    assert "X-SuperOffice-Retry" not in headers(attempt=0)


def test_a_number_that_json_has_not_is_never_sent() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        callback_body(replace(CHANGED, field_values={"x": float("nan")}), "n", None)


def test_the_timestamp_is_in_utc_wherever_the_process_runs() -> None:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()
    try:
        assert json.loads(callback_body(CHANGED, "n", None))["Timestamp"] == "2025-11-03T09:15:42.4170260Z"
    finally:
        os.environ.pop("TZ")
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()
