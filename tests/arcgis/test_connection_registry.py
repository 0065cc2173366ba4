from dataclasses import replace

import pytest

from shared.arcgis.connection_registry import ConnectionRegistry
from shared.arcgis.webhook_connection import ManagedWebhook, Workflow
from shared.hub.hub import Hub
from shared.storage.tables import Changed
from tests.arcgis.stored import WORKFLOW, store
from tests.support.transport import JournalTransport

MANAGED = ManagedWebhook("id", ("FeaturesEdited",), is_active=True)


@pytest.fixture
def registry(arcgis_hub: Hub) -> ConnectionRegistry:
    return arcgis_hub.arcgis.connections


def test_connections_are_listed_for_their_workflow_item_alone(arcgis_hub: Hub, registry: ConnectionRegistry) -> None:
    stored = {store(arcgis_hub).id for _ in range(3)}
    assert [one.id for one in registry.list(WORKFLOW)] == sorted(stored)
    assert list(registry.list(Workflow(WORKFLOW.org_id, "anotherItem"))) == []


def test_what_has_no_ids_form_is_not_asked_for(registry: ConnectionRegistry, transport: JournalTransport) -> None:
    assert registry.get(WORKFLOW, "PartitionKey eq ''") is None
    assert transport.summary == []


def test_a_create_that_is_repeated_is_one_connection(arcgis_hub: Hub, registry: ConnectionRegistry) -> None:
    stored = store(arcgis_hub)
    registry.create(stored)
    assert [one.id for one in registry.list(WORKFLOW)] == [stored.id]


def test_of_two_who_read_the_same_only_the_first_replaces_it(arcgis_hub: Hub, registry: ConnectionRegistry) -> None:
    found = registry.get(WORKFLOW, store(arcgis_hub).id)
    assert found is not None
    saved = registry.replace(replace(found, name="first"), etag=found.etag)
    with pytest.raises(Changed):
        registry.replace(replace(found, name="second"), etag=found.etag)
    assert registry.get(WORKFLOW, found.id) == saved


def test_what_the_service_has_is_noted_beside_the_rest(arcgis_hub: Hub, registry: ConnectionRegistry) -> None:
    stored = replace(store(arcgis_hub), service_secret="sealed before")
    registry.set_managed(stored, MANAGED)
    found = registry.get(WORKFLOW, stored.id)
    assert found == replace(stored, managed=MANAGED, service_secret=None, etag=found.etag if found else "")


def test_nothing_is_noted_for_a_connection_that_is_gone(arcgis_hub: Hub, registry: ConnectionRegistry) -> None:
    stored = store(arcgis_hub)
    for _ in range(2):
        registry.delete(stored)
    with pytest.raises(Changed):
        registry.set_managed(stored, MANAGED)
    assert registry.get(WORKFLOW, stored.id) is None
