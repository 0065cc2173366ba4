"""From a webhook connection of ArcGIS to the signed delivery of an edit, through the running app."""

import json
from collections.abc import Callable, Iterator

import pytest
from standardwebhooks.webhooks import Webhook

from devhost.keys import KeyStore
from devhost.launch import keys_folder
from shared.roles.table import ROLES_TABLE, TableDirectory
from tests.e2e.arcgis import ArcGisClient
from tests.e2e.running import RunningApp, running_app
from tests.e2e.test_receiving import eventually
from tests.e2e.webhooks import events_of, patch, register
from tests.fakes.arcgis_portal import ORG
from tests.fakes.feature_service import ServiceWebhook
from tests.fakes.receiver import Receiver
from tests.support.arcgis import (
    HOOK_KEY,
    MANAGER,
    WORKFLOW_ITEM,
    ArcGisOrganization,
    connection_document,
    running_organization,
)

ENCODED_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture(scope="module")
def organization() -> Iterator[ArcGisOrganization]:
    with running_organization() as running:
        yield running


@pytest.fixture(scope="module")
def app(
    organization: ArcGisOrganization, new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApp]:
    """An app that serves the organization, and has a key for its services."""
    folder = tmp_path_factory.mktemp("app")
    KeyStore(keys_folder(folder)).set_function_key("WebhookConnections", "arcgis", HOOK_KEY)
    settings = {**organization.settings, "ROLE_CACHE_SECONDS": "0"}
    with running_app(new_account(), folder, lease_seconds=60, **settings) as running:
        TableDirectory(running.hub.storage.table(ROLES_TABLE), "Relationship Manager").grant(MANAGER)
        yield running


@pytest.fixture
def arcgis(organization: ArcGisOrganization) -> Iterator[ArcGisOrganization]:
    organization.reset()
    yield organization
    organization.reset()


@pytest.fixture
def client(app: RunningApp, arcgis: ArcGisOrganization) -> ArcGisClient:
    """A Relationship Manager of the organization."""
    return ArcGisClient(app, arcgis.portal.sign_in(MANAGER))


def only_webhook(arcgis: ArcGisOrganization) -> ServiceWebhook:
    (webhook,) = arcgis.service.webhooks.values()
    return webhook


def test_from_an_edit_to_a_signed_delivery_and_back_to_nothing(
    client: ArcGisClient, arcgis: ArcGisOrganization, receiver: Receiver
) -> None:
    subscription = register(client.app, receiver.url, "feature.updated", "feature.deleted", Secret=ENCODED_SECRET)
    item = arcgis.add_item()
    id_ = client.create(item)
    webhook = only_webhook(arcgis)
    assert webhook.form["active"] == "true"
    assert webhook.form["hookUrl"].startswith(client.hook_url(id_) + "?code=")

    (sent,) = arcgis.service.edit("FeaturesUpdated", layer_id=3)
    assert [(one.status_code, one.json()) for one in arcgis.service.deliveries] == [(200, {})]
    assert eventually(lambda: len(events_of(receiver.journal)) == 1)
    (delivery,) = events_of(receiver.journal)
    Webhook(ENCODED_SECRET).verify(delivery.body, dict(delivery.headers))
    told = json.loads(delivery.body)
    assert (told["Event"], told["Entity"], told["PrimaryKey"]) == ("feature.updated", "feature", 3)
    values = told["FieldValues"]
    assert (values["layerId"], values["serviceName"], values["connectionId"]) == (3, "myService", id_)
    assert values["changesUrl"].startswith(f"{arcgis.service.item_url}/extractChanges?serverGens=[")
    assert (values["itemId"], values["workflowItemId"], values["orgId"]) == (item, WORKFLOW_ITEM, ORG)

    shown = client.ask("GET", f"/{id_}")
    assert (shown["secret"], shown["managedWebhookId"], shown["webhookActive"]) == ("********", webhook.id, True)
    disabled = connection_document(item, secret=shown["secret"], enabled=False, username=shown["username"])
    assert client.ask("PUT", f"/{id_}", disabled) == {"success": True, "connectionId": id_}
    assert only_webhook(arcgis).form["active"] == "false"
    arcgis.service.edit("FeaturesUpdated")
    assert len(arcgis.service.deliveries) == 1
    # Even where the service posts: the connection is disabled.
    assert arcgis.service.notify(only_webhook(arcgis), [sent]).json() == {}

    assert client.ask("DELETE", f"/{id_}") == {"success": True, "connectionId": id_}
    assert arcgis.service.webhooks == {}
    assert client.ask("GET") == {"webhookConnections": []}
    assert len(events_of(receiver.journal)) == 1
    patch(client.app, subscription, State="Stopped")
