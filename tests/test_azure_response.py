import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest
from urllib3 import HTTPHeaderDict

from shared.azure_response import ReadResponse

REQUEST = HttpRequest("GET", "https://hub.example/things")


def response(body: bytes = b"", status: int = 200, **headers: str) -> ReadResponse:
    named = HTTPHeaderDict({name.replace("_", "-"): value for name, value in headers.items()})
    return ReadResponse(REQUEST, status, "OK", named, body)


def test_it_tells_what_was_asked_and_answered() -> None:
    with response(b"{}", content_type="application/json") as told:
        assert (told.request, told.url) == (REQUEST, "https://hub.example/things")
        assert (told.status_code, told.reason, told.content_type) == (200, "OK", "application/json")
        assert told.headers["CONTENT-TYPE"] == "application/json"


def test_the_body_is_there_by_each_of_its_names() -> None:
    told = response(b"abc")
    streams = (told.iter_bytes(), told.iter_raw(), told.stream_download(None))
    assert {told.content, told.read(), told.body(), *(b"".join(stream) for stream in streams)} == {b"abc"}
    assert (told.is_closed, told.is_stream_consumed) == (True, True)


def test_an_empty_body_is_a_stream_without_a_piece() -> None:
    assert [*response().iter_bytes()] == []


@pytest.mark.parametrize(
    ("body", "encoding", "text"),
    [
        ("é".encode(), None, "é"),
        ("\ufeffé".encode(), None, "é"),
        ("\ufeffé".encode(), "UTF-8", "é"),
        ("é".encode("latin-1"), "latin-1", "é"),
    ],
)
def test_its_text_is_utf_8_without_a_byte_order_mark_unless_the_reader_knows_better(
    body: bytes, encoding: str | None, text: str
) -> None:
    told = response(body)
    assert told.text(encoding) == text
    told.encoding = encoding
    assert (told.text(), told.encoding) == (text, encoding)


def test_a_body_that_is_no_json_is_a_value_error() -> None:
    assert response(b'{"a": 1}').json() == {"a": 1}
    with pytest.raises(ValueError, match="Expecting"):
        response(b"<html>").json()


def test_a_status_of_400_or_more_is_an_error_when_it_is_asked_for() -> None:
    response(status=399).raise_for_status()
    with pytest.raises(HttpResponseError):
        response(status=400).raise_for_status()


def test_it_is_shown_without_its_address() -> None:
    assert repr(response(b"secret")) == "<ReadResponse: 200 OK>"
