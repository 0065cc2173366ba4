"""What clients may signal, and what they may not because the hub's own sources make it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.arcgis.layer_event import EVENT_NAMES
from shared.dynamics.connection_created import CONNECTION_CREATED
from shared.errors import BadRequest
from shared.events.event import Event, EventId
from shared.webhooks.associate import associate_of
from shared.webhooks.registration import Author
from shared.webhooks.rows import parse_registration, registration_row
from shared.webhooks.signals import STATE_EVENTS, is_start, signalled_event, with_state_event
from shared.webhooks.webhook import WebhookState
from tests.support.cases import holds_for
from tests.webhooks.registered import NOW, registration

LATER = NOW + timedelta(milliseconds=500)


def signal(name: str, hops: int = 0) -> str:
    event, _ = signalled_event(EventId("id"), name, 1, {}, "kim@hub.example", datetime.now(UTC), hops=hops)
    assert (event.hops, event.source_kind) == (hops, "signal")
    return event.type


def changed(state: WebhookState, *, revision: int = 4, total_calls: int = 12, hops: int = 0) -> Event:
    """The event that tells of a webhook's new state."""
    before = replace(registration(3, "a.b", "c.d"), revision=revision)
    webhook = before.webhook.model_copy(update={"state": state})
    after = replace(before, webhook=webhook, updated=LATER, updated_by=Author("alex@hub.example"))
    [event] = with_state_event(before, after, total_calls=total_calls, hops=hops).signals
    return event


MADE = sorted({CONNECTION_CREATED, *EVENT_NAMES, "test"})
RESERVED = ["feature.x", "attachment.a.b", "webhook.errors", "webhook12.started", "webhook007.anything", "webhook1.a.b"]


@holds_for("name", [*MADE, *RESERVED])
@holds_for("case", [str.lower, str.upper, str.title])
def test_names_of_the_hubs_own_sources_cannot_be_signalled(name: str, case: Callable[[str], str]) -> None:
    with pytest.raises(BadRequest) as caught:
        signal(case(name))
    assert caught.value.errors[0].pointer == "#/EventName"


@pytest.mark.parametrize("state", STATE_EVENTS)
def test_what_the_hub_signals_of_a_webhook_cannot_be_signalled(state: WebhookState) -> None:
    event = changed(WebhookState.STOPPED, hops=2)
    assert (event.hops, event.source_kind) == (2, "hub")
    with pytest.raises(BadRequest):
        signal(f"webhook3.{STATE_EVENTS[state]}")


@pytest.mark.parametrize(("state", "number"), [("Active", 1), ("Stopped", 2), ("TooManyErrors", 3)])
def test_a_state_event_has_the_six_fields_that_the_vendor_documents(state: str, number: int) -> None:
    event = changed(WebhookState(state))
    assert (event.type, event.entity_id) == (f"webhook3.{STATE_EVENTS[WebhookState(state)]}", "3")
    assert (event.initiator, event.received_at) == ("alex@hub.example", LATER)
    assert dict(event.field_values) == {
        "events": 12,
        "registered": "2026-01-01T00:00:00Z",
        "registered_associate_id": associate_of("kim@hub.example", is_application=False).id,
        "state": number,
        "updated": "2026-01-01T00:00:00.500000Z",
        "updated_associate_id": associate_of("alex@hub.example", is_application=False).id,
    }


def test_the_id_of_a_state_event_follows_from_the_change_alone() -> None:
    event = changed(WebhookState.STOPPED)
    assert changed(WebhookState.STOPPED, total_calls=13, hops=1).id == event.id
    assert changed(WebhookState.ACTIVE).id != event.id
    assert changed(WebhookState.STOPPED, revision=5).id != event.id


@pytest.mark.parametrize("state", STATE_EVENTS)
def test_only_a_start_is_one(state: WebhookState) -> None:
    assert is_start(changed(state)) == (state is WebhookState.ACTIVE)


def test_an_event_joins_those_that_are_still_to_be_signalled() -> None:
    first = registration(3, "a.b", State="Stopped")
    second = with_state_event(first, first, total_calls=0, hops=0)
    third = with_state_event(second, replace(second, revision=2), total_calls=0, hops=0)
    assert third.signals[:1] == second.signals
    assert len(third.signals) == 2
    assert parse_registration(registration_row(third), "").signals == third.signals
    assert "Signals" not in registration_row(first)


@holds_for(
    "name",
    [
        "connection.updated",
        "connection.created.more",
        "connections.created",
        "my.feature.created",
        "features.created",
        "featured.x",
        "feature",
        "schema.changes",
        "schema.changed.x",
        "webhook",
        "webhooks.x",
        "webhook1x.y",
        "tests",
        "test.x",
        "contact.created",
    ],
)
def test_every_other_name_may_be_signalled(name: str) -> None:
    assert signal(name, hops=4) == name


@given(st.sampled_from([*MADE, *RESERVED]), st.lists(st.booleans(), min_size=30, max_size=30))
def test_no_mixture_of_cases_makes_another_name(name: str, is_upper: list[bool]) -> None:
    mixed = "".join(one.upper() if upper else one for one, upper in zip(name, is_upper, strict=False))
    with pytest.raises(BadRequest):
        signal(mixed)


@pytest.mark.parametrize(
    "name", ["te\u017ft", "te\u017ft.x", "test\n", " test", "connection\uff0ecreated", "webhook\u0661.x"]
)
def test_no_other_alphabet_makes_another_name(name: str) -> None:
    with pytest.raises(BadRequest):
        signal(name)


@pytest.mark.parametrize(
    ("primary_key", "data", "pointer"),
    [(2**31, {}, "#/PrimaryKey"), (-(2**31) - 1, {}, "#/PrimaryKey"), (1, {"a": "x" * 100_000}, "#/Data")],
)
def test_what_does_not_fit_into_an_event_is_refused_by_its_place(
    primary_key: int, data: dict[str, object], pointer: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        signalled_event(EventId("id"), "my.event", primary_key, data, "kim@hub.example", NOW)
    assert [error.pointer for error in caught.value.errors] == [pointer]
