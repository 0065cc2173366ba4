import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.dynamics.registration.bodies import (
    NewStep,
    NewWebhook,
    StepChange,
    WebhookChange,
    change_errors,
    is_same_url,
    step_errors,
    webhook_errors,
)
from shared.dynamics.registration.ensure_bodies import Wanted
from shared.dynamics.registration.parsing import parse_body
from shared.errors import BadRequest
from tests.dynamics.registration.samples import KEY, RECEIVER, new_step, new_webhook
from tests.dynamics.samples import ANY_JSON
from tests.support.cases import holds_for

HEADER = {"type": "HttpHeader", "values": {"x-secret": "s"}}


def refused(document: dict[str, object]) -> list[str]:
    with pytest.raises(BadRequest) as caught:
        parse_body(NewWebhook, document, webhook_errors)
    for error in caught.value.errors:
        member = error.pointer.rpartition("/")[2].replace("~1", "/")
        assert error.detail.split(" ")[0] in {member, f"steps/{member}"}
    return [error.pointer for error in caught.value.errors]


@pytest.mark.parametrize(
    "url",
    [
        "https://hub.example",
        "http://hub.example",
        "https://hub.example:443/a?b=c",
        "http://hub.example:80",
        "http://hub.example:443/a",
        "https://" + "h" * 50 + ".example/" + "p" * (2000 - 67),
    ],
)
def test_an_address_that_dataverse_calls_is_taken(url: str) -> None:
    assert parse_body(NewWebhook, new_webhook(url=url), webhook_errors).url == url


@holds_for(
    "url",
    [
        "",
        "hub.example",
        "/api",
        "ftp://hub.example/",
        "https://hub.example:7071/",
        "https://hub.example:8443/",
        "https://user@hub.example/",
        "https://user:pw@hub.example/",
        "https://hub.example/#part",
        "https://hub.example/?code=********",
        "https://hub.example/?a=b&sig=********",
        "https://hub .example/",
        "https://hub.example/\n",
        "https://",
        "https://" + "h" * 50 + ".example/" + "p" * (2001 - 67),
        None,
        7,
    ],
)
def test_an_address_that_dataverse_does_not_call_is_a_400(url: object) -> None:
    assert refused(new_webhook(url=url)) == ["#/url"]


@pytest.mark.parametrize("key", ["k" * 32, "k" * 128, "A-Za_z0.9~=" + "k" * 30, "+/" * 20 + "=="])
def test_a_key_that_fits_in_a_query_is_taken(key: str) -> None:
    assert parse_body(Wanted, {"key": key, "url": RECEIVER}).key.get_secret_value() == key


