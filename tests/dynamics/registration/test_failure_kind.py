"""Which failed jobs are refusals of the receiver and which are outages, by what Dataverse writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.dynamics.registration.failure_kind import FailureKind, failure_kind, statuses_in
from tests.support.cases import holds_for

NON_SUCCESS = "0x80050201"


def kind_of(message: str | None, code: str | None = NON_SUCCESS) -> FailureKind:
    return failure_kind(code, message)


@holds_for(
    "message",
    [
        "httpStatus code: {}",
        "Non success http status code: {} from server, OrgId: 3609bbbd-a041-5c9e-acb0-045d2dff171d, retryCount: 0",
        'answered {{"statusCode":{}}}',
        "status code '{}'",
        "StatusCode={}, retried at 2026-03-14T09:01:59.200Z",
        "status {}.",
        "The remote server returned an error: ({}) Something.",
        "Response status code does not indicate success: {} (Something).",
        "HTTP {}",
        "HTTP/1.1 {} Whatever",
        "the receiver answered {}",
        "the receiver responded with {} for OrgId 1",
        "https://hub.example:443/api/499?x=599 responded with {}.",
        " {} ",
    ],
)
@holds_for(("status", "kind"), [(400, "refused"), (403, "refused"), (499, "refused"), (500, "outage"), (599, "outage")])
def test_a_status_that_a_message_names_tells_the_kind(message: str, status: int, kind: str) -> None:
    assert kind_of(message.format(status)) == kind, message


@holds_for(
    ("message", "kind"),
    [
        ("Forbidden 403", "refused"),
        ("403 Forbidden", "refused"),
        ("403 (Forbidden)", "refused"),
        ("BadRequest (400)", "refused"),
        ("Bad Request: 400", "refused"),
        ("httpStatus code: Unauthorized", "refused"),
        ("StatusCode=ServiceUnavailable", "outage"),
        ("500 Internal Server Error", "outage"),
        ("first status code: 503, then status code: 403", "refused"),
    ],
)
def test_a_status_is_known_by_its_name_too(message: str, kind: str) -> None:
    assert kind_of(message) == kind


@holds_for(
    "message",
    [
        None,
        "",
        "the request failed",
        "no connection to 10.0.0.1:500",
        "no connection to hub.example:443",
        "status code received from https://hub.example:443/api",
        "status of port 443 is unknown",
        "https://hub.example/403 failed",
        "at 2026-04-03T10:40:40.403Z",
        "on 4.3.500 or 500-12-31",
        "id 403e1234-4030-4030-b403-045d2dff1403 failed",
        "status: 403e1234-4030-4030-b403-045d2dff1403",
        "status: 4031",
        "status: 40",
        "status code: 200",
        "status code: 503.7",
        "waited 500 ms, received 404 bytes",
        "/Date(500)/",
        "order 404 of 500",
        "403 Not Found",
        "Forbidden",
        "version 9.2.403",
    ],
)
def test_a_number_that_is_no_status_tells_nothing(message: str | None) -> None:
    assert kind_of(message) == "unknown"


@pytest.mark.parametrize("code", ["0x80050202", "0x80050205"])
@pytest.mark.parametrize("message", [None, "status code: 403", "status code: 200"])
def test_an_outage_is_one_whatever_its_text_says(code: str, message: str | None) -> None:
    assert kind_of(message, code) == "outage"


@pytest.mark.parametrize("code", [None, "0x80050203", "0x80050207", "0x80040203"])
def test_any_other_code_leaves_it_to_the_text(code: str | None) -> None:
    assert [kind_of(message, code) for message in ("no", "status code: 401")] == ["unknown", "refused"]


@given(guid=st.uuids(), port=st.integers(1, 65535), at=st.datetimes())
def test_no_id_no_port_and_no_date_is_taken_for_a_status(guid: object, port: int, at: object) -> None:
    message = f"status of {guid} at https://hub.example:{port}/{guid}?id={guid} (hub.example:{port}), {at}, is bad"
    assert list(statuses_in(message)) == []


@given(message=st.text())
def test_any_text_has_a_kind(message: str) -> None:
    assert kind_of(message) in FailureKind
