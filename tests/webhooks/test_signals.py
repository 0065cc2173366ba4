"""What clients may signal, and what they may not because the hub's own sources make it."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.arcgis.layer_event import EVENT_NAMES
from shared.dynamics.connection_intake import CONNECTION_CREATED
from shared.errors import BadRequest
from shared.events.event import EventId
from shared.webhooks.signals import STATE_EVENTS, signalled_event, state_event
from shared.webhooks.webhook import WebhookState
from tests.support.cases import holds_for
from tests.webhooks.registered import NOW, registration


def signal(name: str, hops: int = 0) -> str:
    event, _ = signalled_event(EventId("id"), name, 1, {}, "kim@hub.example", datetime.now(UTC), hops=hops)
    assert (event.hops, event.source_kind) == (hops, "signal")
    return event.type


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
    event, _ = state_event(registration(3, "a.b", State=str(WebhookState.STOPPED)), NOW, "hub", hops=2)
    assert (event.hops, event.source_kind) == (2, "hub")
    with pytest.raises(BadRequest):
        signal(f"webhook3.{STATE_EVENTS[state]}")


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
