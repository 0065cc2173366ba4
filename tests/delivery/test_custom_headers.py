import h11
from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.custom_headers import check_custom_headers, request_headers, usable_headers
from shared.version import __version__
from tests.support.cases import holds_for

OURS = [
    "Host",
    "host",
    "CONTENT-LENGTH",
    "Transfer-Encoding",
    "Connection",
    "Keep-Alive",
    "Proxy-Authorization",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Upgrade",
    "Expect",
    "Content-Type",
    "content-encoding",
    "X-SuperOffice-Signature",
    "x-superoffice-anything",
    "webhook-id",
    "WebHook-Request-Origin",
    "X-Hook-Test",
    "X-Hub-Hops",
    "x-hub-HOPS",
    "traceparent",
    "Traceparent",
    "tracestate",
]
BAD_NAMES = ["", "a b", "a:", "a\r\nHost", "ä", "a\x00", "a(", "a/b", "\u212aey"]
BAD_VALUES = ["a\r\nX: y", "a\n", "\r", "a\x00b", "\x7f", "é", "a\tb", " a", "a ", " ", "\u2028"]


@holds_for("name", OURS)
def test_what_the_hub_sets_is_refused_in_any_case(name: str) -> None:
    assert [wrong for wrong, _ in check_custom_headers({name: "x"})] == [name]


@holds_for("name", BAD_NAMES)
def test_what_is_no_name_of_a_header_is_refused(name: str) -> None:
    assert check_custom_headers({name: "x"})


@holds_for("value", BAD_VALUES)
def test_a_value_that_could_be_read_in_two_ways_is_refused_and_not_repeated(value: str) -> None:
    [(name, why)] = check_custom_headers({"X-Key": value + "hunter2" + value})
    assert name == "X-Key"
    assert "hunter2" not in why


def test_the_same_name_in_another_case_is_refused() -> None:
    assert [name for name, _ in check_custom_headers({"X-Key": "1", "x-key": "2"})] == ["x-key"]


def test_usual_headers_are_taken() -> None:
    headers = {
        "Authorization": "Bearer a.b-c_d==",
        "X-Api-Key": "",
        "Accept": "*/*",
        "USER-agent": "a/1",
        "X-Super": 'a "b", c;d=~',
    }
    assert check_custom_headers(headers) == []
    assert usable_headers(headers) == headers


def test_what_may_not_be_sent_is_left_out() -> None:
    assert usable_headers({"Host": "evil", "X-A": "1", "x-a": "2", "X-B": "\n"}) == {"X-A": "1"}


def test_a_request_says_who_sends_it_unless_its_owner_says_so() -> None:
    assert request_headers(None) == {"User-Agent": f"DynamicsWebhookHub/{__version__}"}
    assert request_headers({"user-AGENT": "mine/2", "Host": "x"}) == {"user-AGENT": "mine/2"}


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4))
def test_what_is_usable_can_be_written_as_http(headers: dict[str, str]) -> None:
    usable = [(name.encode(), value.encode()) for name, value in usable_headers(headers).items()]
    h11.Request(method="POST", target="/", headers=[(b"Host", b"a"), *usable])
