"""Webhooks that the previous version stored, with tokens in clear: they go on working, and nothing of them is shown."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.delivery.attempt import Attempt
from shared.delivery.record import DeliveryState, new_record
from shared.errors import BadRequest
from shared.hub.hub import Hub
from shared.telemetry.tracing import at_invocation
from shared.webhooks.webhook import WebhookState
from tests.fakes.receiver import Receiver, answers
from tests.support.delivering import attempt, delivering_hub, new_event
from tests.support.invoking import TRACE, TRACEPARENT, invocation_context
from tests.support.previous_version import HEADER, ID, LAST_ERROR, SECRETS, plain_fingerprint, store, stored_row
from tests.webhooks.registered import read, save_back, stored

MASK = "********"


@pytest.fixture
def hub(connection_string: str) -> Hub:
    return delivering_hub(connection_string)


@pytest.fixture
def target(hub: Hub, receiver: Receiver) -> str:
    store(hub, f"{receiver.url}/hook")
    return f"{receiver.url}/hook"


def in_clear(value: object) -> list[str]:
    return [secret for secret in SECRETS if secret in str(value)]


def test_it_is_shown_with_masks_and_its_last_error_without_what_was_echoed(hub: Hub, target: str) -> None:
    entity = read(hub, ID)
    assert in_clear(entity) == []
    assert entity["Headers"] == {"Authorization": MASK, "X-Tenant": "7"}
    assert entity["Properties"] == {"apiKey": MASK, "tenant": 7, "nested": {"token": MASK}}
    assert entity["LastError"] == f"HTTP 500\n\nrefused: {', '.join([MASK] * 4)}"


def test_it_is_delivered_as_before(hub: Hub, target: str, receiver: Receiver) -> None:
    attempt(hub, stored(hub, ID))
    [call] = receiver.journal
    assert (call.headers["authorization"], call.headers["x-tenant"]) == (HEADER, "7")
    body = json.loads(call.body)
    assert (body["apiKey"], body["nested"]) == ("PROPSECRET", {"token": "INNERSECRET"})


def test_its_fingerprint_counts_and_the_next_save_seals_all_and_replaces_it(
    hub: Hub, target: str, receiver: Receiver
) -> None:
    save_back(hub, ID, Name="New")
    row = stored_row(hub)
    assert (receiver.journal, in_clear(row)) == ([], [])
    assert str(row["Tested"]).startswith("hmac:")
    save_back(hub, ID, Name="Newer")
    assert receiver.journal == []
    attempt(hub, stored(hub, ID))
    assert receiver.journal[0].headers["authorization"] == HEADER
    assert json.loads(receiver.journal[0].body)["nested"] == {"token": "INNERSECRET"}


def test_a_plain_fingerprint_of_something_else_does_not_stay(hub: Hub, target: str) -> None:
    save_back(hub, ID, Secret=None, State="Stopped")
    assert stored_row(hub)["Tested"] == ""


def test_its_target_cannot_be_moved_with_the_masks(hub: Hub, target: str) -> None:
    with pytest.raises(BadRequest) as caught:
        save_back(hub, ID, TargetUrl="http://127.0.0.2:9/")
    pointers = [error.pointer for error in caught.value.errors]
    assert pointers == ["#/Headers/Authorization", "#/Properties/apiKey", "#/Properties/nested/token"]
    assert stored_row(hub)["Tested"] == plain_fingerprint(target)


def test_what_its_receiver_echoed_is_cut_from_the_log_when_it_is_shown(hub: Hub, target: str) -> None:
    event = new_event()
    made = Attempt(datetime(2026, 1, 1, tzinfo=UTC), timedelta(milliseconds=5), 500, "http", LAST_ERROR)
    record = new_record(ID, event).after(made, DeliveryState.PENDING, None)
    clean = hub.receivers.known_secrets.record(stored(hub, ID), record)
    assert in_clear(clean.as_json(with_attempts=True)) == []
    assert hub.receivers.known_secrets.record(None, record) == record


def test_a_mask_that_was_stored_as_a_value_keeps_nobody_from_stopping_the_webhook(hub: Hub, target: str) -> None:
    before = stored(hub, ID)
    literal = before.webhook.model_copy(update={"headers": {"Authorization": MASK, "X-Stars": MASK}})
    hub.receivers.webhooks.rewrite(replace(before, webhook=literal))
    save_back(hub, ID, State="Stopped")
    assert read(hub, ID)["Headers"] == {"Authorization": MASK, "X-Stars": MASK}


def test_without_a_key_it_can_still_be_stopped_and_is_delivered(connection_string: str, receiver: Receiver) -> None:
    hub = delivering_hub(connection_string, SECRETS_KEY="")
    store(hub, receiver.url, with_secret=False)
    attempt(hub, stored(hub, ID))
    assert receiver.journal[0].headers["authorization"] == HEADER
    save_back(hub, ID, State="Stopped")
    assert stored(hub, ID).webhook.headers == {"Authorization": HEADER, "X-Tenant": "7"}
    # Its signing secret was in the echo too, and is not known without the key.
    assert in_clear(read(hub, ID) | {"LastError": None}) == []


def test_disabling_it_leaves_no_plain_fingerprint(hub: Hub, target: str, receiver: Receiver) -> None:
    receiver.behave(answers(410))
    attempt(hub, stored(hub, ID))
    assert (stored(hub, ID).webhook.state, stored_row(hub)["Tested"]) == (WebhookState.TOO_MANY_ERRORS, "")
    assert HEADER in str(stored_row(hub)["Document"])
    receiver.reset()
    save_back(hub, ID, State="Active")
    assert receiver.journal[0].headers["authorization"] == HEADER
    assert in_clear(stored_row(hub)) == []


def test_a_trace_header_that_was_saved_once_stays_and_the_hubs_own_is_sent(
    hub: Hub, receiver: Receiver, target: str
) -> None:
    before = stored(hub, ID)
    headers = {**(before.webhook.headers or {}), "Traceparent": "00-mine", "tracestate": "a=b"}
    hub.receivers.webhooks.rewrite(replace(before, webhook=before.webhook.model_copy(update={"headers": headers})))
    receiver.reset()
    save_back(hub, ID, TargetUrl=f"{receiver.url}/moved", Headers={**headers, "Authorization": HEADER})
    assert {"Traceparent", "tracestate"} <= (stored(hub, ID).webhook.headers or {}).keys()
    with at_invocation(invocation_context(TRACEPARENT)):
        attempt(hub, stored(hub, ID))
    test, call = receiver.journal
    assert "tracestate" not in {*test.headers, *call.headers}
    assert "traceparent" not in test.headers
    assert call.headers["traceparent"].split("-")[1] == TRACE


@pytest.mark.parametrize("name", ["traceparent", "Tracestate"])
def test_no_other_save_may_add_one(hub: Hub, target: str, name: str) -> None:
    with pytest.raises(BadRequest, match="is set by the hub"):
        save_back(hub, ID, Headers={"Authorization": MASK, "X-Tenant": "7", name: "x"})
