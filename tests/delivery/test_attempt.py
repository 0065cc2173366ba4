"""What an attempt means: the table of docs/delivery.md, row by row; and clocks that jump."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.attempt import Attempt, Verdict, judge_failure, judge_reply
from shared.delivery.redaction import Redaction
from shared.outbound.reply import ErrorClass, Reply, RequestFailed

NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
BEGUN = NOW - timedelta(seconds=3)
A_DAY = timedelta(days=1)
NO_WAIT = timedelta(0)


def judged(status: int, body: bytes = b"", now: datetime = NOW, **headers: str) -> Attempt:
    """The verdict on such an answer; underscores in the names of headers stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return judge_reply(Reply(status, named, body, was_truncated=False), BEGUN, now)


@pytest.mark.parametrize(
    ("statuses", "verdict", "error_class"),
    [
        (range(200, 300), Verdict.DELIVERED, ""),
        (range(300, 400), Verdict.FAILED, "http"),
        (range(400, 410), Verdict.FAILED, "http"),
        ([410], Verdict.GONE, "http"),
        (range(411, 500), Verdict.FAILED, "http"),
        (range(500, 600), Verdict.FAILED, "http"),
    ],
    ids=["2xx", "3xx", "400 to 409", "410", "411 to 499", "5xx"],
)
def test_every_status_has_one_meaning(statuses: Iterable[int], verdict: Verdict, error_class: str) -> None:
    attempts = {status: judged(status) for status in statuses}
    others = {
        status: attempt
        for status, attempt in attempts.items()
        if attempt != Attempt(BEGUN, NOW - BEGUN, status, error_class, f"HTTP {status}\n\n", NO_WAIT)
        or attempt.verdict is not verdict
    }
    assert others == {}


@pytest.mark.parametrize("status", [301, 307, 400, 408, 429, 500, 503])
def test_retry_after_counts_with_every_failure_that_names_it_in_either_form(status: int) -> None:
    assert judged(status, retry_after="120").wait == timedelta(seconds=120)
    date = format_datetime(NOW + timedelta(hours=1), usegmt=True)
    assert judged(status, retry_after=date).wait == timedelta(hours=1)


@pytest.mark.parametrize("status", [200, 410])
def test_where_nothing_is_tried_again_retry_after_means_nothing(status: int) -> None:
    assert judged(status, retry_after="120").wait == NO_WAIT


@pytest.mark.parametrize(
    ("status", "retry_after", "asks"),
    [(429, "20", True), (429, "", True), (429, "soon", True), (503, "20", True), (503, "0", False), (503, "", False)],
)
def test_a_429_asks_for_a_pause_and_so_does_a_503_that_says_how_long(
    status: int, retry_after: str, *, asks: bool
) -> None:
    assert judged(status, retry_after=retry_after).asks_pause is asks


@pytest.mark.parametrize("status", [200, 301, 410, 500, 502, 504])
def test_no_other_answer_asks_for_a_pause(status: int) -> None:
    assert not judged(status, retry_after="20").asks_pause
    assert not judge_failure(RequestFailed(ErrorClass.TIMEOUT, "late"), BEGUN, NOW).asks_pause


