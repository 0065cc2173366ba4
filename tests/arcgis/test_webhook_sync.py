"""The service's webhook follows its connection; whatever fails is told and not raised."""

from dataclasses import replace

import pytest

from shared.arcgis.portal import PortalDown
from shared.arcgis.webhook_connection import ManagedWebhook, WebhookConnection
from shared.hub.hub import Hub
from tests.arcgis.parts import Parts, hub_request
from tests.arcgis.stored import WORKFLOW, consent, store
from tests.fakes.server import Reply, json_reply
from tests.support.arcgis import MANAGER, ArcGisOrganization
from tests.support.transport import Fault, JournalTransport

TYPES = ["FeaturesEdited"]
MADE = json_reply({"globalId": "a-webhook"})


@pytest.fixture
def connection(arcgis_hub: Hub, arcgis: ArcGisOrganization) -> WebhookConnection:
    """One that is bound to the service, of a user who consented and manages it."""
    found = store(arcgis_hub, arcgis.add_item(), username=MANAGER, service=arcgis.service.item_url)
    consent(arcgis_hub, MANAGER, arcgis.portal.sign_in(MANAGER))
    return found


def managed(connection: WebhookConnection) -> WebhookConnection:
    """The same with a webhook at the service."""
    return replace(connection, managed=ManagedWebhook("a-webhook", ("FeaturesEdited",), is_active=True))


def steps(arcgis: ArcGisOrganization) -> list[str]:
    """The calls to the service, by what follows the address of its webhooks."""
    return [call.path.partition("/WebHooks")[2] for call in arcgis.service.journal]


def test_what_the_service_made_is_stored(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization
) -> None:
    arcgis.service.answer_next(MADE)
    assert Parts.of(arcgis_hub).sync.save(connection, TYPES) is None
    found = arcgis_hub.arcgis.connections.get(WORKFLOW, connection.id)
    assert found is not None
    assert found.managed == ManagedWebhook("a-webhook", ("FeaturesEdited",), is_active=True)


def test_what_cannot_be_stored_is_removed_from_the_service_again(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization, transport: JournalTransport
) -> None:
    sync = Parts.of(arcgis_hub).sync
    arcgis.service.answer_next(MADE)
    arcgis.service.answer_next(json_reply({"status": "success"}))
    transport.forget()
    # The consent is read first, then the connection's row is written.
    transport.fail(2, Fault.BEFORE)
    failure = sync.save(connection, TYPES)
    assert failure is not None
    assert failure.reason == "the hub could not store what the service has"
    assert steps(arcgis) == ["/create", "/a-webhook/delete"]


def test_a_secret_that_no_key_opens_is_told_without_saying_why(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization
) -> None:
    failure = Parts.of(arcgis_hub).sync.save(replace(connection, sealed_secret="x"), TYPES)
    assert failure is not None
    assert failure.reason == "the hub could not read the secret"
    assert arcgis.service.journal == []


def test_the_webhook_is_removed_by_who_may_manage_the_service(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization
) -> None:
    request = hub_request(arcgis.portal.sign_in(MANAGER))
    arcgis.service.answer_next(json_reply([]))
    arcgis.service.answer_next(json_reply({"status": "success"}))
    assert Parts.of(arcgis_hub).sync.delete(request, managed(connection)) is None
    assert steps(arcgis) == ["", "/a-webhook/delete"]


def test_for_anybody_else_it_stays(arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization) -> None:
    failure = Parts.of(arcgis_hub).sync.delete(hub_request(), managed(connection))
    assert failure is not None
    assert failure.reason == "the caller may not manage the webhooks of this service"
    assert arcgis.service.journal == []


def test_where_there_is_none_nobody_is_asked(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization
) -> None:
    assert Parts.of(arcgis_hub).sync.delete(hub_request(arcgis.portal.sign_in(MANAGER)), connection) is None
    assert (arcgis.portal.journal, arcgis.service.journal) == ([], [])


def test_a_service_that_is_out_of_reach_is_told_and_a_portal_raised(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization
) -> None:
    sync, request = Parts.of(arcgis_hub).sync, hub_request(arcgis.portal.sign_in(MANAGER))
    arcgis.service.answer_always(Reply(503))
    assert sync.delete(request, managed(connection)) is not None
    arcgis.portal.answer_always(Reply(503))
    with pytest.raises(PortalDown):
        sync.delete(request, managed(connection))
