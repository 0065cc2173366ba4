"""What all endpoints of `/api/v1/Webhook` have in common: $select, time zones, conditions, and formats in and out."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from xml.etree.ElementTree import Element

import pytest
from defusedxml import ElementTree

from tests.e2e.running import RunningApp
from tests.e2e.webhooks import created, ok, one, refusal, request, stopped
from tests.fakes.receiver import Receiver


def test_select_nulls_what_it_does_not_name(app: RunningApp) -> None:
    made = created(app, Description="d")
    query = {"$select": "name,RegisteredAssociate/fullname,nothing"}
    found = ok(request(app, "GET", one(made), query=query))
    kept = {name for name, value in found.items() if value is not None}
    assert kept == {"WebhookId", "Name", "RegisteredAssociate", "_Links"}
    assert found.keys() == made.keys()
    associate = {name: value for name, value in found["RegisteredAssociate"].items() if value is not None}
    assert associate == {"FullName": app.seed.manager["upn"]}
    query = {"$SELECT": "description"}
    for method, body in (("PUT", made), ("PATCH", {"Name": "n"})):
        found = ok(request(app, method, one(made), body, query=query))
        assert (found["Description"], found["Name"]) == ("d", None)
    found = ok(request(app, "POST", "Webhook", stopped(), query=query))
    assert (found["WebhookId"] > 0, found["Name"]) == (True, None)


def test_times_are_utc_in_any_zone_and_tagged_on_request(app: RunningApp) -> None:
    made = created(app)
    assert ok(request(app, "GET", one(made), SO_TimeZone="NO"))["Updated"] == made["Updated"]
    tagged = ok(request(app, "GET", one(made), SO_TimeZone="NO, includeTZOffset"))
    assert (tagged["Registered"], tagged["Updated"]) == (f"{made['Registered']}Z", f"{made['Updated']}Z")
    age = datetime.now(UTC) - datetime.fromisoformat(tagged["Updated"])
    assert timedelta(0) <= age < timedelta(minutes=5)


def test_language_and_token_headers_change_nothing(app: RunningApp) -> None:
    made = created(app)
    response = request(
        app,
        "GET",
        one(made),
        Accept_Language="nb-NO",
        SO_Language="*",
        SO_Culture="en-US",
        SO_AppToken="x",
        X_XSRF_TOKEN="wrong",
    )
    assert ok(response) == made


def test_if_modified_since_spares_the_body(app: RunningApp) -> None:
    made = created(app)
    updated = datetime.fromisoformat(f"{made['Updated']}Z")
    response = request(app, "GET", one(made), If_Modified_Since=format_datetime(updated, usegmt=True))
    assert (response.status_code, response.content) == (304, b"")
    earlier = format_datetime(updated - timedelta(seconds=1), usegmt=True)
    assert ok(request(app, "GET", one(made), If_Modified_Since=earlier)) == made
    assert ok(request(app, "GET", one(made), If_Modified_Since="yesterday")) == made


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_if_unmodified_since_refuses_what_was_changed(app: RunningApp, method: str) -> None:
    made = created(app)
    updated = datetime.fromisoformat(f"{made['Updated']}Z")
    earlier = format_datetime(updated - timedelta(seconds=1), usegmt=True)
    body = None if method == "DELETE" else stopped(Name="Other")
    assert refusal(request(app, method, one(made), body, If_Unmodified_Since=earlier))[0] == 412
    assert ok(request(app, "GET", one(made))) == made
    response = request(app, method, one(made), body, If_Unmodified_Since=format_datetime(updated, usegmt=True))
    assert response.status_code == (204 if method == "DELETE" else 200)


@pytest.mark.parametrize("accept", ["application/xml", "text/xml", "text/xml;q=0.9, application/json;q=0.1"])
def test_xml_goes_out_and_comes_in_again(app: RunningApp, accept: str) -> None:
    made = created(app, Headers={"X-A": "1"}, Properties={"tenant": 7, "on": True}, Description="a < b & é")
    response = request(app, "GET", one(made), Accept=accept)
    assert response.headers["Content-Type"] == f"{accept.partition(';')[0]}; charset=utf-8"
    root = ElementTree.fromstring(response.content)
    assert (root.tag, root.findtext("Name"), root.findtext("Events/string")) == (
        "WebhookWithLinks",
        "Stopped",
        made["Events"][0],
    )
    put = request(app, "PUT", one(made), response.content, Content_Type="application/xml; charset=utf-8")
    same = {"Updated": None}
    assert ok(put) | same == made | same
    listed = request(app, "GET", "Webhook", query={"eventFilter": made["Events"][0]}, Accept=accept)
    listing = ElementTree.fromstring(listed.content)
    assert (listing.tag, [entity.tag for entity in listing]) == ("ArrayOfWebhook", ["Webhook"])


def test_xml_of_other_operations_has_the_names_of_its_entities(app: RunningApp, receiver: Receiver) -> None:
    made = created(app)

    def root_of(method: str, path: str, body: object = None) -> Element:
        response = request(app, method, path, body, Accept="application/xml")
        assert response.status_code == 200
        return ElementTree.fromstring(response.content)

    assert root_of("GET", "Webhook/default").tag == "Webhook"
    assert root_of("GET", f"{one(made)}/LastError").tag == "string"
    result = root_of("POST", "Webhook/Test", {"TargetUrl": receiver.url})
    assert (result.tag, result.findtext("Success")) == ("WebhookResult", "true")


def test_an_xml_patch_and_xml_data_are_read_too(app: RunningApp) -> None:
    made = created(app)
    body = b"<Webhook><Name>From XML</Name></Webhook>"
    assert ok(request(app, "PATCH", one(made), body, Content_Type="text/xml"))["Name"] == "From XML"
    data = b"<Data><KeyValueOfstringanyType><Key>name</Key><Value>x</Value></KeyValueOfstringanyType></Data>"
    assert request(app, "POST", "Webhook/a.b/1", data, Content_Type="application/xml").status_code == 204


def test_a_form_makes_a_webhook(app: RunningApp) -> None:
    body = b"Name=From+a+form&Events=a.b&Events=c.d&TargetUrl=https://93.184.216.34/&State=Stopped&Headers[X-A]=1"
    made = ok(request(app, "POST", "Webhook", body, Content_Type="application/x-www-form-urlencoded"))
    assert (made["Name"], made["Events"], made["Headers"]) == ("From a form", ["a.b", "c.d"], {"X-A": "1"})


@pytest.mark.parametrize("accept", ["image/png", "text/html;q=nonsense", "application/xml;q=0", "*/*", ""])
def test_a_format_that_cannot_be_served_is_answered_in_json(app: RunningApp, accept: str) -> None:
    assert ok(request(app, "GET", "Webhook/default", Accept=accept))["State"] == "Active"


def test_text_json_is_served_as_such(app: RunningApp) -> None:
    response = request(app, "GET", "Webhook/default", Accept="text/json")
    assert (response.headers["Content-Type"], response.json()["State"]) == ("text/json; charset=utf-8", "Active")
    body = json.dumps(stopped()).encode()
    assert request(app, "POST", "Webhook", body, Content_Type="text/json").status_code == 200
