"""What every neighbour's web API has in common; test_dataverse.py holds what a single row's answer may look like."""

import contextlib
import gzip
import itertools
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.deadline import deadline, retry_budget
from shared.errors import BadGateway, DirectoryDown, Throttled, Unavailable
from shared.web_api import WebApi
from tests.fakes.graph import FakeGraph
from tests.fakes.server import Reply, json_reply

ITEMS = "/v1.0/sites/s/lists/l/items?$expand=fields($select=AdGroupName,Role)"
GUID = "11f1f3a2-6a3c-4d7e-8f0b-5d1c2e3f4a5b"


@pytest.fixture(scope="module")
def graph_process() -> Iterator[FakeGraph]:
    with FakeGraph() as running:
        yield running


@pytest.fixture
def graph(graph_process: FakeGraph) -> FakeGraph:
    graph_process.reset()
    return graph_process


@pytest.fixture
def api_of() -> Iterator[Callable[..., WebApi]]:
    """Makes the API of a neighbour that sends these bytes and closes, or that drips on after them."""
    listeners: list[socket.socket] = []

    def make(sent: bytes, *, drips: bool = False) -> WebApi:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=_send_raw, args=(listener, sent), kwargs={"drips": drips}, daemon=True).start()
        return WebApi("Graph", f"http://127.0.0.1:{listener.getsockname()[1]}", None, DirectoryDown)

    yield make
    for listener in listeners:
        listener.close()


def _send_raw(listener: socket.socket, sent: bytes, *, drips: bool) -> None:
    with contextlib.suppress(OSError), listener.accept()[0] as connection:
        connection.recv(65_536)
        connection.sendall(sent)
        while drips:
            time.sleep(0.05)
            connection.sendall(b" ")


@pytest.fixture
def api(graph: FakeGraph) -> WebApi:
    return WebApi("Graph", graph.url, lambda: graph.token, DirectoryDown)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.integers(0, 20), page_size=st.integers(1, 25))
def test_all_pages_are_read_in_order(api: WebApi, graph: FakeGraph, rows: int, page_size: int) -> None:
    graph.reset()
    graph.page_size = page_size
    graph.lists["s", "l"] = []
    for number in range(rows):
        graph.add_role("s", "l", "role", number)
    assert [row["fields"] for row in api.pages(ITEMS)] == graph.lists["s", "l"]


def test_a_post_sends_json_and_the_token(api: WebApi, graph: FakeGraph) -> None:
    graph.add_user("kim")
    answer = api.post("/v1.0/users/kim/checkMemberGroups", {"groupIds": [GUID]})
    assert (answer.status, answer.content) == (200, {"value": []})
    [request] = graph.journal
    assert (request.bearer, request.headers["content-type"]) == (graph.token, "application/json")


@pytest.mark.parametrize("page", [{}, {"value": {}}, {"value": None}, {"value": "x"}, {"@odata.nextLink": "/v1.0/x"}])
def test_a_page_without_rows_is_an_outage_and_never_the_end(api: WebApi, graph: FakeGraph, page: object) -> None:
    graph.answer_next(json_reply({"value": [{}], "@odata.nextLink": f"{graph.url}/v1.0/more"}), json_reply(page))
    with pytest.raises(DirectoryDown, match="instead of a list"):
        list(api.pages(ITEMS))


def test_a_page_that_is_missing_is_an_outage(api: WebApi, graph: FakeGraph) -> None:
    graph.answer_next(json_reply({"value": [{}], "@odata.nextLink": f"{graph.url}/v1.0/more"}))
    with pytest.raises(DirectoryDown, match="404"):
        list(api.pages(ITEMS))


@pytest.mark.parametrize("path", ["@evil.example/x", ".evil.example/x", "0/x", ":1@evil.example", "\\@evil.example"])
def test_a_next_page_without_a_host_stays_at_this_address(api: WebApi, graph: FakeGraph, path: str) -> None:
    graph.answer_next(json_reply({"value": [], "@odata.nextLink": path}))
    with pytest.raises(DirectoryDown, match="another address"):
        list(api.pages(ITEMS))
    assert len(graph.journal) == 1


