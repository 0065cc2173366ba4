"""The service's webhook is made, changed and removed as one of the connection's users."""

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest

from shared.arcgis.managed_webhooks import NotManaged
from shared.arcgis.webhook_connection import ManagedWebhook, WebhookConnection
from shared.hub.hub import Hub
from tests.arcgis.parts import Parts
from tests.arcgis.samples import SECRET
from tests.arcgis.stored import WORKFLOW, consent, store
from tests.fakes.server import Reply, json_reply
from tests.support.arcgis import MANAGER, ArcGisOrganization

TYPES = ["FeaturesEdited"]
DONE = json_reply({"status": "success"})
MANAGED = ManagedWebhook("a-webhook", ("FeaturesEdited",), is_active=True)


@pytest.fixture
def connection(arcgis_hub: Hub, arcgis: ArcGisOrganization) -> WebhookConnection:
    """One that is bound to the service, of a user who consented and manages it."""
    found = store(arcgis_hub, arcgis.add_item(), username=MANAGER, service=arcgis.service.item_url)
    consent(arcgis_hub, MANAGER, arcgis.portal.sign_in(MANAGER))
    return found


def steps(arcgis: ArcGisOrganization) -> list[str]:
    return [call.path.partition("/WebHooks")[2] for call in arcgis.service.journal]


def test_the_service_is_told_an_address_with_the_key_for_services(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization
) -> None:
    arcgis.service.answer_next(json_reply({"id": "a-webhook"}))
    assert Parts.of(arcgis_hub).managed.save(connection, SECRET, TYPES) == MANAGED
    form = dict(parse_qsl(arcgis.service.journal[0].body.decode()))
    path = f"/api/{WORKFLOW.org_id}/{WORKFLOW.item_id}/webhookConnections/{connection.id}/executeWebhook"
    assert form["hookUrl"] == f"http://localhost:7071{path}?code=a%20key%20of%20the%20feature%20services%3D%3D"
    assert (form["name"], form["signatureKey"], form["active"]) == (connection.id, SECRET, "true")


def test_one_that_it_has_is_changed(arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization) -> None:
    arcgis.service.answer_next(DONE)
    disabled = replace(connection, managed=MANAGED, enabled=False)
    assert Parts.of(arcgis_hub).managed.save(disabled, SECRET, TYPES) == replace(MANAGED, is_active=False)
    assert steps(arcgis) == ["/a-webhook/edit"]


def test_one_that_an_earlier_call_made_is_found_by_its_name(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization
) -> None:
    listed = json_reply([{"name": "somebody else's", "id": "x"}, {"name": connection.id, "id": "a-webhook"}])
    arcgis.service.answer_next(Reply(503), listed, DONE)
    assert Parts.of(arcgis_hub).managed.save(connection, SECRET, TYPES) == MANAGED
    assert steps(arcgis) == ["/create", "", "/a-webhook/edit"]


def test_the_fallback_is_tried_where_the_first_user_is_refused(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization
) -> None:
    consent(arcgis_hub, "bob", arcgis.portal.sign_in("bob"))
    arcgis.portal.items[connection.item_id].readers.add("bob")
    acts_as_both = replace(connection, username="bob", fallback_username=MANAGER)
    arcgis.service.answer_where("/delete", DONE)
    Parts.of(arcgis_hub).managed.delete(acts_as_both, "a-webhook")
    with pytest.raises(NotManaged, match="the feature service refused bob: You do not have permissions"):
        Parts.of(arcgis_hub).managed.save(replace(connection, username="bob"), SECRET, TYPES)


def test_one_that_is_gone_already_is_removed(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization
) -> None:
    Parts.of(arcgis_hub).managed.delete(connection, "a-webhook")
    assert steps(arcgis) == ["/a-webhook/delete", ""]


def test_a_refusal_to_remove_one_that_is_there_is_told(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization
) -> None:
    refusal = json_reply({"error": {"code": 403, "message": "Not yours"}})
    arcgis.service.answer_next(refusal, json_reply([{"name": "x", "id": "a-webhook"}]))
    with pytest.raises(NotManaged, match="refused megan_manager: Not yours"):
        Parts.of(arcgis_hub).managed.delete(connection, "a-webhook")


def test_a_refusal_is_told_without_words_at_which_esris_client_drops_its_token(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization
) -> None:
    arcgis.service.answer_always(json_reply({"error": {"code": 403, "message": "Invalid token for this"}}))
    with pytest.raises(NotManaged, match="refused megan_manager: error 403"):
        Parts.of(arcgis_hub).managed.save(connection, SECRET, TYPES)


@pytest.mark.parametrize("url", [None, "https://evil.example/", "https://evil.example/rest/services/x/FeatureServer"])
def test_an_item_with_another_address_than_the_bound_one_is_not_followed(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization, url: str | None
) -> None:
    arcgis.portal.items[connection.item_id].url = url
    with pytest.raises(NotManaged) as caught:
        Parts.of(arcgis_hub).managed.save(connection, SECRET, TYPES)
    assert caught.value.name == "InvalidPortalItemUrl"
    assert arcgis.service.journal == []


def test_a_service_at_a_host_that_is_not_known_is_sent_no_token(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization
) -> None:
    url = "https://evil.example/rest/services/x/FeatureServer"
    arcgis.portal.items[connection.item_id].url = url
    with pytest.raises(NotManaged) as caught:
        Parts.of(arcgis_hub).managed.save(replace(connection, service=url), SECRET, TYPES)
    assert caught.value.name == "UnableToDetermineHostingServer"


def test_without_a_consent_nobody_is_asked(arcgis_hub: Hub, arcgis: ArcGisOrganization) -> None:
    lonely = store(arcgis_hub, arcgis.add_item(), service=arcgis.service.item_url)
    with pytest.raises(NotManaged, match="nobody consented"):
        Parts.of(arcgis_hub).managed.save(lonely, SECRET, TYPES)
    assert (arcgis.portal.journal, arcgis.service.journal) == ([], [])
