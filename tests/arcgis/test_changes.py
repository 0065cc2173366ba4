import json
from dataclasses import replace

import pytest

from shared.arcgis.changes import bounded_changes
from shared.arcgis.layer_event import event_id, layer_event
from shared.arcgis.payload import parse_changes
from shared.arcgis.webhook_connection import WebhookConnection
from shared.events.announcement import new_announcement
from shared.events.event import EventState
from shared.hub.hub import Hub
from tests.arcgis.samples import SECRET, body_of, entry
from tests.arcgis.stored import NOW, WORKFLOW, consent, store
from tests.fakes.arcgis_portal import ORG
from tests.fakes.feature_service import signature as sign
from tests.fakes.server import Reply, json_reply
from tests.support.arcgis import MANAGER, ArcGisOrganization

EDITS = {"edits": [{"id": 0, "features": {"adds": [], "updates": [{"attributes": {"OBJECTID": 7}}], "deleteIds": []}}]}


@pytest.fixture
def connection(arcgis_hub: Hub, arcgis: ArcGisOrganization) -> WebhookConnection:
    """Of a user who consented and owns the service's item."""
    arcgis.service.changes = EDITS
    found = store(arcgis_hub, arcgis.add_item(), username=MANAGER, service=arcgis.service.item_url)
    consent(arcgis_hub, MANAGER, arcgis.portal.sign_in(MANAGER))
    return found


def followed(hub: Hub, connection: WebhookConnection, url: str) -> dict[str, object]:
    """What was attached."""
    (change,) = parse_changes(body_of(entry(changesUrl=url)))
    event = layer_event(connection, change, NOW, follows_changes=True)
    values = hub.arcgis.services.changes.complete(event).field_values
    return {name: value for name, value in values.items() if name in {"changes", "changesError"}}


def changes_url(arcgis: ArcGisOrganization) -> str:
    return f"{arcgis.service.item_url}/extractChanges?serverGens=[1,2]&async=true"


def test_the_changes_are_extracted_and_attached(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization
) -> None:
    assert followed(arcgis_hub, connection, changes_url(arcgis)) == {"changes": EDITS["edits"]}
    steps = [call.path.rpartition("/")[2] for call in arcgis.service.journal]
    assert steps == ["extractChanges", "jobs", "jobs", "result"]
    assert "token" not in "".join(name for call in arcgis.service.journal for name in call.query)


def test_an_event_is_dispatched_with_its_changes(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization
) -> None:
    body = body_of(entry(changesUrl=changes_url(arcgis)))
    arcgis_hub.arcgis.notifications.receive(WORKFLOW, connection.id, body, sign(body, SECRET))
    (change,) = parse_changes(body)
    id_ = event_id(connection, change)
    arcgis_hub.receivers.dispatcher.dispatch(new_announcement(id_).as_text().encode(), attempt=1)
    stored = arcgis_hub.events.get(id_)
    assert stored is not None
    done = arcgis_hub.events.dispatched(stored)
    assert done is not None
    assert (done.state, done.field_values["changes"]) == (EventState.DISPATCHED, EDITS["edits"])


@pytest.mark.parametrize("host", ["https://evil.example", "http://169.254.169.254", "http://127.0.0.1:1", "x://y", ""])
def test_another_host_than_the_items_own_is_never_asked(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization, host: str
) -> None:
    found = followed(arcgis_hub, connection, f"{host}/extractChanges?serverGens=[1,2]")
    assert set(found) == {"changesError"}
    assert arcgis.service.journal == []


@pytest.mark.parametrize(
    "end",
    [
        "/ArcGIS/rest/services/PAYROLL/FeatureServer/extractChanges?layers=[0]&serverGens=[0,9]",
        "/ArcGIS/rest/services/roadWorks/../PAYROLL/FeatureServer/extractChanges?serverGens=[0,9]",
        "/ArcGIS/rest/services/roadWorks/FeatureServer/%2e%2e/%2e%2e/PAYROLL/FeatureServer/extractChanges?serverGens=[0,9]",
        "/ArcGIS/rest/services/roadWorks/FeatureServer/0/query?where=1=1&outFields=*",
        "/ArcGIS/rest/services/roadWorks/FeatureServer/extractChanges?serverGens=[0,9]&where=1=1",
        "/ArcGIS/rest/services/roadWorks/FeatureServer;x/extractChanges?serverGens=[0,9]",
        "/arbitrary/path?x=1",
    ],
)
def test_nothing_but_the_changes_of_the_items_own_service_is_asked_for(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization, end: str
) -> None:
    url = f"{arcgis.service.url}/{ORG}{end}"
    assert set(followed(arcgis_hub, connection, url)) == {"changesError"}
    assert arcgis.service.journal == []


def test_the_changes_are_asked_for_in_the_items_own_spelling(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization
) -> None:
    assert "changes" in followed(arcgis_hub, connection, changes_url(arcgis).replace("ArcGIS", "arcgis") + "&f=html")
    asked = arcgis.service.journal[0]
    assert asked.path == f"/{ORG}/ArcGIS/rest/services/roadWorks/FeatureServer/extractChanges"
    assert asked.query == {"serverGens": "[1,2]", "async": "true", "f": "json"}