@pytest.mark.parametrize("port", ["", ":1", "x.example", "@evil.example"])
def test_the_token_goes_to_no_other_address(api: WebApi, graph: FakeGraph, port: str) -> None:
    elsewhere = "http://evil.example/" if not port else f"{graph.url}{port}/v1.0/more"
    graph.answer_next(json_reply({"value": [], "@odata.nextLink": elsewhere}))
    with pytest.raises(DirectoryDown, match="another address"):
        list(api.pages(ITEMS))


def test_pages_without_an_end_are_an_outage(api: WebApi, graph: FakeGraph) -> None:
    graph.answer_always(json_reply({"value": [], "@odata.nextLink": f"{graph.url}/v1.0/more"}))
    with pytest.raises(DirectoryDown, match="pages"):
        list(api.pages(ITEMS))
    assert len(graph.journal) == 200


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_the_deadline_has_room_for_is_waited(api: WebApi, graph: FakeGraph, status: int) -> None:
    graph.answer_next(Reply(status, headers={"Retry-After": "1"}))
    began_at = time.monotonic()
    with deadline(10):
        assert api.get("/v1.0/x").status == 404
    assert (len(graph.journal), time.monotonic() - began_at >= 1) == (2, True)


def test_a_wait_may_be_a_date(api: WebApi, graph: FakeGraph) -> None:
    past = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    graph.answer_next(Reply(429, headers={"Retry-After": past}))
    assert api.get("/v1.0/x").status == 404


