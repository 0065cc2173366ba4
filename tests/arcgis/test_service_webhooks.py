"""What is asked of a service's admin resource, and what is read of its answers."""

import json
from collections.abc import Callable
from urllib.parse import parse_qsl

import pytest

from shared.arcgis.client import ArcGisOutage, ArcGisRefused, ArcGisRest, ArcGisToken
from shared.arcgis.service_webhooks import Hook, ServiceWebhooks
from shared.hub.arcgis import arcgis_http_client
from tests.arcgis.stored import NOW
from tests.fakes.server import json_reply
from tests.support.arcgis import MANAGER, ArcGisOrganization

HOOK = Hook("a-connection", "https://hub.example/hook?code=k", ["FeaturesEdited", "FeaturesUpdated"], "a secret", False)
DELETED = json_reply({"status": "success"})


@pytest.fixture
def webhooks(arcgis: ArcGisOrganization) -> ServiceWebhooks:
    """Those of the service, as somebody who manages it."""
    arcgis.service.managers.add(MANAGER)
    url = f"{arcgis.service.url}{arcgis.service.admin_path}/WebHooks"
    return ServiceWebhooks(ArcGisRest(arcgis_http_client()), url, ArcGisToken(arcgis.portal.sign_in(MANAGER)))


def test_the_form_says_all_that_the_webhook_should_have() -> None:
    form = dict(HOOK.as_form(NOW))
    schedule = json.loads(form.pop("scheduleInfo"))
    assert form == {
        "name": "a-connection",
        "hookUrl": "https://hub.example/hook?code=k",
        "changeTypes": "FeaturesEdited,FeaturesUpdated",
        "signatureKey": "a secret",
        "active": "false",
        "contentType": "application/json",
        "payloadFormat": "json",
    }
    assert schedule["startAt"] == 1_773_480_413_000
    assert schedule["recurrenceInfo"] == {"frequency": "second", "interval": 30}


@pytest.mark.parametrize(
    "answer",
    [
        {"url": "https://x.example/admin/services/s/FeatureServer/WebHooks/the-id/"},
        {"globalId": "the-id", "id": "another"},
        {"id": "the-id"},
        {"url": "https://x.example/a b", "id": "the-id"},
    ],
)
def test_the_id_is_read_in_each_of_its_places(
    webhooks: ServiceWebhooks, arcgis: ArcGisOrganization, answer: object
) -> None:
    arcgis.service.answer_next(json_reply(answer))
    assert webhooks.create(HOOK, NOW) == "the-id"
    [asked] = arcgis.service.journal
    form = dict(parse_qsl(asked.body.decode()))
    assert (asked.method, asked.path.rpartition("/")[2], form["f"]) == ("POST", "create", "json")
    assert form.items() >= dict(HOOK.as_form(NOW)).items()


@pytest.mark.parametrize("answer", [{}, [], {"success": True}, {"id": "a/b"}, {"url": 7}])
def test_an_answer_without_an_id_is_an_outage(
    webhooks: ServiceWebhooks, arcgis: ArcGisOrganization, answer: object
) -> None:
    arcgis.service.answer_next(json_reply(answer))
    with pytest.raises(ArcGisOutage, match="without the id"):
        webhooks.create(HOOK, NOW)


def test_webhooks_are_found_by_their_names(webhooks: ServiceWebhooks, arcgis: ArcGisOrganization) -> None:
    rows = [{"name": "a", "globalId": "1"}, {"name": "b", "id": "2"}, {"name": "none"}, "odd"]
    arcgis.service.answer_next(json_reply(rows), json_reply({"webhooks": rows}))
    assert webhooks.ids_by_name() == {"a": "1", "b": "2"}
    assert webhooks.ids_by_name() == {}


@pytest.mark.parametrize(
    ("end", "act"),
    [
        ("/the-id/edit", lambda webhooks: webhooks.edit("the-id", HOOK, NOW)),
        ("/the-id/delete", lambda webhooks: webhooks.delete("the-id")),
    ],
)
def test_one_webhook_is_changed_and_removed_below_its_id(
    webhooks: ServiceWebhooks, arcgis: ArcGisOrganization, end: str, act: Callable[[ServiceWebhooks], None]
) -> None:
    arcgis.service.answer_next(DELETED)
    act(webhooks)
    assert arcgis.service.journal[0].path == f"{arcgis.service.admin_path}/WebHooks{end}"
    # The service itself knows no such webhook.
    with pytest.raises(ArcGisRefused):
        act(webhooks)