@holds_for(
    "key", ["", "k" * 31, "k" * 129, "k" * 31 + " ", "k" * 31 + "&", "k" * 31 + "%", "k" * 31 + "ü", "k" * 40 + "\n"]
)
def test_any_other_key_is_a_400_that_does_not_repeat_it(key: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_body(NewWebhook, new_webhook(authentication={"type": "WebhookKey", "key": key}))
    assert [error.pointer for error in caught.value.errors] == ["#/authentication/key"]
    assert not key or key not in str(caught.value)


@holds_for(
    ("values", "pointer"),
    [
        ({}, ""),
        ([], ""),
        ({"a b": "s"}, ""),
        ({"": "s"}, ""),
        ({"ü": "s"}, ""),
        ({"x:": "s"}, ""),
        ({"x": "line\nbreak"}, ""),
        ({"x": "ü"}, ""),
        ({"x": "\x00"}, ""),
        ({"X": "s", "x": "t"}, ""),
        ({"x": "s" * 2048}, ""),
        ({"x": '"' * 400}, ""),
        ({"x": 5}, "/x"),
        ({"x/y": None}, "/x~1y"),
    ],
)
def test_headers_that_cannot_be_sent_are_a_400(values: object, pointer: str) -> None:
    authentication = {"type": "HttpHeader", "values": values}
    assert refused(new_webhook(authentication=authentication)) == [f"#/authentication/values{pointer}"]


RESTRICTED = [
    "Accept",
    "Connection",
    "Content-Length",
    "Content-Type",
    "Date",
    "Expect",
    "Host",
    "If-Modified-Since",
    "Proxy-Connection",
    "Range",
    "Referer",
    "Transfer-Encoding",
    "User-Agent",
    "x-ms-dynamics-msg-size-exceeded",
    "X-MS-Dynamics-Organization",
    "x-ms-dynamics-anything",
    "x-ms-correlation-request-id",
]


def sentences(authentication: dict[str, object]) -> list[str]:
    with pytest.raises(BadRequest) as caught:
        parse_body(NewWebhook, new_webhook(authentication=authentication), webhook_errors)
    assert [error.pointer for error in caught.value.errors] == ["#/authentication/values"]
    return [error.detail for error in caught.value.errors]


@holds_for("spelling", [str, str.lower, str.upper])
@holds_for("name", RESTRICTED)
def test_a_header_that_dataverse_cannot_send_is_a_400_that_names_it(name: str, spelling: Callable[[str], str]) -> None:
    [sentence] = sentences({"type": "HttpHeader", "values": {"x-secret": "s", spelling(name): "v4lue"}})
    assert f'"{spelling(name)}"' in sentence
    assert "v4lue" not in sentence


@pytest.mark.parametrize("name", ["x-accept", "hostname", "x-ms-dynamics", "x-request-identity", "Authorization"])
def test_a_header_that_only_looks_like_one_of_those_is_taken(name: str) -> None:
    authentication = {"type": "HttpHeader", "values": {name: "s"}}
    assert parse_body(NewWebhook, new_webhook(authentication=authentication), webhook_errors).name == "Hub"


@holds_for("kind", ["HttpHeader", "HttpQueryString"])
@holds_for("value", ["", " ", "   ", " v4lue", "v4lue "])
def test_a_value_that_dataverse_would_cut_or_refuse_is_a_400_that_names_its_member(kind: str, value: str) -> None:
    [sentence] = sentences({"type": kind, "values": {"fine": "s", "x-key": value}})
    assert '"x-key"' in sentence
    assert "v4lue" not in sentence


@pytest.mark.parametrize("blank", ["\u00a0", "\u3000", "\u2003"])
def test_every_blank_that_dotnet_cuts_counts_as_one(blank: str) -> None:
    for values in ({blank: "s"}, {"a": blank}, {"a": "s" + blank}, {blank + "a": "s"}):
        assert sentences({"type": "HttpQueryString", "values": values})


def test_names_that_are_one_when_they_are_trimmed_are_a_400() -> None:
    assert "blank" in sentences({"type": "HttpQueryString", "values": {"a": "1", " a": "2"}})[0]


@pytest.mark.parametrize("values", [{}, {"": "s"}, {"a\x00": "s"}, {"a": "s\x7f"}, {"a": "\ufffe"}, {"a": "s" * 2048}])
def test_parameters_that_cannot_be_sent_are_a_400(values: object) -> None:
    authentication = {"type": "HttpQueryString", "values": values}
    assert refused(new_webhook(authentication=authentication)) == ["#/authentication/values"]


@holds_for(
    ("change", "pointers"),
    [
        ({"name": ""}, ["#/name"]),
        ({"name": " "}, ["#/name"]),
        ({"name": "n" * 257}, ["#/name"]),
        ({"name": "😀" * 129}, ["#/name"]),
        ({"name": "a\nb"}, ["#/name"]),
        ({"name": None}, ["#/name"]),
        ({"description": "d" * 2001}, ["#/description"]),
        ({"description": 1}, ["#/description"]),
        ({"authentication": None}, ["#/authentication"]),
        ({"authentication": {}}, ["#/authentication"]),
        ({"authentication": {"type": "SASKey", "key": KEY}}, ["#/authentication"]),
        ({"authentication": {"type": "WebhookKey"}}, ["#/authentication/key"]),
        ({"authentication": {"type": "WebhookKey", "key": KEY, "values": {}}}, ["#/authentication/values"]),
        ({"contract": 8}, ["#/contract"]),
        ({"Name": "Hub"}, ["#/Name"]),
        ({"steps": {}}, ["#/steps"]),
        ({"steps": [5]}, ["#/steps/0"]),
    ],
)
def test_a_member_that_is_wrong_is_named(change: dict[str, object], pointers: list[str]) -> None:
    assert refused(new_webhook(**change)) == pointers


@holds_for(
    ("change", "pointer"),
    [
        ({"message": None}, "/message"),
        ({"message": ""}, "/message"),
        ({"table": "a\nb"}, "/table"),
        ({"table": 4}, "/table"),
        ({"stage": 40}, "/stage"),
        ({"stage": "postoperation"}, "/stage"),
        ({"mode": 1}, "/mode"),
        ({"stage": "PreValidation"}, "/mode"),
        ({"stage": "PreOperation", "mode": "async"}, "/mode"),
        ({"mode": "sync", "asyncAutoDelete": True}, "/asyncAutoDelete"),
        ({"asyncAutoDelete": 1}, "/asyncAutoDelete"),
        ({"filteringAttributes": ["name"]}, "/filteringAttributes"),
        ({"message": "Update", "filteringAttributes": ["a,b"]}, "/filteringAttributes"),
        ({"message": "Update", "filteringAttributes": ["Name"]}, "/filteringAttributes"),
        ({"message": "Update", "filteringAttributes": "name"}, "/filteringAttributes"),
        ({"message": "Update", "filteringAttributes": ["c" * 100] * 1000}, "/filteringAttributes"),
        ({"rank": 0}, "/rank"),
        ({"rank": 2**31}, "/rank"),
        ({"rank": True}, "/rank"),
        ({"rank": 1.0}, "/rank"),
        ({"name": "n" * 257}, "/name"),
        ({"description": "d" * 257}, "/description"),
        ({"configuration": "x"}, "/configuration"),
        ({"plugintypeid": "x"}, "/plugintypeid"),
    ],
)
def test_a_step_that_cannot_be_is_named_with_its_number(change: dict[str, object], pointer: str) -> None:
    steps = [new_step(), new_step(table="account", **change) if "table" not in change else new_step(**change)]
    assert refused(new_webhook(steps=steps)) == [f"#/steps/1{pointer}"]
    with pytest.raises(BadRequest) as caught:
        parse_body(NewStep, steps[1], step_errors)
    assert [error.pointer for error in caught.value.errors] == [f"#{pointer}"]


def test_two_steps_at_one_place_are_a_400() -> None:
    assert refused(new_webhook(steps=[new_step(), new_step(message="CREATE", mode="sync")])) == ["#/steps/1"]


def test_everything_that_is_wrong_is_named_at_once() -> None:
    document = new_webhook(name="", url="x", authentication={"type": "WebhookKey"}, steps=[{"mode": "x"}], more=1)
    wrong = ["#/name", "#/url", "#/authentication/key", "#/steps/0/message", "#/steps/0/mode", "#/more"]
    assert refused(document) == wrong


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"url": "https://hub.example:8080/"}, ["#/url"]),
        ({"name": None}, ["#/name"]),
        ({"authentication": None}, ["#/authentication"]),
        ({"url": None, "authentication": HEADER}, ["#/url"]),
        ({"steps": []}, ["#/steps"]),
    ],
)
def test_a_change_that_cannot_be_is_a_400(change: dict[str, object], pointers: list[str]) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_body(WebhookChange, change, change_errors)
    assert [error.pointer for error in caught.value.errors] == pointers


