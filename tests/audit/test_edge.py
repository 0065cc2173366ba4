"""What leaves a line and what a row, whatever became of the request."""

import logging
import threading
from collections.abc import Callable
from typing import Any

import azure.functions as func
import pytest

from shared.audit.edge import administer
from shared.audit.entry import AuditEntry, Outcome
from shared.audit.log import MAX_REFUSALS_PER_MINUTE, AuditFilter
from shared.audit.recording import identified, note
from shared.audit.surfaces import EVENTS, WEBHOOK_ADMIN
from shared.errors import (
    BadGateway,
    BadRequest,
    Conflict,
    DataverseDown,
    DirectoryDown,
    Forbidden,
    HubError,
    IdentityDown,
    Misconfigured,
    StorageDown,
    Unauthenticated,
    Unavailable,
)
from shared.http import Handler, empty_response
from shared.hub.hub import Hub
from tests.support.lines import lines_in
from tests.support.patience import Meeting
from tests.support.transport import Fault, JournalTransport

USER = "manager@hub.example"

type Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Lines:
    """The audit's lines so far."""
    caplog.set_level(logging.INFO)
    return lambda: lines_in(caplog.records, "audit")


def rows(hub: Hub) -> list[AuditEntry]:
    return [entry for _, entry in hub.audit.list(AuditFilter(), page_size=100)]


def request(method: str, path: str = "12", **params: str) -> func.HttpRequest:
    return func.HttpRequest(method, "http://localhost/api/x", params=params, route_params={"path": path}, body=b"")


def handler(hub: Hub, *, error: HubError | Exception | None = None, who: str | None = USER) -> Handler:
    """Identifies the caller, then changes the name, then fails with the error."""

    def handle(_: func.HttpRequest) -> func.HttpResponse:
        if who is not None:
            identified(who, hub.audit)
        if error is not None:
            raise error
        note(changed=["Name", "Secret"])
        return empty_response(204)

    return handle


def test_a_change_is_a_line_and_a_row_that_say_the_same(hub: Hub, lines: Lines) -> None:
    assert administer(request("PATCH"), WEBHOOK_ADMIN, handler(hub)).status_code == 204
    [line], [row] = lines(), rows(hub)
    assert line == {"name": "audit", "row": "written", **row.as_json()}
    assert {name: line[name] for name in line if name != "at"} == {
        "name": "audit",
        "who": USER,
        "action": "webhook.update",
        "target": "webhooks/12",
        "outcome": "done",
        "status": 204,
        "changed": ["Name", "Secret"],
        "row": "written",
    }


def test_a_row_is_one_transaction(hub: Hub, transport: JournalTransport) -> None:
    administer(request("PATCH"), WEBHOOK_ADMIN, handler(hub))
    transport.forget()
    administer(request("PATCH"), WEBHOOK_ADMIN, handler(hub))
    assert transport.summary == ["PUT audit"]


@pytest.mark.parametrize("error", [BadRequest("x"), Forbidden("x"), Conflict("x")])
def test_a_refused_change_is_a_line_and_a_row(hub: Hub, lines: Lines, error: HubError) -> None:
    administer(request("DELETE"), WEBHOOK_ADMIN, handler(hub, error=error))
    [line], [row] = lines(), rows(hub)
    assert (line["outcome"], line["status"], line["changed"], line["row"]) == ("refused", error.status, [], "written")
    assert (row.who, row.outcome, row.status) == (USER, Outcome.REFUSED, error.status)


def test_a_neighbour_that_refuses_the_hub_is_a_failure_with_a_row(hub: Hub, lines: Lines) -> None:
    administer(request("DELETE"), WEBHOOK_ADMIN, handler(hub, error=BadGateway("x")))
    assert [line["outcome"] for line in lines()] == ["failed"]
    assert [row.outcome for row in rows(hub)] == [Outcome.FAILED]


def test_an_outage_of_storage_is_a_line_alone_and_costs_no_transaction(
    hub: Hub, lines: Lines, transport: JournalTransport
) -> None:
    administer(request("DELETE"), WEBHOOK_ADMIN, handler(hub, error=StorageDown("x")))
    [line] = lines()
    assert (line["outcome"], line["status"], line["row"]) == ("failed", 503, "none")
    assert transport.calls == []


@pytest.mark.parametrize(
    "error", [DataverseDown("x"), DirectoryDown("x"), Unavailable("x"), Misconfigured("x"), RuntimeError("s3cret")]
)
def test_any_other_outage_may_be_half_done_and_keeps_the_row(hub: Hub, lines: Lines, error: Exception) -> None:
    administer(request("DELETE"), WEBHOOK_ADMIN, handler(hub, error=error))
    [line], [row] = lines(), rows(hub)
    assert (line["outcome"], line["status"], line["row"]) == ("failed", 503, "written")
    assert (row.who, row.outcome, row.status) == (USER, Outcome.FAILED, 503)
    assert "s3cret" not in str(line)


def test_an_outage_before_the_caller_is_known_is_a_line_alone(hub: Hub, lines: Lines) -> None:
    administer(request("DELETE"), WEBHOOK_ADMIN, handler(hub, error=IdentityDown("x"), who=None))
    assert ([line["row"] for line in lines()], rows(hub)) == (["none"], [])