@pytest.mark.parametrize("value", ["86401", "999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_receiver_may_ask_for_a_day_at_most(value: str) -> None:
    assert judged(503, retry_after=value).wait == A_DAY


@pytest.mark.parametrize("value", ["-5", "soon", "Sat, 14 Mar 2026 09:26:52 GMT", "9" * 5000, "", "٣"])
def test_a_wish_that_says_nothing_is_none(value: str) -> None:
    assert judged(503, retry_after=value).wait == NO_WAIT


@given(value=st.text(max_size=40) | st.datetimes().map(format_datetime), now=st.datetimes(timezones=st.just(UTC)))
def test_whatever_it_says_the_wait_is_neither_negative_nor_longer_than_a_day(value: str, now: datetime) -> None:
    assert NO_WAIT <= judged(503, now=now, retry_after=value).wait <= A_DAY


@pytest.mark.parametrize("error_class", ErrorClass)
def test_no_answer_is_a_failure_of_its_class(error_class: ErrorClass) -> None:
    attempt = judge_failure(RequestFailed(error_class, "a sentence"), BEGUN, NOW)
    assert attempt == Attempt(BEGUN, NOW - BEGUN, None, error_class.value, "a sentence")
    assert (attempt.verdict, attempt.is_success) == (Verdict.FAILED, False)


def test_the_text_is_what_came_head_first() -> None:
    text = judged(500, b'{"error": "\xc3\xa9\xff"}', content_type="application/json").text
    assert text == 'HTTP 500\ncontent-type: application/json\n\n{"error": "é\N{REPLACEMENT CHARACTER}"}'


def test_a_text_has_4000_characters_at_most_and_none_that_a_table_cannot_hold() -> None:
    attempt = judged(500, bytes(range(32)) * 1000)
    assert len(attempt.text) == 4000
    assert set(attempt.text) & set(map(chr, range(32))) == set("\t\n\r")
    failed = judge_failure(RequestFailed(ErrorClass.HTTP, "\x01\ud800" + "x" * 5000), BEGUN, NOW)
    assert len(failed.text) == 4000
    assert failed.text.startswith("\N{REPLACEMENT CHARACTER}" * 2 + "x")


@pytest.mark.parametrize("seconds", [-86_400.0, -0.5, 0.0, 2.5])
def test_an_attempt_during_which_the_clock_is_set_back_takes_no_negative_time(seconds: float) -> None:
    ended, took = NOW + timedelta(seconds=seconds), timedelta(seconds=max(seconds, 0.0))
    reply = Reply(200, {}, b"", was_truncated=False)
    failure = RequestFailed(ErrorClass.DNS, "no address")
    for attempt in (judge_reply(reply, NOW, ended), judge_failure(failure, NOW, ended)):
        assert (attempt.at, attempt.duration) == (NOW, took)


@pytest.mark.parametrize("status", [200, 410, 500])
def test_the_answer_is_kept_whatever_it_means(status: int) -> None:
    text = judged(status, b"body", content_type="text/plain", server="nginx").text
    assert text == f"HTTP {status}\ncontent-type: text/plain\nserver: nginx\n\nbody"


TARGET = "https://a.example/hook?a=b"


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("https://www.a.example/hook", "https://www.a.example/hook"),
        ("http://other.example", "http://other.example"),
        ("//b.example/x", "https://b.example/x"),
        ("/new?c=d#part", "https://a.example/new?c=d"),
        ("new", "https://a.example/new"),
    ],
)
@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_a_redirect_names_the_address_to_register_first(status: int, location: str, url: str) -> None:
    reply = Reply(status, {"location": location}, b"moved", was_truncated=False)
    attempt = judge_reply(reply, BEGUN, NOW, target_url=TARGET)
    assert attempt.text == (
        f"redirects are not followed; register {url} instead\n\nHTTP {status}\nlocation: {location}\n\nmoved"
    )
    assert attempt.verdict is Verdict.FAILED


@pytest.mark.parametrize(
    "location",
    [
        "",
        "ftp://a.example/",
        "javascript:alert(1)",
        "https://user:pw@a.example/",
        "https://[::1",
        "a b",
        TARGET,
        "/\\evil.example",
        "https://a.example:99999/",
        "/" + "x" * 2000,
        "https://a.example/\x00",
    ],
)
def test_no_address_is_advised_that_could_not_be_registered(location: str) -> None:
    reply = Reply(302, {"location": location}, b"", was_truncated=False)
    assert judge_reply(reply, BEGUN, NOW, target_url=TARGET).text.startswith("HTTP 302\n")


@pytest.mark.parametrize("status", [200, 201, 400, 503])
def test_an_address_in_any_other_answer_is_no_advice(status: int) -> None:
    reply = Reply(status, {"location": "/new"}, b"", was_truncated=False)
    assert judge_reply(reply, BEGUN, NOW, target_url=TARGET).text.startswith("HTTP ")


@given(location=st.text(max_size=60), status=st.integers(300, 399))
def test_whatever_location_says_it_is_advised_or_not(location: str, status: int) -> None:
    attempt = judge_reply(
        Reply(status, {"location": location}, b"", was_truncated=False), BEGUN, NOW, target_url=TARGET
    )
    assert attempt.text.startswith(("HTTP ", "redirects are not followed; register http"))


def test_the_address_to_register_has_no_secret_in_it() -> None:
    reply = Reply(302, {"location": "/login?token=HUNTER%2022"}, b"", was_truncated=False)
    text = judge_reply(reply, BEGUN, NOW, Redaction(["HUNTER 22"]), target_url=TARGET).text
    assert ("HUNTER" in text, text.count("********")) == (False, 2)


def test_an_answer_with_an_odd_head_says_so() -> None:
    reply = Reply(200, {}, b"", was_truncated=True, is_head_whole=False)
    attempt = judge_reply(reply, BEGUN, NOW)
    assert attempt.is_success
    assert attempt.text == "HTTP 200\n(what follows the first line is not HTTP, so it was not read)\n\n"


@pytest.mark.parametrize(("own_words", "told"), [("", "it begins with <html>"), ("no HTTP", "no HTTP")])
def test_the_last_error_has_nothing_of_what_came_instead_of_an_answer(own_words: str, told: str) -> None:
    failure = RequestFailed(ErrorClass.HTTP, "it begins with <html>", is_cut=True, own_words=own_words)
    attempt = judge_failure(failure, BEGUN, NOW)
    assert (attempt.text, attempt.last_error) == ("it begins with <html>", told)