def elsewhere(arcgis: ArcGisOrganization) -> list[str]:
    """Addresses that are not below the item's service."""
    return [
        f"{arcgis.portal.url}/sharing/rest/jobs",
        f"{arcgis.service.url}/{ORG}/ArcGIS/rest/services/PAYROLL/FeatureServer/jobs",
        f"{arcgis.service.item_url}/../../PAYROLL/FeatureServer/jobs",
        f"{arcgis.service.item_url}/%2e%2e/jobs",
        f"{arcgis.service.item_url}2/jobs",
        f"{arcgis.service.item_url}/0/query?where=1=1",
    ]


@pytest.mark.parametrize("number", range(6))
def test_an_answer_that_names_another_place_is_not_followed(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization, number: int
) -> None:
    arcgis.service.answer_next(json_reply({"statusUrl": elsewhere(arcgis)[number]}))
    assert set(followed(arcgis_hub, connection, changes_url(arcgis))) == {"changesError"}
    assert len(arcgis.service.journal) == 1


@pytest.mark.parametrize("number", range(6))
def test_a_result_at_another_place_is_not_read(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization, number: int
) -> None:
    arcgis.service.answer_next(
        json_reply({"statusUrl": f"{arcgis.service.item_url}/jobs/1"}),
        json_reply({"status": "Completed", "resultUrl": elsewhere(arcgis)[number]}),
    )
    assert set(followed(arcgis_hub, connection, changes_url(arcgis))) == {"changesError"}
    assert len(arcgis.service.journal) == 2


def test_an_item_that_moved_to_another_service_is_not_followed(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization
) -> None:
    made_for = replace(connection, service=arcgis.service.item_url.replace("roadWorks", "public"))
    arcgis_hub.arcgis.connections.replace(made_for, etag=stored_etag(arcgis_hub, connection))
    found = followed(arcgis_hub, connection, changes_url(arcgis))
    assert "make a new connection" in str(found["changesError"])
    assert arcgis.service.journal == []


@pytest.mark.parametrize("url", ["as it was", None, "https://odd.example/nothing"])
def test_a_connection_that_is_bound_to_no_service_reads_no_changes(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization, url: str | None
) -> None:
    unbound = replace(connection, service=None)
    arcgis_hub.arcgis.connections.replace(unbound, etag=stored_etag(arcgis_hub, connection))
    if url != "as it was":
        arcgis.portal.items[connection.item_id].url = url
    assert set(followed(arcgis_hub, connection, changes_url(arcgis))) == {"changesError"}
    assert arcgis.service.journal == []


def stored_etag(hub: Hub, connection: WebhookConnection) -> str:
    found = hub.arcgis.connections.get(WORKFLOW, connection.id)
    assert found is not None
    return found.etag


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500, b"broken"),
        Reply(200, b"<html>", {"Content-Type": "text/html"}),
        Reply(302, b"", {"Location": "https://evil.example"}),
        json_reply([]),
        json_reply({"error": {"code": 498, "message": "Invalid token."}}),
        json_reply({"error": {"code": 400, "message": "Invalid Sync model type. syncLayers json object is required."}}),
        json_reply({"status": "Failed"}),
    ],
    ids=["500", "html", "redirect", "array", "498", "sync", "failed"],
)
def test_a_service_that_fails_costs_the_changes_and_not_the_event(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization, reply: Reply
) -> None:
    arcgis.service.answer_always(reply)
    (name,) = followed(arcgis_hub, connection, changes_url(arcgis))
    assert name == "changesError"


def test_a_cancelled_extraction_is_not_waited_for(
    arcgis_hub: Hub, connection: WebhookConnection, arcgis: ArcGisOrganization
) -> None:
    url = changes_url(arcgis)
    arcgis.service.answer_next(json_reply({"statusUrl": f"{arcgis.service.item_url}/jobs"}))
    arcgis.service.answer_next(json_reply({"status": "Cancelled"}))
    assert set(followed(arcgis_hub, connection, url)) == {"changesError"}


def test_without_consent_there_are_no_changes(arcgis_hub: Hub, arcgis: ArcGisOrganization) -> None:
    lonely = store(arcgis_hub, arcgis.add_item(), username="nobody")
    assert followed(arcgis_hub, lonely, changes_url(arcgis)) == {"changesError": "nobody consented to read them"}


def test_large_changes_are_counted() -> None:
    rows = [{"attributes": {"OBJECTID": number}} for number in range(1000)]
    edits = [{"id": 0, "features": {"adds": rows, "updates": [], "deleteIds": [1]}}]
    assert bounded_changes({"edits": edits}) == {
        "truncated": True,
        "counts": [{"id": 0, "adds": 1000, "updates": 0, "deleteIds": 1}],
    }


def test_small_changes_go_along_as_they_are() -> None:
    assert bounded_changes(json.loads(json.dumps(EDITS))) == EDITS["edits"]
