"""What of a request reaches a function, over HTTP."""

import base64
import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.devhost.hosting import RunningHost


def seen(host: RunningHost, path: str, method: str = "GET", **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - of requests
    """What the function that answered was given."""
    response = host.call(path, method, **arguments)
    assert response.status_code == 200, response
    return dict(response.json())


def test_of_two_routes_that_match_the_first_in_alphabetical_order_answers(host: RunningHost) -> None:
    assert seen(host, "order/fixed")["function"] == "First"


def test_a_method_that_the_first_route_does_not_take_goes_to_the_next(host: RunningHost) -> None:
    assert seen(host, "order/fixed", "POST")["function"] == "Second"


@pytest.mark.parametrize("path", ["unknown", "any/1/2", "order", "number/one", "", "any//1"])
def test_a_path_of_no_route_is_404(host: RunningHost, path: str) -> None:
    response = host.call(path)
    assert (response.status_code, response.content) == (404, b"")


@pytest.mark.parametrize("method", ["DELETE", "HEAD", "OPTIONS", "PATCH", "CUSTOM"])
def test_a_method_that_no_route_takes_is_404(host: RunningHost, method: str) -> None:
    assert host.call("order/fixed", method).status_code == 404


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_head_and_options_are_answered_where_they_are_declared(host: RunningHost, method: str) -> None:
    assert host.call("declared", method).status_code == 200


def test_literals_of_a_route_ignore_case_and_one_slash_at_the_end(host: RunningHost) -> None:
    assert seen(host, "ANY/Id/")["route"] == {"id": "Id"}


def test_an_optional_route_parameter_that_is_missing_is_absent(host: RunningHost) -> None:
    assert seen(host, "any")["route"] == {}


def test_values_of_a_route_come_decoded_but_for_the_slash(host: RunningHost) -> None:
    assert seen(host, "any/a%20b%C3%BC%2Fc%0Ad")["route"] == {"id": "a bü%2Fc\nd"}


def test_the_rest_of_a_path_is_one_value(host: RunningHost) -> None:
    assert seen(host, "rest/a/b%20c/d")["route"] == {"rest": "a/b c/d"}


def test_the_url_is_that_of_the_request_as_it_was_encoded(host: RunningHost) -> None:
    path = "any/a%3Fb%20c?x=%20y&z"
    assert seen(host, path)["url"] == f"{host.url}/api/{path}"


def test_query_values_that_repeat_are_joined_and_empty_ones_dropped(host: RunningHost) -> None:
    assert seen(host, "any?a=1&b=&a=2&c&d=%26")["params"] == {"a": "1,2", "d": "&"}


def test_headers_that_repeat_are_joined_under_a_name_in_lower_case(host: RunningHost) -> None:
    connection = http.client.HTTPConnection(urlsplit(host.url).netloc, timeout=30)
    connection.putrequest("GET", "/api/any")
    for text in ("one", "two"):
        connection.putheader("X-Twice", text)
    connection.endheaders()
    assert json.load(connection.getresponse())["headers"]["x-twice"] == "one,two"
    connection.close()


def test_an_app_finds_itself_in_its_own_folder_and_knows_its_address(host: RunningHost) -> None:
    known = seen(host, "any")
    assert (known["cwd"], known["host"]) == (
        str(host.root),
        urlsplit(host.url).netloc.replace("127.0.0.1", "localhost"),
    )


def test_a_body_arrives_as_it_was_sent(host: RunningHost) -> None:
    body = bytes(range(256)) * 300
    assert base64.b64decode(seen(host, "any", "POST", data=body)["body"]) == body


def test_a_chunked_body_arrives_empty_as_on_the_real_host(host: RunningHost) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"some"
        yield b"thing"

    found = seen(host, "any", "POST", data=chunks())
    assert (found["body"], found["headers"]["transfer-encoding"]) == ("", "chunked")
    assert "content-length" not in found["headers"]


def test_a_caller_that_hangs_up_in_the_middle_of_its_body_harms_nobody(host: RunningHost) -> None:
    connection = http.client.HTTPConnection(urlsplit(host.url).netloc, timeout=30)
    connection.putrequest("POST", "/api/any")
    connection.putheader("Content-Length", "100")
    connection.endheaders(b"begun")
    connection.close()
    assert seen(host, "any")["function"] == "Any"
    assert "Traceback (most recent call last):\n  File" not in host.log.partition("hung up")[2]


def test_a_body_that_is_too_large_is_413_before_it_is_sent(host: RunningHost) -> None:
    connection = http.client.HTTPConnection(urlsplit(host.url).netloc, timeout=30)
    connection.putrequest("POST", "/api/any")
    connection.putheader("Content-Length", str(100 * 1024 * 1024 + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_an_invocation_is_a_span_of_the_trace_that_the_request_names(host: RunningHost) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    header = f"00-{trace}-b7ad6b7169203331-01"
    found = {host.call("Traced", headers={"traceparent": header}).text for _ in range(2)}
    assert {one[:36] for one in found} == {f"00-{trace}-"}
    assert len({*found, header}) == 3
    assert len({host.call("Traced").text.split("-")[1] for _ in range(2)}) == 2
