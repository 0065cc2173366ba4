import json
import logging

import pytest

from shared.telemetry.invocation import invoked
from shared.telemetry.lines import MAX_STACK, MAX_TEXT, listen, mask_secrets, tell
from shared.telemetry.tracing import about_event
from tests.support.invoking import TRACE, TRACEPARENT, invocation_context
from tests.support.lines import lines_in

log = logging.getLogger("shared.test")


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_a_line_is_one_json_object_with_trace_and_event(caplog: pytest.LogCaptureFixture) -> None:
    with invoked(invocation_context(TRACEPARENT)), about_event("an id", None):
        tell(log, "message.repeated", {"queue": "events"}, logging.WARNING)
    [record] = caplog.records
    assert json.loads(record.getMessage()) == {
        "name": "message.repeated",
        "trace": TRACE,
        "event": "an id",
        "queue": "events",
    }
    assert (record.levelno, record.name, record.funcName) == (
        logging.WARNING,
        "shared.test",
        "test_a_line_is_one_json_object_with_trace_and_event",
    )


def test_outside_an_invocation_there_is_neither_trace_nor_event(caplog: pytest.LogCaptureFixture) -> None:
    tell(log, "message.repeated", {"queue": "events"})
    assert lines_in(caplog.records) == [{"name": "message.repeated", "queue": "events"}]


def test_an_event_that_is_given_stands_before_that_of_the_code(caplog: pytest.LogCaptureFixture) -> None:
    with about_event("one", None):
        tell(log, "changes.missing", {"detail": "gone"}, event="another")
    assert lines_in(caplog.records)[0]["event"] == "another"


def test_a_line_break_begins_no_other_line(caplog: pytest.LogCaptureFixture) -> None:
    tell(log, "notice", {"subject": 'two\nlines "and" \N{SNOWMAN} %s', "addresses": 1})
    message = caplog.records[0].getMessage()
    assert "\n" not in message
    assert json.loads(message)["subject"] == 'two\nlines "and" \N{SNOWMAN} %s'


def test_long_texts_are_cut_so_that_a_record_holds_the_line(caplog: pytest.LogCaptureFixture) -> None:
    tell(log, "notice.failed", {"detail": "x" * 100_000})
    tell(log, "notice", {"subject": "y" * 100_000, "addresses": 1})
    assert [len(line.get("detail") or line["subject"]) for line in lines_in(caplog.records)] == [MAX_TEXT] * 2


def test_a_level_that_is_not_logged_is_still_counted() -> None:
    heard: list[str] = []
    end = listen(lambda name, _: heard.append(name))
    tell(log, "message.repeated", {"queue": "events"}, logging.DEBUG)
    end()
    tell(log, "message.repeated", {"queue": "events"})
    assert heard == ["message.repeated"]


SECRET = "s3cretS3cretS3cret"


@pytest.mark.parametrize(
    "text",
    [
        f"https://hub.example/api/x?code={SECRET}",
        f"https://st.table.example/events?sv=2021&sig={SECRET}%3D&se=1",
        f"GET https://portal.example/rest?f=json&token={SECRET}",
        f"Authorization: Bearer {SECRET}.abc.def",
        f"basic {SECRET}==",
        f"https://kim:{SECRET}@hub.example/x",
        f"BlobEndpoint=https://x;AccountKey={SECRET};EndpointSuffix=y",
        f"Endpoint=sb://x/;SharedAccessKey={SECRET}",
        f"client_secret={SECRET}",
        f'{{"url": "https://hub.example?CODE={SECRET}"}}',
        f"next=https%3A%2F%2Fhub.example%2Fx%3Fcode%3D{SECRET}%26a%3D1",
        f"SharedAccessSignature={SECRET}",
        f"SECRETS_KEY={SECRET}",
        f"x-functions-key: {SECRET}",
        f"{{'x-functions-key': '{SECRET}'}}",
        f'{{"password": "{SECRET}", "a": 1}}',
        f"Ocp-Apim-Subscription-Key: {SECRET}",
        f"x-esriHook-Signature: sha256={SECRET}",
        f"Authorization: {SECRET}",
        f"Authorization: Digest {SECRET}",
        f"Cookie: session={SECRET}; other={SECRET}",
        f"https://kim:p@{SECRET}@hub.example/x",
        f"the key hub_{SECRET} is unknown",
        f"'whsec_{SECRET}' is no base64",
        f"whsk_{SECRET}",
        f"the token eyJhbGciOiJSUzI1NiJ9.{SECRET}.{SECRET} has expired",
        f"{'x' * 1900} code={SECRET}",
    ],
)
def test_what_looks_like_a_secret_in_a_text_is_masked(caplog: pytest.LogCaptureFixture, text: str) -> None:
    tell(log, "notice.failed", {"detail": text})
    assert SECRET not in caplog.text
    assert "********" in caplog.text


def test_a_secret_in_the_text_of_an_exception_or_of_its_cause_is_masked_in_the_stack(
    caplog: pytest.LogCaptureFixture,
) -> None:
    try:
        try:
            raise ValueError(f"no such host: https://hub.example/api/x?code={SECRET}")
        except ValueError as cause:
            raise RuntimeError(f"{'x' * 100_000} whsec_{SECRET}") from cause
    except RuntimeError as error:
        tell(log, "notice.failed", {"detail": "in short"}, exc_info=True)
        tell(log, "notice.failed", {"detail": "in short"}, exc_info=error)
    assert SECRET not in caplog.text
    for record in caplog.records:
        message, _, stack = logging.Formatter().format(record).partition("\n")
        assert json.loads(message) == {"name": "notice.failed", "detail": "in short"}
        assert "https://hub.example/api/x?code=********" in stack
        assert "test_a_secret_in_the_text_of_an_exception" in stack
        assert len(stack) <= MAX_STACK
        assert (record.funcName, record.exc_info and record.exc_info[0]) == (
            "test_a_secret_in_the_text_of_an_exception_or_of_its_cause_is_masked_in_the_stack",
            RuntimeError,
        )


def test_a_line_that_is_no_error_has_no_stack(caplog: pytest.LogCaptureFixture) -> None:
    tell(log, "notice.failed", {"detail": "in short"}, exc_info=True)
    assert "\n" not in logging.Formatter().format(caplog.records[0])


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "list eventlog: storage answered 431 (x)",
        "https://hub.example/a?b=c",
        "a=b",
        "the code= is wrong: basic authentication, token expired, status code: 401",
        "SECRETS_KEY is not set: the secret of webhook 7 cannot be opened",
    ],
)
def test_any_other_text_stays_as_it_is(text: str | None) -> None:
    assert mask_secrets(text) == text
