"""From what the runtime gives back to what is sent."""

import pytest
from azure.functions import HttpResponse
from azure_functions_runtime_v1.bindings.datumdef import Datum, datum_as_proto
from hypothesis import given
from hypothesis.strategies import text
from starlette.responses import Response

from devhost.messages import PROTOS, TypedData
from devhost.responses import BadResponse, to_response


def http(status: object = "200", *, body: TypedData | None = None, **headers: str) -> TypedData:
    """An answer as the runtime makes it; underscores in headers stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return TypedData(http=PROTOS.RpcHttp(status_code=status, headers=named, body=body))


def sent(response: Response, name: str) -> list[str]:
    return response.headers.getlist(name)


def test_status_headers_and_body_are_sent() -> None:
    response = to_response(http("201", body=TypedData(bytes=b"\x00\xff"), X_One="1", Content_Type="image/png"))
    assert (response.status_code, response.body) == (201, b"\x00\xff")
    assert (sent(response, "x-one"), sent(response, "content-type")) == (["1"], ["image/png"])


def test_of_several_content_types_the_last_is_sent() -> None:
    response = to_response(
        TypedData(http=PROTOS.RpcHttp(status_code="200", headers={"Content-Type": "a/b", "content-type": "c/d"}))
    )
    assert sent(response, "Content-Type") == ["c/d"]


def test_the_length_is_that_of_the_body_whatever_the_function_says() -> None:
    response = to_response(http(body=TypedData(string="grüße"), Content_Length="99", Transfer_Encoding="chunked"))
    assert (sent(response, "content-length"), sent(response, "transfer-encoding")) == (["7"], [])


@pytest.mark.parametrize("status", ["204", "304"])
def test_a_status_without_a_body_has_none(status: str) -> None:
    assert to_response(http(status, body=TypedData(bytes=b"x"))).body == b""


@pytest.mark.parametrize(
    ("value", "status", "body"),
    [
        (None, 204, b""),
        (TypedData(), 204, b""),
        (TypedData(string="text"), 200, b"text"),
        (TypedData(bytes=b"\xff"), 200, b"\xff"),
        (TypedData(json='{"a": 1}'), 200, b'{"a": 1}'),
        (TypedData(int=5), 200, b"5"),
    ],
)
def test_what_is_no_http_answer_is_a_text(value: TypedData | None, status: int, body: bytes) -> None:
    response = to_response(value)
    assert (response.status_code, response.body) == (status, body)


@pytest.mark.parametrize("status", ["", "abc", "99", "1000", "100", "-1", None])
def test_a_status_that_is_none_is_refused(status: object) -> None:
    with pytest.raises(BadResponse, match="status"):
        to_response(http(status))


@pytest.mark.parametrize(("name", "value"), [("X-A", "a\nb"), ("X-A", "ü"), ("X A", "a"), ("", "a"), ("X-A", "\x00")])
def test_a_header_that_cannot_be_sent_is_refused(name: str, value: str) -> None:
    with pytest.raises(BadResponse, match="header"):
        to_response(TypedData(http=PROTOS.RpcHttp(status_code="200", headers={name: value})))


@given(text(), text())
def test_a_header_is_sent_or_refused_but_nothing_else_happens(name: str, value: str) -> None:
    answer = TypedData(http=PROTOS.RpcHttp(status_code="200", headers={name: value}))
    try:
        to_response(answer)
    except BadResponse:
        return


def cookies(*lines: str) -> list[str]:
    """What is sent of the Set-Cookie headers of a function, by way of the library and the runtime."""
    from azure.functions.http import HttpResponseConverter

    response = HttpResponse("x")
    for line in lines:
        response.headers.add("Set-Cookie", line)
    datum = HttpResponseConverter.encode(response, expected_type=None)
    return sent(to_response(datum_as_proto(Datum(datum.value, datum.type), PROTOS)), "set-cookie")
