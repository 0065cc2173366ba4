"""What a function returns, as a caller gets it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.devhost.hosting import RunningHost


def test_a_binary_body_is_answered_as_it_is(host: RunningHost) -> None:
    response = host.call("binary")
    assert (response.status_code, response.headers["Content-Type"]) == (201, "application/octet-stream")
    assert response.content == bytes(range(256))


def test_a_text_is_answered_with_its_charset_and_the_last_of_equal_headers(host: RunningHost) -> None:
    response = host.call("text")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert (response.text, response.headers["X-One"]) == ("grüße", "b")


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("plain", 200, b"plain"),
        ("asynchronous", 200, b"asynchronous"),
        ("namedoutput", 202, b"named"),
        ("nooutput", 204, b""),
        ("no-content", 204, b""),
    ],
)
def test_every_kind_of_function_answers(host: RunningHost, path: str, status: int, body: bytes) -> None:
    response = host.call(path)
    assert (response.status_code, response.content) == (status, body)


@pytest.mark.parametrize("path", ["raises", "exits", "badheader", "badstatus"])
def test_a_function_that_fails_is_answered_500_without_a_body(host: RunningHost, path: str) -> None:
    response = host.call(path)
    assert (response.status_code, response.content) == (500, b"")


def test_an_exception_is_in_the_log_with_its_trace(host: RunningHost) -> None:
    host.call("raises")
    assert "Raises failed: ValueError: a text of the exception" in host.log
    assert 'raise ValueError("a text' in host.log.replace("'", '"')


def test_functions_that_block_run_in_parallel(host: RunningHost) -> None:
    # Each waits until all three run.
    with ThreadPoolExecutor(3) as pool:
        statuses = [response.status_code for response in pool.map(host.call, ["meets"] * 3)]
    assert statuses == [200] * 3
