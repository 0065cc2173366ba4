"""Managed webhooks at the feature service, through the running app."""

from dataclasses import replace

import pytest

from tests.e2e.arcgis import ArcGisClient, only_webhook
from tests.fakes.feature_service import ServiceWebhook, signature
from tests.fakes.receiver import Receiver
from tests.fakes.server import Reply, json_reply
from tests.support.arcgis import MANAGER, SECRET, ArcGisOrganization, connection_document


def is_partial(answer: dict[str, object], item: str, operation: str, name: str | None = None) -> bool:
    """Whether an answer says that the connection was saved, and its webhook was not."""
    assert answer["name"] == (name or f"FailedTo{operation.capitalize()}ManagedWebhook")
    sentence = (
        f"Webhook connection successfully {operation}d but failed to manage webhook. "
        f"The webhook will need to be managed manually for item ID {item}"
    )
    return answer["success"] is False and str(answer["message"]).startswith(sentence)


def test_a_service_that_refuses_is_a_partial_failure(client: ArcGisClient, arcgis: ArcGisOrganization) -> None:
    item = arcgis.add_item()
    arcgis.service.managers.clear()
    answer = client.ask("POST", document=connection_document(item))
    assert is_partial(answer, item, "create")
    assert "managedWebhookId" not in client.ask("GET", f"/{answer['connectionId']}")
    # A later update makes it.
    arcgis.service.managers.add(MANAGER)
    client.ask("PUT", f"/{answer['connectionId']}", connection_document(item, secret="********"))
    assert client.ask("GET", f"/{answer['connectionId']}")["managedWebhookId"] == only_webhook(arcgis).id


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500),
        Reply(200, b"<html>"),
        json_reply({"status": "error", "messages": ["change tracking is off"]}),
        json_reply({"success": True}),
    ],
    ids=["500", "html", "error", "no id"],
)
def test_a_service_that_fails_is_a_partial_failure(
    client: ArcGisClient, arcgis: ArcGisOrganization, reply: Reply
) -> None:
    item = arcgis.add_item()
    arcgis.service.answer_always(reply)
    assert is_partial(client.ask("POST", document=connection_document(item)), item, "create")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (None, "InvalidPortalItemUrl"),
        ("http://127.0.0.1/x", "InvalidPortalItemUrl"),
        ("http://evil.example/o/ArcGIS/rest/services/s/FeatureServer", "UnableToDetermineHostingServer"),
    ],
)
def test_an_item_at_an_odd_place_is_a_partial_failure_and_sent_no_token(
    client: ArcGisClient, arcgis: ArcGisOrganization, url: str | None, name: str
) -> None:
    item = arcgis.add_item()
    arcgis.portal.items[item].url = url
    answer = client.ask("POST", document=connection_document(item))
    assert is_partial(answer, item, "create", name)


@pytest.mark.parametrize("path", ["/x/ArcGIS/rest/services/s/FeatureServer", "/sharing/rest/services/s/FeatureServer"])
def test_an_item_at_another_port_is_a_partial_failure_and_sent_no_token(
    client: ArcGisClient, arcgis: ArcGisOrganization, receiver: Receiver, path: str
) -> None:
    """The receiver listens on the portal's host, at a port that is neither the portal's nor named."""
    item = arcgis.add_item()
    arcgis.portal.items[item].url = f"{receiver.url}{path}"
    document = connection_document(item)
    assert is_partial(client.ask("POST", document=document), item, "create", "UnableToDetermineHostingServer")
    assert receiver.journal == []


@pytest.mark.parametrize(
    "path", ["services/../../x", "services/%2e%2e/x", "services/a;b", "services//x", "services/./x", "services/x\\y"]
)
def test_an_item_whose_path_leads_elsewhere_is_a_partial_failure_and_sent_no_token(
    client: ArcGisClient, arcgis: ArcGisOrganization, path: str
) -> None:
    item = arcgis.add_item()
    arcgis.portal.items[item].url = f"{arcgis.service.url}/quayOrg/ArcGIS/rest/{path}/FeatureServer"
    document = connection_document(item)
    assert is_partial(client.ask("POST", document=document), item, "create", "InvalidPortalItemUrl")
    assert arcgis.service.journal == []


def test_the_fallback_does_it_where_the_first_user_cannot(client: ArcGisClient, arcgis: ArcGisOrganization) -> None:
    item = arcgis.add_item()
    arcgis.portal.items[item].editors.add("max")
    arcgis.service.managers = {"max"}
    fallback = {"fallbackUsername": "max", "fallbackUserToken": arcgis.portal.sign_in("max")}
    client.create(item, **fallback)
    assert len(arcgis.service.webhooks) == 1


