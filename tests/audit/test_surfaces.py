"""What a request is called in the audit: by method and path alone, and none goes by unnamed."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.api.superoffice.agent import OPERATIONS
from shared.audit.entry import MAX_TEXT
from shared.audit.recording import Kind
from shared.audit.surface import READ, UNKNOWN, Surface
from shared.audit.surfaces import (
    DYNAMICS_REGISTRATION,
    EVENTS,
    SURFACES,
    WEBHOOK_ADMIN,
    WEBHOOK_AGENT,
    WEBHOOK_CONNECTIONS,
)
from tests.support.cases import holds_for
from tests.support.events import RECEIVED_AT

ROOT = Path(__file__).parents[2]
ID = "0d8f7c52-6a3e-4b19-9c4d-1f2e3a4b5c6d"
CONNECTION = {"orgId": "Org", "itemId": "Item", "connectionId": "AbC", "operation": None}


@holds_for(
    ("surface", "method", "path", "action", "target"),
    [
        (WEBHOOK_ADMIN, "POST", "", "webhook.create", "webhooks"),
        (WEBHOOK_ADMIN, "PUT", "12", "webhook.update", "webhooks/12"),
        (WEBHOOK_ADMIN, "patch", "12/", "webhook.update", "webhooks/12"),
        (WEBHOOK_ADMIN, "DELETE", "12", "webhook.delete", "webhooks/12"),
        (WEBHOOK_ADMIN, "POST", "Test", "webhook.test", "webhooks"),
        (WEBHOOK_ADMIN, "POST", "sale.created/7", "event.signal", "webhooks/sale.created/7"),
        (WEBHOOK_ADMIN, "GET", "12/lasterror", READ, "webhooks/12"),
        (EVENTS, "POST", "deliveries/replay", "delivery.replay", "events"),
        (EVENTS, "POST", f"{ID.upper()}/deliveries/3/replay", "delivery.replay", f"events/{ID}/deliveries/3"),
        (EVENTS, "GET", "audit", READ, "events"),
        (DYNAMICS_REGISTRATION, "POST", "ensure", "dynamics.webhook.ensure", "dynamics/webhooks"),
        (DYNAMICS_REGISTRATION, "DELETE", ID.upper(), "dynamics.webhook.delete", f"dynamics/webhooks/{ID}"),
        (DYNAMICS_REGISTRATION, "POST", f"{ID}/steps", "dynamics.step.create", f"dynamics/webhooks/{ID}"),
        (
            DYNAMICS_REGISTRATION,
            "POST",
            f"{ID}/steps/{ID}/FAILURES/{ID}/replay",
            "dynamics.job.replay",
            f"dynamics/webhooks/{ID}/steps/{ID}/failures/{ID}",
        ),
        (DYNAMICS_REGISTRATION, "DELETE", f"{ID}/nothing", UNKNOWN, "dynamics/webhooks"),
        (EVENTS, "POST", "", UNKNOWN, "events"),
        (EVENTS, "GET", "a/b/c/d", READ, "events"),
    ],
)
def test_a_request_is_named_by_method_and_path(
    surface: Surface, method: str, path: str, action: str, target: str
) -> None:
    begun = surface.begin(method, {"path": path}, {})
    assert (begun.action, begun.target) == (action, target)
    assert (begun.kind is Kind.READ) == (method == "GET")


def test_a_connection_is_named_with_where_it_belongs() -> None:
    begun = WEBHOOK_CONNECTIONS.begin("PUT", CONNECTION, {})
    assert (begun.action, begun.target) == ("connection.update", "connections/Org/Item/AbC")
    begun = WEBHOOK_CONNECTIONS.begin("POST", {**CONNECTION, "connectionId": None}, {})
    assert (begun.action, begun.target) == ("connection.create", "connections/Org/Item")


@pytest.mark.parametrize("dry_run", ["true", "TRUE"])
def test_a_dry_run_only_reads(dry_run: str) -> None:
    for path in ("deliveries/replay", "redrive"):
        assert EVENTS.begin("POST", {"path": path}, {"dryRun": dry_run}).kind is Kind.READ
        assert EVENTS.begin("POST", {"path": path}, {"dryRun": "no"}).kind is Kind.CHANGE


@holds_for("dry_run", ["true", "TRUE", "True"])
@holds_for("surface", SURFACES)
def test_nothing_else_knows_a_dry_run(surface: Surface, dry_run: str) -> None:
    for operation in surface.operations:
        path = dict.fromkeys(surface.parameters, "") | {surface.parameters[0]: operation.path}
        plain, dry = (surface.begin(operation.method, path, query) for query in ({}, {"dryRun": dry_run}))
        assert plain.kind is operation.kind
        goes_through_many = surface is EVENTS and operation.path in ("purge", "redrive", "deliveries/replay")
        assert dry.kind is (Kind.READ if goes_through_many else operation.kind)


@holds_for("name", [operation.name for operation in OPERATIONS.values()])
def test_every_operation_of_the_agent_is_named(name: str) -> None:
    assert WEBHOOK_AGENT.begin("POST", {"operation": name.lower()}, {}).action != UNKNOWN


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.function)
def test_every_method_of_a_function_has_an_operation(surface: Surface) -> None:
    trigger = json.loads((ROOT / surface.function / "function.json").read_text(encoding="utf-8"))["bindings"][0]
    assert {operation.method.lower() for operation in surface.operations} == set(trigger["methods"])
    assert surface.base.partition("?")[0] == "/api/" + trigger["route"].partition("/{*")[0].removesuffix(
        "/{operation?}"
    ).removesuffix("/{connectionId?}")


@given(
    st.sampled_from(SURFACES),
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    st.dictionaries(
        st.sampled_from(["path", "operation", "orgId", "itemId", "connectionId"]),
        st.none() | st.text(max_size=600) | st.just("{x}/y"),
    ),
)
def test_any_request_has_a_name_and_a_bounded_target(
    surface: Surface, method: str, route_params: dict[str, str | None]
) -> None:
    begun = surface.begin(method, route_params, {})
    assert begun.action
    assert method == "GET" or begun.kind is not Kind.READ or surface is WEBHOOK_AGENT
    assert len(begun.entry(RECEIVED_AT, 404).target) <= MAX_TEXT