@given(
    document=st.dictionaries(
        st.sampled_from(["name", "url", "authentication", "steps", "mode", "events", "x"]), ANY_JSON
    )
)
def test_any_document_is_taken_or_refused_and_never_shown_with_a_secret(document: dict[str, object]) -> None:
    for kind in (NewWebhook, WebhookChange, NewStep, StepChange, Wanted):
        with suppress(BadRequest):
            parse_body(kind, {**document, "key": KEY})


@given(values=st.dictionaries(st.text(min_size=1, max_size=10), st.text(max_size=20), min_size=1, max_size=5))
def test_no_value_of_a_secret_is_in_a_text_of_the_body(values: dict[str, str]) -> None:
    marked = {name: f"s3cret-{value}" for name, value in values.items()}
    document = new_webhook(authentication={"type": "HttpQueryString", "values": marked})
    try:
        shown = repr(parse_body(NewWebhook, document))
    except BadRequest as refusal:
        shown = json.dumps([[error.pointer, error.detail] for error in refusal.errors])
    assert "s3cret" not in shown


@pytest.mark.parametrize("before", ["", "hub.example", "ftp://hub.example/", "https://a b.example/"])
def test_an_address_that_could_never_be_sent_is_the_same_as_no_other(before: str) -> None:
    assert not is_same_url("https://hub.example/", before)