def test_who_may_not_manage_the_service_neither_sees_nor_removes_its_webhook(
    client: ArcGisClient, arcgis: ArcGisOrganization
) -> None:
    item = arcgis.add_item("owner")
    arcgis.portal.items[item].readers.add(MANAGER)
    id_ = client.create(item, username="owner", userToken=arcgis.portal.sign_in("owner"))
    shown = client.ask("GET", f"/{id_}")
    assert {"managedWebhookId", "webhookActive", "webhookChangeTypes"}.isdisjoint(shown)
    # As Esri's client updates: it saw no managedWebhookId.
    unmanaged = connection_document(item, **shown, manageWebhook=False, webhookChangeTypes=None)
    assert client.ask("PUT", f"/{id_}", unmanaged)["success"]
    assert client.ask("DELETE", f"/{id_}") == {
        "success": False,
        "connectionId": id_,
        "message": "Webhook connection successfully deleted but failed to manage webhook. "
        f"The webhook will need to be managed manually for item ID {item}",
        "name": "FailedToDeleteManagedWebhook",
    }
    assert len(arcgis.service.webhooks) == 1


@pytest.mark.parametrize("about", [{"role": "org_admin"}, {}], ids=["administrator", "shared group"])
def test_administrators_and_members_of_a_shared_group_see_it(
    client: ArcGisClient, arcgis: ArcGisOrganization, about: dict[str, str]
) -> None:
    item = arcgis.add_item("owner")
    arcgis.portal.items[item].editors.add(MANAGER)
    id_ = client.create(item, username="owner", userToken=arcgis.portal.sign_in("owner"))
    viewer = replace(client, token=arcgis.portal.sign_in(MANAGER, **about))
    assert viewer.ask("GET", f"/{id_}")["managedWebhookId"] == only_webhook(arcgis).id


def test_a_webhook_that_is_gone_already_is_no_failure_of_a_delete(
    client: ArcGisClient, arcgis: ArcGisOrganization
) -> None:
    id_ = client.create(arcgis.add_item())
    arcgis.service.webhooks.clear()
    assert client.ask("DELETE", f"/{id_}") == {"success": True, "connectionId": id_}


def test_an_item_cannot_be_changed(client: ArcGisClient, arcgis: ArcGisOrganization) -> None:
    id_, other = client.create(arcgis.add_item()), arcgis.add_item()
    status, error = client.refusal("PUT", f"/{id_}", connection_document(other))
    assert (status, [one["field"] for one in error["details"]]) == (400, ["itemId"])


def test_a_new_secret_signs_from_then_on_and_the_mask_keeps_it(
    client: ArcGisClient, arcgis: ArcGisOrganization
) -> None:
    item = arcgis.add_item()
    id_ = client.create(item)
    for secret in ("another secret", "********"):
        client.ask("PUT", f"/{id_}", connection_document(item, secret=secret))
        arcgis.service.edit("FeaturesUpdated")
    assert only_webhook(arcgis).form["signatureKey"] == "another secret"
    assert [one.status_code for one in arcgis.service.deliveries] == [200, 200]


def test_edits_still_count_where_the_service_could_not_be_told_the_new_secret(
    client: ArcGisClient, arcgis: ArcGisOrganization
) -> None:
    item = arcgis.add_item()
    id_ = client.create(item)
    arcgis.service.managers.clear()
    for secret in ("another secret", "a third secret"):
        answer = client.ask("PUT", f"/{id_}", connection_document(item, secret=secret))
        assert is_partial(answer, item, "update")
        arcgis.service.edit("FeaturesUpdated")
    assert only_webhook(arcgis).form["signatureKey"] == SECRET
    arcgis.service.managers.add(MANAGER)
    client.ask("PUT", f"/{id_}", connection_document(item, secret="a third secret"))
    arcgis.service.edit("FeaturesUpdated")
    assert [one.status_code for one in arcgis.service.deliveries] == [200, 200, 200]
    body = b"[]"
    assert client.post_hook(id_, body, signature(body, SECRET)).status_code == 401


def test_a_webhook_whose_making_was_never_answered_is_found_again(
    client: ArcGisClient, arcgis: ArcGisOrganization
) -> None:
    item = arcgis.add_item()
    id_ = client.create(item, manageWebhook=False)
    arcgis.service.webhooks["made"] = ServiceWebhook("made", {"name": id_})
    client.ask("PUT", f"/{id_}", connection_document(item))
    assert client.ask("GET", f"/{id_}")["managedWebhookId"] == "made"
    assert only_webhook(arcgis).form["hookUrl"].startswith(client.hook_url(id_))
