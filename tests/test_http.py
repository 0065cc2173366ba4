import json
import logging
from collections.abc import Callable
from typing import Any

import azure.functions as func
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.deadline import remaining_seconds
from shared.errors import (
    BadRequest,
    Conflict,
    ContentTooLarge,
    FieldError,
    Forbidden,
    HubError,
    LengthRequired,
    Misconfigured,
    StorageDown,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from shared.http import (
    MAX_BODY_BYTES,
    REQUEST_SECONDS,
    Handler,
    Refuse,
    answer,
    bounded_body,
    empty_response,
    json_body,
    json_response,
    path_segments,
    problem,
    problem_content,
)
from shared.settings import Settings
from shared.storage.account import StorageAccount
from shared.storage.query import Query
from tests.support.cases import holds_for
from tests.support.invoking import TRACE, TRACEPARENT, invocation_context
from tests.support.lines import lines_in
from tests.support.requests import post
from tests.test_errors import subclasses

SECRET = "AccountKey=c2VjcmV0"
SIGNATURE = "s3cretSignature"
EACH_ERROR = holds_for("error", list(subclasses(HubError)))


def failing(error: Exception) -> Callable[[func.HttpRequest], func.HttpResponse]:
    def handler(_: func.HttpRequest) -> func.HttpResponse:
        raise error

    return handler


def content(response: func.HttpResponse) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(response.get_body())
    return value


@EACH_ERROR
def test_every_error_is_answered_with_a_problem_of_its_status(error: type[HubError]) -> None:
    response = answer(post(b""), failing(error("a sentence")))
    assert (response.status_code, response.mimetype) == (error.status, "application/problem+json")
    assert (content(response)["status"], content(response)["title"]) == (error.status, error.title)
    assert content(response)["type"] == "about:blank"


@EACH_ERROR
def test_no_cache_keeps_a_problem(error: type[HubError]) -> None:
    assert problem(error("a sentence")).headers["Cache-Control"] == "no-store"


NEUTRAL: dict[type[HubError], str] = {
    Misconfigured: "the hub is not set up correctly",
    StorageDown: "storage is out of reach",
}


@EACH_ERROR
def test_a_problem_says_what_is_wrong_except_with_a_setting_or_with_storage(error: type[HubError]) -> None:
    assert content(problem(error("a sentence")))["detail"] == next(
        (NEUTRAL[kind] for kind in error.__mro__ if kind in NEUTRAL), "a sentence"
    )


@pytest.mark.parametrize("error", NEUTRAL)
def test_what_no_reply_says_is_in_the_log(error: type[HubError], caplog: pytest.LogCaptureFixture) -> None:
    answer(post(b""), failing(error("list eventlog: storage answered 431")))
    [line] = lines_in(caplog.records, "request.refused")
    assert (line["error"], line["detail"]) == (error.__name__, "list eventlog: storage answered 431")


@pytest.mark.parametrize("error", NEUTRAL)
def test_those_who_run_the_app_are_told_all(error: type[HubError]) -> None:
    assert problem_content(error("list eventlog"))["detail"] == "list eventlog"


@EACH_ERROR
def test_only_an_outage_or_a_limit_that_time_lifts_says_when_to_ask_again(error: type[HubError]) -> None:
    seconds = problem(error("a sentence")).headers.get("Retry-After")
    assert (seconds is not None and int(seconds) > 0) == issubclass(error, (Unavailable, TooManyRequests))


def test_a_bad_request_lists_its_fields() -> None:
    response = problem(BadRequest.of([FieldError("#/a", "a is required"), FieldError("#/b", "b is wrong")]))
    assert content(response)["errors"] == [
        {"pointer": "#/a", "detail": "a is required"},
        {"pointer": "#/b", "detail": "b is wrong"},
    ]


def test_a_problem_without_fields_lists_none() -> None:
    assert "errors" not in content(problem(BadRequest("a sentence")))


def test_a_caller_who_is_not_known_is_told_how_to_authenticate() -> None:
    assert problem(Unauthenticated("who?", challenge="Basic")).headers["WWW-Authenticate"] == "Basic"
    assert "WWW-Authenticate" not in problem(Forbidden("no")).headers


def test_an_exception_that_is_not_foreseen_is_an_outage_and_nothing_of_it_is_in_the_reply() -> None:
    response = answer(post(b""), failing(RuntimeError(SECRET)))
    assert (response.status_code, content(response)["title"]) == (503, "Unavailable")
    assert b"c2VjcmV0" not in response.get_body()
    assert b"RuntimeError" not in response.get_body()


def test_an_exception_that_is_not_foreseen_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    answer(post(b""), failing(RuntimeError("boom")))
    [record] = caplog.records
    assert record.levelname == "ERROR"
    assert "boom" in caplog.text


def test_a_wrong_setting_is_in_the_log_and_not_in_the_reply(caplog: pytest.LogCaptureFixture) -> None:
    response = answer(post(b""), failing(Misconfigured(f"X is '{SECRET}': wrong")))
    assert b"c2VjcmV0" not in response.get_body()
    [line] = lines_in(caplog.records)
    assert (line["error"], line["detail"][:4]) == ("Misconfigured", "X is")


def test_a_handler_has_the_time_of_a_request() -> None:
    def handler(_: func.HttpRequest) -> func.HttpResponse:
        return json_response(remaining_seconds(at_most=1000))

    seconds = json.loads(answer(post(b""), handler).get_body())
    assert REQUEST_SECONDS - 5 < seconds <= REQUEST_SECONDS < 25


def test_what_the_handler_answers_is_the_answer() -> None:
    response = answer(post(b""), lambda _: empty_response(201))
    assert (response.status_code, response.get_body()) == (201, b"")


def test_json_is_answered_as_json() -> None:
    response = json_response({"é": [1, None]}, 202)
    assert (response.status_code, response.mimetype, content(response)) == (202, "application/json", {"é": [1, None]})
    assert response.headers["Cache-Control"] == "no-store"


@holds_for(
    "type_",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=utf-8",
        "Application/JSON ; charset=UTF-8",
        " application/json ",
        "application/cloudevents+json",
        "application/vnd.a.b-c+json; v=1",
        "text/json",
    ],
)
def test_json_content_types_are_accepted(type_: str) -> None:
    assert json_body(post(b"{}", Content_Type=type_)) == b"{}"