def test_a_bulk_replay_that_storage_breaks_off_keeps_the_row(hub: Hub, lines: Lines) -> None:
    administer(request("POST", "deliveries/replay"), EVENTS, handler(hub, error=StorageDown("x")))
    assert [line["row"] for line in lines()] == ["written"]
    assert [(row.action, row.outcome) for row in rows(hub)] == [("delivery.replay", Outcome.FAILED)]


def test_a_dry_run_in_an_outage_leaves_nothing(hub: Hub, lines: Lines, transport: JournalTransport) -> None:
    asked = request("POST", "deliveries/replay", dryRun="true")
    administer(asked, EVENTS, handler(hub, error=StorageDown("x")))
    assert (lines(), transport.calls) == ([], [])


def test_an_outage_after_the_change_keeps_the_row(hub: Hub, lines: Lines) -> None:
    def handle(req: func.HttpRequest) -> func.HttpResponse:
        handler(hub)(req)
        raise StorageDown("the usage cannot be read")

    assert administer(request("PATCH"), WEBHOOK_ADMIN, handle).status_code == 503
    assert [(row.outcome, row.changed) for row in rows(hub)] == [(Outcome.FAILED, ("Name", "Secret"))]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_nobody_we_know_leaves_a_line_and_costs_no_transaction(
    hub: Hub, lines: Lines, transport: JournalTransport, method: str
) -> None:
    administer(request(method), WEBHOOK_ADMIN, handler(hub, error=Unauthenticated("x"), who=None))
    [line] = lines()
    assert (line["who"], line["outcome"], line["status"], line["row"]) == (None, "refused", 401, "none")
    assert transport.calls == []


def test_a_refused_read_is_a_line_alone(hub: Hub, lines: Lines, transport: JournalTransport) -> None:
    administer(request("GET"), WEBHOOK_ADMIN, handler(hub, error=Forbidden("x")))
    [line] = lines()
    assert (line["who"], line["action"], line["target"], line["row"]) == (USER, "read", "webhooks/12", "none")
    assert transport.calls == []


@pytest.mark.parametrize("error", [None, BadRequest("x"), StorageDown("x")])
def test_any_other_read_leaves_nothing(
    hub: Hub, lines: Lines, transport: JournalTransport, error: HubError | None
) -> None:
    administer(request("GET"), WEBHOOK_ADMIN, handler(hub, error=error))
    assert (lines(), transport.calls) == ([], [])


def test_a_signal_is_a_line_alone(hub: Hub, lines: Lines, transport: JournalTransport) -> None:
    administer(request("POST", "sale.created/7"), WEBHOOK_ADMIN, handler(hub))
    assert [(line["action"], line["row"]) for line in lines()] == [("event.signal", "none")]
    assert transport.calls == []


def test_a_change_whose_row_cannot_be_written_is_made_and_says_so(
    hub: Hub, lines: Lines, transport: JournalTransport, caplog: pytest.LogCaptureFixture
) -> None:
    transport.fail(1, Fault.BEFORE)
    assert administer(request("PATCH"), WEBHOOK_ADMIN, handler(hub)).status_code == 204
    [line] = lines()
    assert (line["outcome"], line["row"]) == ("done", "failed")
    assert caplog.records[-1].levelname == "ERROR"
    assert rows(hub) == []


def test_refusals_of_one_caller_do_not_fill_the_table(hub: Hub, lines: Lines) -> None:
    refused = handler(hub, error=Forbidden("x"))
    for _ in range(MAX_REFUSALS_PER_MINUTE + 5):
        administer(request("DELETE"), WEBHOOK_ADMIN, refused)
    # The minute may have ended meanwhile.
    assert len(lines()) == MAX_REFUSALS_PER_MINUTE + 5
    kept = [line["row"] for line in lines()]
    assert kept.count("written") == len(rows(hub)) >= MAX_REFUSALS_PER_MINUTE
    administer(request("DELETE"), WEBHOOK_ADMIN, handler(hub))
    assert lines()[-1]["row"] == "written"


def test_requests_at_the_same_time_do_not_mix(hub: Hub, lines: Lines) -> None:
    come, noted = Meeting(2), Meeting(2)

    def handle(who: str, req: func.HttpRequest) -> func.HttpResponse:
        identified(who, hub.audit)
        come.wait()
        note(changed=[who])
        noted.wait()
        return empty_response(204)

    threads = [
        threading.Thread(
            target=lambda who=who: administer(request("DELETE", who), WEBHOOK_ADMIN, lambda req: handle(who, req))
        )
        for who in ("1", "2")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    found = {(line["who"], line["target"], *line["changed"]) for line in lines()}
    assert found == {("1", "webhooks/1", "1"), ("2", "webhooks/2", "2")}


@pytest.mark.parametrize("path", ["x" * 5000, '"}\n{"name": "audit"', "\x00\x1b[31m", "\ud800"])
def test_a_path_cannot_forge_a_line_or_fill_a_row(hub: Hub, lines: Lines, path: str) -> None:
    administer(request("DELETE", path), WEBHOOK_ADMIN, handler(hub))
    [line] = lines()
    assert (line["who"], line["row"], len(line["target"]) <= 250) == (USER, "written", True)
