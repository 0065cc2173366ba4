"""From a webhook connection of ArcGIS to the signed delivery of an edit, through the running app."""

import json

import pytest
from standardwebhooks.webhooks import Webhook

from tests.e2e.arcgis import ArcGisClient, only_webhook
from tests.e2e.test_receiving import eventually
from tests.e2e.webhooks import events_of, patch, register
from tests.fakes.arcgis_portal import ORG
from tests.fakes.receiver import Receiver
from tests.support.arcgis import MANAGER, ArcGisOrganization, connection_document

ENCODED_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


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
    assert (values["layerId"], values["serviceName"], values["connectionId"]) == (3, "roadWorks", id_)
    assert values["changesUrl"].startswith(f"{arcgis.service.item_url}/extractChanges?serverGens=[")
    assert (values["itemId"], values["workflowItemId"], values["orgId"]) == (item, client.workflow_item, ORG)

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


def test_an_edit_that_was_not_asked_for_is_not_told(client: ArcGisClient, arcgis: ArcGisOrganization) -> None:
    client.create(arcgis.add_item(), webhookChangeTypes=["FeaturesUpdated"])
    arcgis.service.edit("FeaturesDeleted")
    assert arcgis.service.deliveries == []


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
def test_the_test_of_the_service_is_answered(
    client: ArcGisClient, arcgis: ArcGisOrganization, content_type: str
) -> None:
    client.create(arcgis.add_item())
    only_webhook(arcgis).form["contentType"] = content_type
    response = arcgis.service.ping(only_webhook(arcgis))
    assert (response.status_code, response.json()) == (200, {})


@pytest.mark.parametrize("answered_with", ["url", "globalId", "id"])
def test_the_id_of_the_service_webhook_is_found_in_any_answer(
    client: ArcGisClient, arcgis: ArcGisOrganization, answered_with: str
) -> None:
    arcgis.service.answers_create_with = answered_with
    id_ = client.create(arcgis.add_item())
    assert client.ask("GET", f"/{id_}")["managedWebhookId"] == only_webhook(arcgis).id


def test_a_list_shows_connections_without_their_secrets(client: ArcGisClient, arcgis: ArcGisOrganization) -> None:
    item = arcgis.add_item()
    fallback = arcgis.portal.sign_in("max")
    arcgis.portal.items[item].readers.add("max")
    id_ = client.create(item, manageWebhook=False, fallbackUsername="max", fallbackUserToken=fallback)
    info = {
        "connectionId": id_,
        "connectionName": "My connection",
        "enabled": True,
        "itemId": item,
        "username": MANAGER,
        "fallbackUsername": "max",
    }
    assert client.ask("GET") == {"webhookConnections": [info]}
    assert client.ask("GET", f"/{id_}") == {**info, "webhookType": "FeatureService", "secret": "********"}
