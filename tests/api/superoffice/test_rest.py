"""Which path is which operation, the two conditions, and the numbers in parameters."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.api.superoffice.rest import is_not_modified, precondition_failed
from tests.api.superoffice.calling import Client, content, refusal
from tests.fakes.receiver import Receiver
from tests.support.delivering import EVENT, register

# RFC 9110, 5.6.7: one moment in three forms.
FORMS = ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
MOMENT = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
GARBAGE = [
    None,
    "",
    "yesterday",
    "0",
    "1994-11-06T08:49:37Z",
    "Sun, 06 Nov 1994 08:49:37 +0100",
    "Sun, 31 Feb 1994 08:49:37 GMT",
    "*",
]


@pytest.mark.parametrize("header", FORMS)
@pytest.mark.parametrize(("later_by", "is_modified"), [(-1, False), (0, False), (0.9, False), (1, True)])
def test_a_webhook_is_modified_from_the_next_full_second_on(header: str, later_by: float, is_modified: bool) -> None:
    updated = MOMENT + timedelta(seconds=later_by)
    assert is_not_modified(header, updated) is not is_modified
    assert precondition_failed(header, updated) is is_modified


@pytest.mark.parametrize("header", GARBAGE)
def test_what_is_no_http_date_is_ignored(header: str | None) -> None:
    assert not is_not_modified(header, MOMENT)
    assert not precondition_failed(header, MOMENT)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2999, 1, 1), timezones=st.timezones()))
def test_the_time_that_a_client_was_given_is_never_older_than_the_webhook(updated: datetime) -> None:
    header = format_datetime(updated.astimezone(UTC), usegmt=True)
    assert is_not_modified(header, updated)
    assert not precondition_failed(header, updated)


@given(st.text())
def test_any_header_is_a_date_or_ignored(header: str) -> None:
    assert not (is_not_modified(header, MOMENT) and precondition_failed(header, MOMENT))


def test_each_path_is_its_operation(client: Client, receiver: Receiver) -> None:
    document = {"Name": "Mine", "Events": [EVENT], "TargetUrl": receiver.url}
    created = content(client.rest("POST", "", {**document, "WebhookId": 99}))
    path = f"{created['WebhookId']}"
    assert created["_Links"] == {
        "Self": f"https://hub.example/api/v1/Webhook/{path}",
        "Archive": "https://hub.example/api/v1/Webhook",
    }
    assert content(client.rest("GET", path)) == created
    assert content(client.rest("GET", "Default"))["WebhookId"] == 0
    assert content(client.rest("GET", f"{path}/LastError")) == ""
    assert content(client.rest("PUT", path, {**document, "Name": "Put"}))["Name"] == "Put"
    assert content(client.rest("PATCH", path, {"Name": "Patched"}))["Name"] == "Patched"
    [listed] = content(client.rest("GET", "", query={"nameFilter": "patched", "$top": "1", "$skip": "0"}))
    assert (listed["Name"], "_Links" in listed) == ("Patched", False)
    assert content(client.rest("POST", "Test", {"TargetUrl": receiver.url}))["Success"] is True
    assert client.rest("POST", f"{EVENT}/7", {"a": 1}).status_code == 204
    assert client.hub.storage.queue("events").count() == 1
    assert client.rest("DELETE", path).status_code == 204
    assert refusal(client.rest("GET", path)) == (404, f"Webhook id {path} not found")


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", ""), ("DELETE", ""), ("GET", "1/x"), ("POST", "1"), ("PATCH", "1/LastError")]
)
def test_any_other_path_is_not_found(client: Client, method: str, path: str) -> None:
    assert refusal(client.rest(method, path)) == (404, f"there is no {method} at this path")


def test_conditions_are_about_the_webhook_as_it_is_stored(client: Client, receiver: Receiver) -> None:
    registration = register(client.hub, receiver.url)
    path, seen = f"{registration.id}", format_datetime(registration.updated.astimezone(UTC), usegmt=True)
    before = format_datetime((registration.updated - timedelta(hours=1)).astimezone(UTC), usegmt=True)
    assert client.rest("GET", path, If_Modified_Since=seen).status_code == 304
    assert client.rest("GET", path, If_Modified_Since=before).status_code == 200
    for method in ("PUT", "PATCH", "DELETE"):
        status, message = refusal(client.rest(method, path, {"Name": "x"}, If_Unmodified_Since=before))
        assert (status, message) == (412, f"Webhook id {path} was changed after If-Unmodified-Since")
    assert client.rest("DELETE", path, If_Unmodified_Since=seen).status_code == 204


@pytest.mark.parametrize("text", ["-1", "", "x", "1.0", "\u0661", "1000000000"])
@pytest.mark.parametrize("name", ["$top", "$skip"])
def test_a_count_is_a_bounded_integer(client: Client, name: str, text: str) -> None:
    expected = (400, f"{name} must be an integer from 0 to 999999999")
    assert refusal(client.rest("GET", "", query={name: text})) == expected


@pytest.mark.parametrize("key", ["x", "1.5", "1" * 21, "\u0661"])
def test_the_key_of_a_signal_is_an_integer(client: Client, key: str) -> None:
    assert refusal(client.rest("POST", f"{EVENT}/{key}")) == (400, "primaryKey must be a 32-bit integer")