@holds_for(
    "type_",
    [
        "",
        "text/plain",
        "text/html; application/json",
        "application/jsonx",
        "application/json, text/plain",
        "application/xml",
        "application/+json",
        "application/x-www-form-urlencoded",
        "json",
        "multipart/form-data; boundary=json",
    ],
)
def test_other_content_types_are_refused(type_: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        json_body(post(b"{}", Content_Type=type_))


def test_a_body_without_a_content_type_is_refused() -> None:
    with pytest.raises(UnsupportedMediaType):
        json_body(post(b"{}"))


@given(st.text())
def test_any_content_type_is_accepted_or_refused(type_: str) -> None:
    try:
        json_body(post(b"{}", Content_Type=type_))
    except UnsupportedMediaType:
        return
    assert "json" in type_.lower()


@pytest.mark.parametrize("missing_bytes", [0, 1])
def test_a_body_of_up_to_a_mebibyte_is_accepted(missing_bytes: int) -> None:
    body = b" " * (MAX_BODY_BYTES - missing_bytes)
    assert len(json_body(post(body, Content_Type="application/json"))) == 1024 * 1024 - missing_bytes


def test_a_longer_body_is_refused() -> None:
    with pytest.raises(ContentTooLarge, match=r"^the body must be at most 1048576 bytes \(got 1048577\)$"):
        json_body(post(b" " * (MAX_BODY_BYTES + 1), Content_Type="application/json"))


def test_the_type_is_judged_before_the_size() -> None:
    with pytest.raises(UnsupportedMediaType):
        json_body(post(b" " * (MAX_BODY_BYTES + 1), Content_Type="text/plain"))


@pytest.mark.parametrize("coding", ["chunked", "Chunked", "gzip, chunked", ""])
def test_a_body_that_came_in_chunks_and_so_not_at_all_is_told_to_say_its_length(coding: str) -> None:
    for read in (bounded_body, json_body):
        with pytest.raises(LengthRequired, match=r"send Content-Length .*LoadIntoBufferAsync"):
            read(post(b"", Transfer_Encoding=coding, Content_Type="application/json"))


def test_a_body_that_is_there_or_was_never_sent_is_accepted() -> None:
    assert bounded_body(post(b"{}", Transfer_Encoding="chunked")) == b"{}"
    assert bounded_body(post(b"", Content_Length="0")) == bounded_body(post(b"")) == b""


def test_the_type_is_judged_before_the_length() -> None:
    with pytest.raises(UnsupportedMediaType):
        json_body(post(b"", Transfer_Encoding="chunked", Content_Type="text/plain"))


@holds_for(
    "handler",
    [
        lambda _: json_response({}),
        lambda _: empty_response(204),
        lambda _: func.HttpResponse(status_code=304),
        lambda _: json_response({}, headers={"x-content-type-options": "sniff"}),
        failing(BadRequest("no")),
        failing(Misconfigured("no")),
        failing(RuntimeError("boom")),
    ],
)
@holds_for("refuse", [None, lambda error: func.HttpResponse(status_code=error.status)])
def test_no_browser_may_guess_what_any_answer_is(handler: Handler, refuse: Refuse | None) -> None:
    response = answer(post(b""), handler, refuse=refuse)
    assert response.headers.get_all("X-Content-Type-Options") == ["nosniff"]


def test_a_problem_carries_its_extensions() -> None:
    error = Conflict("two of them", extensions={"conflicts": ["a", "b"]})
    assert content(problem(error))["conflicts"] == ["a", "b"]


def test_an_outage_says_how_long_the_neighbour_wants_to_be_left_alone() -> None:
    error = Unavailable("too busy")
    error.retry_after_seconds = 77
    assert problem(error).headers["Retry-After"] == "77"


def test_a_trigger_may_have_a_time_of_its_own() -> None:
    def handler(_: func.HttpRequest) -> func.HttpResponse:
        return json_response(remaining_seconds(at_most=1000))

    assert REQUEST_SECONDS < json.loads(answer(post(b""), handler, seconds=40).get_body()) <= 40


def test_what_storage_says_is_in_the_log_and_not_in_the_reply(caplog: pytest.LogCaptureFixture) -> None:
    error = StorageDown("list eventlog: storage answered 431 (Request Header Fields Too Large)")
    response = answer(post(b""), failing(error))
    assert (response.status_code, content(response)["detail"]) == (503, "storage is out of reach")
    assert "list eventlog: storage answered 431" in caplog.text


@pytest.mark.parametrize(("path", "segments"), [("/12//LastError/", ("12", "LastError")), ("", ())])
def test_the_path_behind_a_route_is_known_by_its_segments(path: str, segments: tuple[str, ...]) -> None:
    request = func.HttpRequest("GET", "http://localhost/x", route_params={"path": path}, body=b"")
    assert path_segments(request) == segments


def test_a_request_without_a_path_behind_its_route_has_no_segments() -> None:
    assert path_segments(func.HttpRequest("GET", "http://localhost/x", body=b"")) == ()


def test_a_signature_of_storage_stands_in_no_line_though_the_address_is_told_with_the_outage(
    caplog: pytest.LogCaptureFixture,
) -> None:
    text = f"TableEndpoint=http://127.0.0.1:9/a;QueueEndpoint=http://127.0.0.1:9/a;SharedAccessSignature=sv=1&sig={SIGNATURE}"
    account = StorageAccount(Settings.read({"AzureWebJobsStorage": text}).storage)
    request = func.HttpRequest("POST", f"http://localhost:7071/api/x?code={SIGNATURE}", body=b"{}")
    assert answer(request, lambda _: empty_response(len(list(account.table("a").query(Query()))))).status_code == 503
    [line] = lines_in(caplog.records, "request.refused")
    assert line["error"] == "StorageDown"
    assert caplog.records[-1].exc_info
    assert SIGNATURE not in caplog.text


def test_a_refusal_is_told_with_function_trace_and_class_and_not_with_what_was_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    answer(post(b""), failing(BadRequest(f"'{SECRET}' is wrong")), context=invocation_context(TRACEPARENT, "Events"))
    [line] = lines_in(caplog.records)
    assert line == {
        "name": "request.refused",
        "trace": TRACE,
        "function": "Events",
        "status": 400,
        "error": "BadRequest",
        "detail": None,
    }


CHALLENGE = 'Bearer realm="hub", error="invalid_token", Basic realm="hub", charset="UTF-8"'


def challenge_to(**headers: str) -> str:
    request = post(b"", **headers)
    refused = answer(request, failing(Unauthenticated("who?", challenge=CHALLENGE)))
    return str(refused.headers["WWW-Authenticate"])


@holds_for("site", ["same-origin", "same-site", "cross-site", "none", ""])
def test_a_page_is_never_answered_with_what_opens_a_password_box(site: str) -> None:
    assert challenge_to(Sec_Fetch_Site=site) == 'Bearer realm="hub", error="invalid_token"'


def test_who_is_no_page_may_use_basic() -> None:
    assert challenge_to() == CHALLENGE
