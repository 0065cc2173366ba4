from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.arcgis.layer_event import EVENT_NAMES, event_id, event_name, layer_event
from shared.arcgis.operations import new_connection_id
from shared.arcgis.payload import parse_changes
from shared.arcgis.webhook_connection import WebhookConnection, Workflow
from tests.arcgis.samples import BODY, CHANGES_URL, ENTERPRISE, body_of, entry
from tests.support.cases import holds_for

NOW = datetime(2026, 3, 14, tzinfo=UTC)
CONNECTION = WebhookConnection(
    workflow=Workflow("quayOrg", "workflow"),
    id=new_connection_id(),
    name="My connection",
    item_id="item",
    webhook_type="FeatureService",
    sealed_secret="sealed",
    enabled=True,
    username="megan",
    fallback_username=None,
    created=NOW,
    updated=NOW,
    updated_by="megan",
)


@holds_for(
    ("events", "name"),
    [
        (("FeaturesCreated",), "feature.created"),
        (("FeaturesUpdated",), "feature.updated"),
        (("FeaturesDeleted",), "feature.deleted"),
        (("FeaturesEdited",), "feature.edited"),
        (("featuresupdated",), "feature.updated"),
        (("FeaturesCreated", "FeaturesUpdated"), "feature.edited"),
        (("AttachmentsCreated",), "attachment.created"),
        (("AttachmentsUpdated",), "attachment.updated"),
        (("AttachmentsDeleted",), "attachment.deleted"),
        (("AttachmentsDeleted", "AttachmentsCreated"), "attachment.edited"),
        (("AttachmentsDeleted", "FeaturesUpdated"), "feature.edited"),
        (("LayerSchemaChanged",), "schema.changed"),
        (("LayerDefinitionChanged", "FeatureServiceDefinitionChanged"), "schema.changed"),
        (("LayerSchemaChanged", "AttachmentsCreated"), "attachment.edited"),
        (("SomethingNew",), "feature.edited"),
    ],
)
def test_the_name_of_an_event(events: tuple[str, ...], name: str) -> None:
    assert event_name(events) == name
    assert name in EVENT_NAMES


def test_the_event_says_layer_service_changes_and_connection() -> None:
    (change,) = parse_changes(BODY)
    event = layer_event(CONNECTION, change, NOW, follows_changes=False)
    assert (event.type, event.entity, event.entity_id) == ("feature.updated", "feature", "0")
    assert (event.source, event.initiator, event.trimmed) == ("arcgis/quayOrg", "megan", False)
    assert event.field_values == {
        "layerId": 0,
        "serviceName": "roadWorks",
        "changesUrl": CHANGES_URL,
        "events": ["FeaturesUpdated"],
        "connectionId": CONNECTION.id,
        "connectionName": "My connection",
        "itemId": "item",
        "orgId": "quayOrg",
        "workflowItemId": "workflow",
    }


def test_an_event_without_a_layer_has_no_layer_id() -> None:
    (change,) = parse_changes(ENTERPRISE)
    event = layer_event(CONNECTION, change, NOW, follows_changes=False)
    assert "layerId" not in event.field_values
    assert event.entity_id == ""


def test_only_an_event_with_an_address_is_followed() -> None:
    with_address, without = parse_changes(body_of(entry(), entry(changesUrl="")))
    assert layer_event(CONNECTION, with_address, NOW, follows_changes=True).trimmed
    assert not layer_event(CONNECTION, without, NOW, follows_changes=True).trimmed


def id_of(connection: WebhookConnection = CONNECTION, /, **changes: object) -> str:
    (change,) = parse_changes(body_of(entry(**changes)))
    return event_id(connection, change)


def test_the_same_notification_is_the_same_event() -> None:
    assert id_of() == id_of(name="another name", orgId="x", events=["FeaturesCreated"])


@pytest.mark.parametrize(
    "changes",
    [
        {"layerId": 1},
        {"layerId": None},
        {"lastUpdatedTime": 1768553100414},
        {"changesUrl": CHANGES_URL.replace("40310530", "40310531")},
        {"changesUrl": ""},
    ],
)
def test_another_layer_time_or_generation_is_another_event(changes: dict[str, object]) -> None:
    assert id_of(**changes) != id_of()


def test_another_connection_is_another_event() -> None:
    assert id_of(replace(CONNECTION, id=new_connection_id())) != id_of()
    assert id_of(replace(CONNECTION, workflow=Workflow("quayOrg", "other"))) != id_of()


def test_without_generations_and_time_the_content_tells_events_apart() -> None:
    bare = {"changesUrl": "", "lastUpdatedTime": None}
    assert id_of(**bare) == id_of(**bare)
    assert id_of(**bare, events=["FeaturesCreated"]) != id_of(**bare)
