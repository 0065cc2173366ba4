"""Which webhooks, at which addresses and with which steps, the events of a body need."""

import pytest

from shared.dynamics.registration.endpoint_plan import EndpointPlan, connections_plan, event_plans, plan_errors
from shared.dynamics.registration.ensure_bodies import Wanted, wanted_errors
from shared.dynamics.registration.image import StepImage
from shared.dynamics.registration.own_addresses import OwnAddresses
from shared.dynamics.registration.parsing import parse_body
from tests.dynamics.registration.samples import ELSEWHERE, EVENTS_RECEIVER, KEY, PUBLIC_URL, RECEIVER

OWN = OwnAddresses(PUBLIC_URL)


def wanted(*events: object, **more: object) -> Wanted:
    return parse_body(Wanted, {"key": KEY, "url": EVENTS_RECEIVER, "events": list(events), **more}, wanted_errors)


def plans(*events: object, own: OwnAddresses = OWN, **more: object) -> list[EndpointPlan]:
    assert refused(*events, own=own, **more) == []
    return event_plans(wanted(*events, **more), own)


def refused(*events: object, own: OwnAddresses = OWN, **more: object) -> list[str]:
    errors = plan_errors(wanted(*events, **more), own, is_addressed="url" in more)
    return [error.pointer for error in errors]


def test_created_connections_have_a_webhook_of_their_own_and_all_else_another() -> None:
    names = ["opportunity.updated", "connection.created", "connection.updated"]
    connections, events = plans(*({"event": name} for name in names), name="Our events")
    assert (connections.url, connections.name, connections.name_if_new) == (
        RECEIVER,
        None,
        "Connections to hub.example",
    )
    assert (events.url, events.name, events.name_if_new) == (EVENTS_RECEIVER, "Our events", "Our events")
    assert [step.pointer for step in connections.steps] == ["#/events/1"]
    assert [step.pointer for step in events.steps] == ["#/events/0", "#/events/2"]
    assert all(plan.key.authvalue == KEY for plan in (connections, events))


def test_a_body_without_events_is_about_created_connections() -> None:
    body = parse_body(Wanted, {"key": KEY, "url": ELSEWHERE, "mode": "sync", "solution": "s", "name": "n"})
    plan = connections_plan(body)
    [step] = plan.steps
    assert (plan.url, plan.name, plan.solution, plan.prune) == (ELSEWHERE, "n", "s", False)
    assert (step.step.message, step.step.table, step.step.mode) == ("Create", "connection", "sync")
    assert (step.step.solution, step.pointer, step.pre_image) == ("s", "#", None)


def test_an_event_has_its_own_mode_or_that_of_the_body() -> None:
    [plan] = plans({"event": "a.created"}, {"event": "b.created", "mode": "async"}, mode="sync", prune=True)
    assert ([step.step.mode for step in plan.steps], plan.prune) == (["sync", "async"], True)


def test_columns_are_those_that_an_update_waits_for_and_those_of_the_pre_image() -> None:
    [plan] = plans(
        {"event": "a.updated", "columns": ["x", "y"]},
        {"event": "b.updated", "columns": ["x", "y"], "preImage": True},
        {"event": "c.updated", "preImage": True},
        {"event": "d.deleted", "columns": ["x"], "preImage": True},
    )
    assert [step.step.filtering_attributes for step in plan.steps] == [["x", "y"], ["x", "y"], None, None]
    images = [None, *(StepImage("pre", "PreImage", columns) for columns in (("x", "y"), None, ("x",)))]
    assert [step.pre_image for step in plan.steps] == images


@pytest.mark.parametrize(
    ("more", "pointers"),
    [
        ({"url": ELSEWHERE}, ["#/url"]),
        ({"name": "x"}, ["#/name"]),
        ({"name": "x", "url": RECEIVER}, ["#/url", "#/name"]),
    ],
)
def test_address_and_name_of_a_webhook_that_no_event_needs_are_a_400(more: dict[str, str], pointers: list[str]) -> None:
    assert len(plans({"event": "connection.created"})) == 1
    assert refused({"event": "connection.created"}, own=OWN, **more) == pointers


@pytest.mark.parametrize("url", [RECEIVER, f"{RECEIVER}/?code=x"])
def test_events_are_not_sent_to_the_function_that_refuses_them(url: str) -> None:
    assert refused({"event": "a.updated"}, url=url) == ["#/url"]


def test_two_webhooks_may_not_have_one_name() -> None:
    both = [{"event": "a.updated"}, {"event": "connection.created"}]
    assert refused(*both, name="CONNECTIONS to hub.example") == ["#/name"]
    assert len(plans(both[0], name="Connections to hub.example")) == 1


def test_an_app_that_dataverse_cannot_call_is_named_where_its_address_is_needed() -> None:
    local = OwnAddresses("http://localhost:7071")
    both = [{"event": "a.updated"}, {"event": "connection.created"}]
    assert refused(*both, own=local, url=ELSEWHERE) == ["#/events/1/event"]
    assert len(plans(both[0], own=local, url=ELSEWHERE)) == 1


@pytest.mark.parametrize("name", ["connection.created", "connection.create", "Connection.Create"])
def test_created_connections_are_known_by_their_message_and_not_by_its_spelling(name: str) -> None:
    [plan] = plans({"event": name})
    assert plan.url == RECEIVER
