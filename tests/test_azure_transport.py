import gzip
import json
import os
import re
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import pytest
from azure.core.exceptions import (
    AzureError,
    DecodeError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.core.rest import HttpRequest

from devhost.azurite import Azurite
from shared.azure_response import ReadResponse
from shared.azure_transport import POOL_SIZE, DeadlineTransport
from shared.deadline import deadline
from shared.errors import DirectoryDown, StorageDown
from shared.hub.hub import Hub
from tests.fakes.certificates import Authority
from tests.support.transport import JournalTransport


def test_a_call_after_the_deadline_is_an_outage_and_reaches_nobody(hub: Hub, transport: JournalTransport) -> None:
    with deadline(0), pytest.raises(StorageDown):
        hub.storage.table("things").get("p", "r")
    # The call was tried once, and was not tried again.
    assert len(transport.calls) == 1


def test_a_pause_that_the_deadline_has_no_room_for_is_an_outage_at_once() -> None:
    began_at = time.monotonic()
    with DeadlineTransport() as transport, deadline(30), pytest.raises(StorageDown):
        transport.sleep(60)
    assert time.monotonic() - began_at < 20


def test_a_pause_that_the_deadline_has_room_for_is_made() -> None:
    began_at = time.monotonic()
    with DeadlineTransport() as transport, deadline(60):
        transport.sleep(0.01)
    assert 0.01 <= time.monotonic() - began_at < 30


def test_without_a_deadline_a_pause_is_made() -> None:
    with DeadlineTransport() as transport:
        transport.sleep(0)


def test_the_outage_is_the_one_of_the_neighbour_that_is_asked() -> None:
    transport = DeadlineTransport(DirectoryDown, "the directory")
    with transport, deadline(1), pytest.raises(DirectoryDown, match="the directory asks for a longer pause"):
        transport.sleep(60)


def test_storage_that_answers_nothing_is_an_outage_within_the_deadline(hub: Hub, azurite_process: Azurite) -> None:
    hub.storage.table("things").put({"PartitionKey": "p", "RowKey": "r"})
    azurite_process.pause()
    began_at = time.monotonic()
    try:
        with deadline(0.5), pytest.raises(StorageDown):
            hub.storage.table("things").get("p", "r")
        assert time.monotonic() - began_at < 10
    finally:
        azurite_process.resume()


def test_a_queue_that_answers_nothing_is_an_outage_within_the_deadline(hub: Hub, azurite_process: Azurite) -> None:
    azurite_process.pause()
    began_at = time.monotonic()
    try:
        with deadline(0.5), pytest.raises(StorageDown):
            hub.storage.queue("events").send("text")
        assert time.monotonic() - began_at < 10
    finally:
        azurite_process.resume()


class RawServer(socketserver.ThreadingTCPServer):
    """Writes what `answer` makes of each request, piece by piece, and counts connections."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, answer: Callable[[bytes], Iterable[bytes]], context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), self._handler(answer))
        self.connections = 0
        self._context = context
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.server_address[1]}"

    def get_request(self) -> tuple[socket.socket, object]:
        """Count the connection."""
        connection, address = super().get_request()
        self.connections += 1
        return self._context.wrap_socket(connection, server_side=True) if self._context else connection, address

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no failure of a test."""

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *args: object) -> None:
        self.shutdown()
        self.server_close()

    @staticmethod
    def _handler(answer: Callable[[bytes], Iterable[bytes]]) -> type[socketserver.StreamRequestHandler]:
        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while head := b"".join(self._head()):
                    length = re.search(rb"(?i)content-length: (\d+)", head)
                    body = self.rfile.read(int(length[1]) if length else 0)
                    for piece in answer(head + b"\r\n" + body):
                        self.wfile.write(piece)

            def _head(self) -> Iterator[bytes]:
                """The lines of the next request's head; none where the client has gone away."""
                for line in iter(self.rfile.readline, b""):
                    if line == b"\r\n":
                        return
                    yield line

        return Handler


def reply(body: bytes = b"ok", *headers: bytes, status: bytes = b"200 OK") -> bytes:
    head = b"\r\n".join((b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers))
    return head + b"\r\n\r\n" + body


def get(url: str, transport: DeadlineTransport | None = None, headers: Mapping[str, str] | None = None) -> ReadResponse:
    with transport or DeadlineTransport() as sender:
        answer = sender.send(HttpRequest("GET", url, headers=dict(headers or {})))
        assert isinstance(answer, ReadResponse)
        return answer


def test_an_answer_is_read_to_its_end() -> None:
    with RawServer(lambda _: [reply(b"ab", b"X-Name: a", b"x-name: b")]) as server:
        answer = get(f"{server.url}/things?a=b")
    assert (answer.status_code, answer.reason, answer.content) == (200, "OK", b"ab")
    assert answer.headers["X-NAME"] == "a, b"


def test_a_request_goes_out_as_it_is() -> None:
    with RawServer(lambda request: [reply(request)]) as server:
        sent = get(f"{server.url}/a(P='%27x')?sig=a%2Fb", headers={"X-Name": "a b"}).content
    assert sent.startswith(b"GET /a(P='%27x')?sig=a%2Fb HTTP/1.1\r\n")
    assert b"X-Name: a b\r\n" in sent