@pytest.mark.parametrize("after", ["19", "86400", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_wait_beyond_the_deadline_is_an_outage_at_once(api: WebApi, graph: FakeGraph, after: str) -> None:
    graph.answer_always(Reply(429, headers={"Retry-After": after}))
    began_at = time.monotonic()
    with deadline(18), pytest.raises(Throttled, match="429"):
        api.get("/v1.0/x")
    assert (len(graph.journal), time.monotonic() - began_at < 15) == (1, True)


def test_waits_that_say_nothing_usable_are_a_second_each_and_come_to_an_end(api: WebApi, graph: FakeGraph) -> None:
    graph.answer_always(Reply(503, headers={"Retry-After": "soon"}))
    with retry_budget(1.5), pytest.raises(DirectoryDown, match="503"):
        api.get("/v1.0/x")
    assert len(graph.journal) == 2


def test_a_neighbour_that_hangs_on_every_page_ends_in_time(api: WebApi, graph: FakeGraph) -> None:
    graph.hang()
    began_at = time.monotonic()
    with deadline(0.5), pytest.raises(DirectoryDown):
        list(api.pages(ITEMS))
    assert time.monotonic() - began_at < 4


@pytest.mark.parametrize("transfer", ["chunked", "length"])
def test_an_answer_may_be_compressed_and_come_in_pieces(api_of: Callable[[bytes], WebApi], transfer: str) -> None:
    rows = [{"id": str(number)} for number in range(5000)]
    body = gzip.compress(json.dumps({"value": rows}).encode())
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
    if transfer == "length":
        sent = head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
    else:
        pieces = (body[start : start + 1000] for start in range(0, len(body), 1000))
        chunks = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces)
        sent = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    assert list(api_of(sent).pages("/x")) == rows
    with pytest.raises(DirectoryDown):
        api_of(sent[:-1500]).get("/x")


def test_an_answer_that_drips_ends_with_the_deadline(api_of: Callable[..., WebApi]) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    api = api_of(head, drips=True)
    began_at = time.monotonic()
    with deadline(0.5), pytest.raises(DirectoryDown, match="no time is left"):
        api.get("/x")
    assert time.monotonic() - began_at < 15


def test_a_failure_is_named_by_its_code_and_nothing_else(api: WebApi, graph: FakeGraph) -> None:
    for code, named in (("Authorization_RequestDenied", " Authorization_RequestDenied"), ("a s3cret", ""), (7, "")):
        graph.answer_next(json_reply({"error": {"code": code, "message": "s3cret"}}, 403))
        with pytest.raises(DirectoryDown) as caught:
            list(api.pages(ITEMS))
        assert caught.value.detail == f"Graph answered 403{named} instead of a list"


def test_without_time_no_token_is_asked_for(graph: FakeGraph) -> None:
    asked = itertools.count()
    api = WebApi("Graph", graph.url, lambda: f"token {next(asked)}", DirectoryDown)
    with deadline(0), pytest.raises(DirectoryDown, match="no time is left"):
        api.get("/v1.0/x")
    assert (next(asked), graph.journal) == (0, [])


def test_a_token_that_took_all_the_time_is_not_sent(graph: FakeGraph) -> None:
    def late() -> str:
        while time.monotonic() < over_at:
            time.sleep(0.01)
        return graph.token

    over_at = time.monotonic() + 0.2
    with deadline(0.1), pytest.raises(DirectoryDown, match="no time is left"):
        WebApi("Graph", graph.url, late, DirectoryDown).get("/v1.0/x")
    assert graph.journal == []


@pytest.mark.parametrize("reply", [Reply(302, headers={"Location": "/x"}), Reply(200, b"<html>"), json_reply([])])
def test_an_answer_that_is_none_can_be_told_from_an_outage(graph: FakeGraph, reply: Reply) -> None:
    api = WebApi("Graph", graph.url, lambda: graph.token, DirectoryDown, on_bad_response=BadGateway)
    graph.answer_always(reply)
    with pytest.raises(BadGateway):
        api.get("/v1.0/x")
    graph.answer_always(Reply(500))
    with pytest.raises(DirectoryDown):
        api.get("/v1.0/x")


@pytest.mark.parametrize(
    ("status", "after", "error", "seconds"),
    [
        (429, "2", Throttled, 2),
        (429, "86401", Throttled, 86_400),
        (429, "0", Throttled, 0),
        (429, None, Throttled, None),
        (429, "soon", Throttled, None),
        (503, "2", Throttled, 2),
        (503, "0", Throttled, 0),
        (503, None, DirectoryDown, None),
        (503, "soon", DirectoryDown, None),
    ],
)
def test_a_busy_neighbour_is_told_from_one_that_is_down_and_its_pause_is_kept(
    api: WebApi, graph: FakeGraph, status: int, after: str | None, error: type[Unavailable], seconds: int | None
) -> None:
    graph.answer_always(Reply(status, headers={"Retry-After": after} if after else {}))
    with retry_budget(0.5), pytest.raises(Unavailable) as caught:
        api.get("/v1.0/x")
    assert (type(caught.value), caught.value.retry_after_seconds) == (error, seconds)


@pytest.mark.parametrize(("busy", "is_second"), [([], False), ([429], False), ([503], True), ([503, 429], True)])
def test_an_answer_says_whether_the_request_may_have_been_done_before(
    api: WebApi, graph: FakeGraph, busy: list[int], *, is_second: bool
) -> None:
    graph.answer_next(*(Reply(status, headers={"Retry-After": "0"}) for status in busy))
    assert api.send("PATCH", "/v1.0/x", {}).is_second is is_second
    assert len(graph.journal) == len(busy) + 1


def test_a_neighbour_that_is_busy_to_the_end_is_asked_four_times(api: WebApi, graph: FakeGraph) -> None:
    graph.answer_always(Reply(429, headers={"Retry-After": "0"}))
    with pytest.raises(Throttled, match="Graph answered 429"):
        api.get("/v1.0/x")
    assert len(graph.journal) == 4


def test_a_change_is_sent_with_its_method_headers_and_body(api: WebApi, graph: FakeGraph) -> None:
    api.send("PATCH", "/v1.0/x", {"If-Match": "*"}, {"a": 1})
    [request] = graph.journal
    assert (request.method, request.headers["if-match"], request.body) == ("PATCH", "*", b'{"a": 1}')


def test_no_proxy_of_the_environment_is_used(api: WebApi) -> None:
    os.environ.update(dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), "http://127.0.0.1:9"))
    os.environ.update(NO_PROXY="", no_proxy="")
    assert api.get(ITEMS).error_code == "itemNotFound"
