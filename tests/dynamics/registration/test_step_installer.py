"""The steps that `ensure` makes for events, corrects and removes, with their columns and pre-images."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.errors import BadRequest, Conflict
from shared.hub.registration import DataverseRegistration
from tests.dynamics.registration.conftest import Asked
from tests.dynamics.registration.samples import EVENTS_RECEIVER, KEY, OTHER_KEY, RECEIVER, new_step, new_webhook
from tests.fakes.dataverse import FakeDataverse
from tests.support.cases import holds_for

STEPS, IMAGES = "sdkmessageprocessingsteps", "sdkmessageprocessingstepimages"
UPDATED = {"event": "opportunity.updated", "columns": ["name", "estimatedvalue"], "preImage": True}


def ensure(registration: DataverseRegistration, *events: object, **more: object) -> list[dict[str, Any]]:
    """The webhooks with their steps, as the API shows them."""
    ensured = registration.installer.ensure({"key": KEY, "events": list(events), **more})
    return [one.as_json() for one in ensured.webhooks]


def pointers(registration: DataverseRegistration, *events: object, **more: object) -> list[str]:
    with pytest.raises(BadRequest) as caught:
        ensure(registration, *events, **more)
    return [error.pointer for error in caught.value.errors]


def test_an_event_is_a_webhook_with_a_step_and_a_pre_image(
    registration: DataverseRegistration, written: Callable[[], Asked]
) -> None:
    ensured = registration.installer.ensure({"key": KEY, "events": [UPDATED]})
    [webhook] = ensured.webhooks
    [step] = webhook.steps
    assert ensured.is_new
    assert ensured.as_json() == {"value": [registration.webhooks.show(webhook.webhook.id).as_json()]}
    (_, _, endpoint), (_, _, made), (_, path, image) = written()
    assert (endpoint["url"], endpoint["name"]) == (EVENTS_RECEIVER, "Events to hub.example")
    assert (made["filteringattributes"], made["mode"], made["stage"]) == ("name,estimatedvalue", 1, 40)
    assert made["name"] == "Events to hub.example: Update of opportunity"
    assert (path, image) == (
        IMAGES,
        {
            "sdkmessageprocessingstepimageid": step.images[0].id,
            "name": "PreImage",
            "entityalias": "PreImage",
            "imagetype": 0,
            "attributes": "name,estimatedvalue",
            "messagepropertyname": "Target",
            "sdkmessageprocessingstepid@odata.bind": f"/{STEPS}({step.id})",
        },
    )


EVENTS = [
    UPDATED,
    {"event": "connection.created", "mode": "sync"},
    {"event": "account.created"},
    {"event": "account.deleted", "preImage": True, "columns": ["name"]},
    {"event": "account.assigned", "preImage": True},
    {"event": "account.statechanged", "preImage": True},
    {"event": "account.merged"},
    {"event": "opportunity.win"},
    {"event": "opportunity.new_approve"},
    {"event": "dataverse.new_recount"},
    {"event": "account.associated"},
    {"event": "opportunity.disassociated"},
    {"event": "account.createmultiple"},
]


def test_doing_it_again_writes_the_keys_and_nothing_else(
    registration: DataverseRegistration, written: Callable[[], Asked], dataverse: FakeDataverse
) -> None:
    first = registration.installer.ensure({"key": KEY, "events": EVENTS, "prune": True})
    before = len(written())
    again = registration.installer.ensure({"key": OTHER_KEY, "events": EVENTS, "prune": True})
    assert (first.is_new, again.is_new, again.as_json()) == (True, False, first.as_json())
    assert [(method, body) for method, _, body in written()[before:]] == [
        ("PATCH", {"authtype": 4, "authvalue": OTHER_KEY})
    ] * 2
    assert set(dataverse.secrets.values()) == {OTHER_KEY}
    shown = [registration.webhooks.show(one.webhook.id).as_json() for one in again.webhooks]
    assert again.as_json() == {"value": shown}


def test_each_event_is_a_step_on_its_message_and_table(registration: DataverseRegistration) -> None:
    connections, events = ensure(registration, *EVENTS)
    assert (connections["url"], events["url"]) == (RECEIVER, EVENTS_RECEIVER)
    assert [(step["message"], step["table"], step["mode"]) for step in connections["steps"]] == [
        ("Create", "connection", "sync")
    ]
    assert [(step["message"], step["table"]) for step in events["steps"]] == [
        ("Update", "opportunity"),
        ("Create", "account"),
        ("Delete", "account"),
        ("Assign", "account"),
        ("SetStateDynamicEntity", "account"),
        ("Merge", "account"),
        ("Win", "opportunity"),
        ("new_Approve", "opportunity"),
        ("new_Recount", None),
        ("Associate", "account"),
        ("Disassociate", None),
        ("CreateMultiple", "account"),
    ]
    images = {step["message"]: step["images"] for step in events["steps"] if step["images"]}
    assert {message: image[0]["columns"] for message, image in images.items()} == {
        "Update": ["name", "estimatedvalue"],
        "Delete": ["name"],
        "Assign": None,
        "SetStateDynamicEntity": None,
    }


@holds_for(
    ("event", "parts"),
    [
        (UPDATED, []),
        ({"event": "account.created"}, []),
        ({"event": "account.updated"}, ["every update"]),
        ({"event": "account.assigned"}, ["ownerid"]),
        ({"event": "account.statechanged"}, ["statecode and statuscode"]),
        ({"event": "account.setstate"}, ["statecode and statuscode"]),
        ({"event": "account.associated"}, []),
        ({"event": "opportunity.associated"}, ["all tables"]),
        ({"event": "dataverse.disassociated"}, ["all tables"]),
    ],
)
def test_an_event_that_may_not_be_what_is_meant_comes_with_a_warning(
    registration: DataverseRegistration, event: dict[str, object], parts: list[str]
) -> None:
    shown = ensure(registration, event)[0]
    warnings = [warning for step in shown["steps"][-1:] for warning in step["warnings"]]
    assert len(warnings) == len(parts), warnings
    assert all(part in warning for part, warning in zip(parts, warnings, strict=True))


def test_tables_without_a_filter_of_their_own_share_one_step(registration: DataverseRegistration) -> None:
    shared = [{"event": "opportunity.associated"}, {"event": "connection.associated"}]
    [webhook] = ensure(registration, *shared)
    assert [(step["message"], step["table"]) for step in webhook["steps"]] == [("Associate", None)]
    assert pointers(registration, shared[0], {**shared[1], "mode": "sync"}) == ["#/events/1/mode"]


def test_what_dataverse_does_not_have_is_named_and_nothing_is_written(
    registration: DataverseRegistration, written: Callable[[], Asked]
) -> None:
    wrong = ["account.nothing", "nothing.updated", "account.new_recount", "dataverse.created", "dataverse.nothing"]
    right = ["opportunity.merged", "nothing.associated"]
    found = pointers(registration, *({"event": name} for name in (*right, *wrong)))
    assert found == [f"#/events/{number}/event" for number in range(2, 7)]
    assert written() == []


@pytest.mark.parametrize(
    ("before", "after", "writes"),
    [
        (UPDATED, UPDATED, []),
        (UPDATED, {**UPDATED, "columns": ["estimatedvalue", "name"]}, []),
        (
            UPDATED,
            {**UPDATED, "columns": ["name"]},
            [("PATCH", {"filteringattributes": "name"}), ("PATCH", {"attributes": "name"})],
        ),
        (
            UPDATED,
            {"event": "opportunity.updated", "preImage": True},
            [("PATCH", {"filteringattributes": None}), ("PATCH", {"attributes": None})],
        ),
        (UPDATED, {**UPDATED, "preImage": False}, [("DELETE", {})]),
        (UPDATED, {**UPDATED, "mode": "sync"}, [("PATCH", {"mode": 0, "asyncautodelete": False})]),
        (
            {"event": "opportunity.updated"},
            {"event": "opportunity.updated", "columns": ["name"]},
            [("PATCH", {"filteringattributes": "name"})],
        ),
    ],
)
def test_columns_pre_image_and_mode_become_as_asked(
    registration: DataverseRegistration,
    written: Callable[[], Asked],
    before: dict[str, object],
    after: dict[str, object],
    writes: list[object],
) -> None:
    ensure(registration, before)
    count = len(written())
    ensured = registration.installer.ensure({"key": KEY, "events": [after]})
    assert [(method, body) for method, _, body in written()[count + 1 :]] == writes
    shown = registration.webhooks.show(ensured.webhooks[0].webhook.id).as_json()
    assert (ensured.is_new, ensured.as_json()) == (False, {"value": [shown]})


def test_a_pre_image_that_is_added_counts_as_made(registration: DataverseRegistration) -> None:
    plain = {"event": "opportunity.updated", "columns": ["name"]}
    ensure(registration, plain)
    assert registration.installer.ensure({"key": KEY, "events": [{**plain, "preImage": True}]}).is_new
    assert not registration.installer.ensure({"key": KEY, "events": [{**plain, "preImage": True}]}).is_new


def test_images_of_others_stay(registration: DataverseRegistration, dataverse: FakeDataverse) -> None:
    theirs = [{"type": "pre", "name": "Theirs", "columns": None}, {"type": "post", "name": "PreImage", "columns": None}]
    ours = {"type": "pre", "name": "preimage", "columns": ["name"]}
    step = {"message": "Update", "table": "opportunity", "images": [*theirs, ours]}
    registration.webhooks.register(new_webhook(url=EVENTS_RECEIVER, steps=[step]))
    for event, names in [
        (UPDATED, ["preimage", "PreImage", "Theirs"]),
        ({"event": "opportunity.updated"}, ["PreImage", "Theirs"]),
    ]:
        [shown] = ensure(registration, event)[0]["steps"]
        assert sorted(image["name"] for image in shown["images"]) == sorted(names)
        assert len(dataverse.rows[IMAGES]) == len(names)


def test_a_step_that_somebody_registered_by_hand_is_taken_and_corrected(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    step = {"message": "Update", "table": "opportunity", "mode": "sync", "rank": 9, "name": "by hand"}
    made = registration.webhooks.register(new_webhook(url=f"{EVENTS_RECEIVER}?code=old-s3cret", steps=[step]))
    dataverse.rows[STEPS][made.steps[0].id] |= {"statecode": 1, "statuscode": 2, "stage": 20}
    [webhook] = ensure(registration, UPDATED)
    [shown] = webhook["steps"]
    assert (webhook["id"], webhook["url"], shown["id"], shown["name"]) == (
        made.webhook.id,
        EVENTS_RECEIVER,
        made.steps[0].id,
        "by hand",
    )
    assert (shown["stage"], shown["mode"], shown["rank"], shown["enabled"]) == ("PostOperation", "async", 1, True)


@pytest.mark.parametrize("prune", [True, False])
def test_prune_removes_what_is_not_asked_for_at_the_webhooks_of_this_call_alone(
    registration: DataverseRegistration, dataverse: FakeDataverse, *, prune: bool
) -> None:
    ensure(registration, {"event": "account.created"}, {"event": "account.deleted", "preImage": True})
    connections = registration.webhooks.register(new_webhook(steps=[new_step(), new_step(table="account")]))
    [webhook] = ensure(registration, {"event": "account.created"}, UPDATED, prune=prune)
    kept = [step["message"] for step in webhook["steps"]]
    assert kept == (["Create", "Update"] if prune else ["Delete", "Create", "Update"])
    assert sorted(step.slot.message for step in registration.steps.list(webhook["id"])) == sorted(kept)
    assert len(dataverse.rows[IMAGES]) == (1 if prune else 2)
    assert len(registration.steps.list(connections.webhook.id)) == 2


def test_prune_at_both_webhooks_where_both_are_asked_for(registration: DataverseRegistration) -> None:
    connections = registration.webhooks.register(new_webhook(steps=[new_step(), new_step(table="account")]))
    ensure(registration, {"event": "connection.created"}, UPDATED, prune=True)
    assert [step.slot.table for step in registration.steps.list(connections.webhook.id)] == ["connection"]


def test_two_steps_for_one_event_are_a_409_and_nothing_is_changed(
    registration: DataverseRegistration, dataverse: FakeDataverse, written: Callable[[], Asked]
) -> None:
    steps = [{"message": "Update", "table": table} for table in ("opportunity", "account")]
    made = registration.webhooks.register(new_webhook(url=EVENTS_RECEIVER, steps=steps))
    first, second = (dataverse.rows[STEPS][step.id] for step in made.steps)
    second |= {"_sdkmessagefilterid_value": first["_sdkmessagefilterid_value"], "stage": 10, "mode": 0}
    count = len(written())
    with pytest.raises(Conflict) as caught:
        ensure(registration, {"event": "connection.created"}, UPDATED, prune=True)
    assert caught.value.extensions == {"conflicts": [step.id for step in made.steps]}
    assert len(written()) == count