@pytest.mark.parametrize(
    ("options", "sent"),
    [({"content": "é"}, "é".encode()), ({"data": {"a": "b c", "d": "é"}}, b"a=b+c&d=%C3%A9"), ({"json": {}}, b"{}")],
)
def test_a_body_arrives_whole_whatever_its_form(options: dict[str, Any], sent: bytes) -> None:
    with RawServer(lambda request: [reply(request.partition(b"\r\n\r\n")[2])]) as server, DeadlineTransport() as sender:
        assert sender.send(HttpRequest("POST", server.url, **options)).content == sent


def test_no_redirect_is_followed() -> None:
    with RawServer(lambda _: [reply(b"", b"Location: /elsewhere", status=b"302 Found")]) as server:
        assert get(server.url).status_code == 302


def test_nothing_of_the_environment_is_used(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login kim password s3cret\n")
    os.environ.update(dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), "http://127.0.0.1:9"))
    os.environ.update(NO_PROXY="", no_proxy="", HOME=str(tmp_path), NETRC=str(tmp_path / ".netrc"))
    with RawServer(lambda request: [reply(request)]) as server:
        assert b"authorization" not in get(server.url).content.lower()


def test_one_connection_serves_all_calls_that_come_one_after_the_other() -> None:
    with RawServer(lambda _: [reply()]) as server, DeadlineTransport() as transport:
        for status in (b"200 OK", b"204 No Content", b"404 Not Found") * 3:
            transport.send(HttpRequest("GET", server.url, headers={"X": status.decode()}))
        assert server.connections == 1


def test_no_connection_of_a_whole_pool_of_threads_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    threads = 70
    everybody = threading.Barrier(threads)

    def answer(_: bytes) -> Iterator[bytes]:
        everybody.wait(60)
        yield reply()

    with RawServer(answer) as server, DeadlineTransport(read_seconds=60) as transport:
        for _ in range(2):
            with ThreadPoolExecutor(threads) as pool:
                [*pool.map(lambda _: transport.send(HttpRequest("GET", server.url)), range(threads))]
        assert server.connections == threads
    assert "pool is full" not in caplog.text


def test_there_is_a_connection_for_each_thread_of_the_worker() -> None:
    values = json.loads((Path(__file__).parents[1] / "local.settings.json.example").read_text())["Values"]
    assert int(values["PYTHON_THREADPOOL_THREAD_COUNT"]) <= POOL_SIZE


def test_a_body_that_comes_too_slowly_for_the_deadline_is_an_outage() -> None:
    def answer(_: bytes) -> Iterator[bytes]:
        yield reply(b"").replace(b"Content-Length: 0", b"Content-Length: 1000")
        for _number in range(1000):
            time.sleep(0.02)
            yield b"a"

    with RawServer(answer) as server, deadline(2), pytest.raises(StorageDown, match="within the time"):
        get(server.url)


@pytest.mark.parametrize(
    ("pieces", "error"),
    [
        ([reply(b"whole")[:-2], None], ServiceResponseError),
        ([None], ServiceResponseError),
        ([b"nonsense\r\n\r\n", None], ServiceResponseError),
        ([reply(b"no gzip", b"Content-Encoding: gzip")], DecodeError),
    ],
    ids=["cut", "no answer", "nonsense", "not decodable"],
)
def test_an_answer_that_cannot_be_read_may_belong_to_something_that_was_done(
    pieces: list[bytes | None], error: type[AzureError]
) -> None:
    def answer(_: bytes) -> Iterator[bytes]:
        for sent in pieces:
            if sent is None:
                raise ConnectionAbortedError
            yield sent

    with RawServer(answer) as server, pytest.raises(error):
        get(server.url)


def test_a_compressed_answer_is_decoded() -> None:
    with RawServer(lambda _: [reply(gzip.compress(b"text"), b"Content-Encoding: gzip")]) as server:
        assert get(server.url).content == b"text"


def test_an_answer_that_does_not_come_is_a_response_error_and_a_refused_connection_a_request_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ServiceResponseTimeoutError):
            get(url, DeadlineTransport(read_seconds=0.1))
    with pytest.raises(ServiceRequestError) as caught:
        get(url)
    assert not isinstance(caught.value, ServiceRequestTimeoutError)


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/a", "http://%/a", "https://a b/"])
def test_an_address_that_nobody_can_have_is_a_request_error(url: str) -> None:
    with pytest.raises(ServiceRequestError):
        get(url)


def test_a_signature_that_comes_back_in_nonsense_is_in_no_text_of_the_error() -> None:
    with RawServer(lambda request: [request]) as server, pytest.raises(ServiceResponseError) as caught:
        get(f"{server.url}/a?sv=1&sig=s3cret%3D&se=2030")
    told = f"{caught.value!r}{caught.value.__dict__}"
    assert "sig=...&se=2030" in told
    assert "s3cret" not in told


class TrustingTransport(DeadlineTransport):
    """Trusts the authority of the tests in place of the public ones."""

    def __init__(self, authority: Authority) -> None:
        super().__init__()
        self._tls = authority.client_context()


def test_a_certificate_is_checked(tmp_path: Path) -> None:
    authority = Authority.make(tmp_path)
    good, bad = authority.server_context("127.0.0.1"), authority.server_context("hub.example")
    with RawServer(lambda _: [reply()], good) as server:
        assert get(server.url, TrustingTransport(authority)).content == b"ok"
        with pytest.raises(ServiceRequestError, match="CERTIFICATE_VERIFY_FAILED"):
            get(server.url)
    with RawServer(lambda _: [reply()], bad) as server, pytest.raises(ServiceRequestError, match="mismatch"):
        get(server.url, TrustingTransport(authority))
