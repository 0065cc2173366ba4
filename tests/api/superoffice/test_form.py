import json
from contextlib import suppress
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.api.superoffice.form import mislabelled_texts, read_form
from shared.errors import BadRequest
from shared.webhooks.webhook import parse_webhook
from tests.api.superoffice.samples import FULL, MINIMAL, TEXTS, TYPES

READ = {
    "plain": ("Name=My+hook%21", {"Name": "My hook!"}),
    "any case": ("name=a&WEBHOOKID=7", {"name": "a", "WEBHOOKID": 7}),
    "the last counts": ("Name=a&name=b", {"Name": "b"}),
    "repeated events": ("Events=a&Events=b", {"Events": ["a", "b"]}),
    "events with commas": ("Events=a, b,&events=c", {"Events": ["a", "b", "c"]}),
    "events with indexes": ("Events[0]=a&Events[1]=b&Events[]=c", {"Events": ["a", "b", "c"]}),
    "events as JSON": ('Events=["a","b"]', {"Events": ["a", "b"]}),
    "empty list": ("Events=", {"Events": []}),
    "headers as JSON": ('Headers={"X-A":"1"}', {"Headers": {"X-A": "1"}}),
    "headers with dots": ("Headers.X-A=1&headers.X.B=2", {"Headers": {"X-A": "1", "X.B": "2"}}),
    "headers in brackets": ("Headers[X-A]=1&Headers[X-B]=2", {"Headers": {"X-A": "1", "X-B": "2"}}),
    "both": ('Headers={"X-A":"1"}&Headers.X-B=2', {"Headers": {"X-A": "1", "X-B": "2"}}),
    "empty headers": ("Headers=", {"Headers": None}),
    "associates": ('ErrorAssociates=[{"Id":5}]', {"ErrorAssociates": [{"Id": 5}]}),
    "object by dots": ("Webhook.Name=a&webhook.Headers.X=1", {"Webhook": {"Name": "a", "Headers": {"X": "1"}}}),
    "object by brackets": ("Webhook[Name]=a&Webhook[Headers][X]=1", {"Webhook": {"Name": "a", "Headers": {"X": "1"}}}),
    "unknown": ("a.b=1&c[d]=2&e&$f:g@h-i+é=3", {"a.b": "1", "c[d]": "2", "e": "", "$f:g@h-i é": "3"}),
    "blanks beside commas": (
        "Events=a , b,c, ,&ErrorEmails=a@b.c, d@e.f",
        {"Events": ["a", "b", "c"], "ErrorEmails": ["a@b.c", "d@e.f"]},
    ),
    "blanks at the ends of a list": ("Events=+a,+b+", {"Events": [" a", "b "]}),
    "line ends beside commas": ("Events=a%0A,%09b", {"Events": ["a\n", "\tb"]}),
    "JSON with trailing commas": ('Events=["a",]&Headers={"X-A":"1",}', {"Events": ["a"], "Headers": {"X-A": "1"}}),
    "integer": ("PrimaryKey=12&TotalCalls=&Rank=x", {"PrimaryKey": 12, "TotalCalls": None, "Rank": "x"}),
    "nothing": ("", {}),
}
REFUSED = {
    "not UTF-8": b"Name=\xff",
    "not UTF-8, escaped": b"Name=%ff",
    "lone surrogate": b"Name=%ED%A0%80",
    "too many fields": b"&".join([b"a=1"] * 1001),
    "headers that are no JSON": b"Headers={X-A:1}",
    "list that is no JSON": b"Events=[a",
    "NaN": b"Properties=NaN",
    "an object twice": b"Headers=[1]&Headers.X=1",
    "an object twice, the other way": b"Webhook=1&Webhook.Name=a",
}


@pytest.mark.parametrize(("body", "document"), READ.values(), ids=READ)
def test_a_form_is_read(body: str, document: dict[str, object]) -> None:
    assert read_form(body.encode()) == document


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_a_form_that_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        read_form(body)


TEXT = '{"NameFilter":"zzz"}'
NO_NAMES = {
    "apostrophes of cmd.exe": "'{NameFilter:zzz}'",
    "apostrophes": f"'{TEXT}'",
    "JSON in JSON": json.dumps(TEXT),
    "JSON in JSON, encoded": quote(json.dumps(TEXT)),
    "encoded twice": quote(quote(TEXT)),
    "a field's end before it": f"&{TEXT}",
    "no name before it": f"={TEXT}",
    "a blank as a name": f"+={TEXT}",
    "a blank that is none": f"\u00a0{TEXT}",
    "NUL": f"\0{TEXT}",
    "two marks": f"\ufeff\ufeff{TEXT}",
    "a comment": f"/* x */{TEXT}",
    "a guard": f")]}}',{TEXT}",
    "in an object": f"Webhook.{TEXT}",
    "after a field": f"reason=done&{TEXT}",
}


@pytest.mark.parametrize("body", NO_NAMES.values(), ids=NO_NAMES)
@pytest.mark.parametrize("known", [(), ("NameFilter",)])
def test_a_text_that_resembles_json_is_no_form(body: str, known: tuple[str, ...]) -> None:
    with pytest.raises(BadRequest, match=r"application/x-www-form-urlencoded.*send JSON.*application/json") as caught:
        read_form(body.encode(), known)
    assert "zzz" not in str(caught.value)


@pytest.mark.parametrize(
    "body", ["null", "zzz", f"body={TEXT}", "filters[NameFilter]=zzz", "Name=a", "&", "NameFilter:z"]
)
def test_a_form_without_any_of_the_optional_members_is_refused(body: str) -> None:
    with pytest.raises(BadRequest, match=r"NameFilter, EventFilter.*application/json"):
        read_form(body.encode(), ("NameFilter", "EventFilter"))
    assert isinstance(read_form(body.encode()), dict)


@pytest.mark.parametrize("body", ["namefilter=a", "EventFilter=", "x=1&NameFilter=a"])
def test_a_form_with_one_of_the_optional_members_is_taken(body: str) -> None:
    assert read_form(body.encode(), ("NameFilter", "EventFilter"))


def test_a_header_in_a_form_may_have_any_name() -> None:
    assert read_form(b"Headers[X'!]=1&Headers.X%7E*=2") == {"Headers": {"X'!": "1", "X~*": "2"}}


@pytest.mark.parametrize("name", ["c.d%0A", "+c.d", "c.d+", "c.d,+e.f%0A", "c.d%C2%A0", '["c.d "]'])
def test_a_form_with_white_space_around_an_event_gives_no_webhook(name: str) -> None:
    form = read_form(f"Name=a&TargetUrl=https://example.com/&Events={name}".encode())
    with pytest.raises(BadRequest, match="Events"):
        parse_webhook(form, types=TYPES)


@pytest.mark.parametrize(
    "body", [b"", b"Name=%7B", b"a={}", b"Webhook[Name]=a", b"+=1", b"e", b"{}".join([b"a", b"b"])]
)
def test_a_form_is_no_text_that_only_says_so(body: bytes) -> None:
    assert mislabelled_texts(body) == []


def test_a_form_gives_the_webhook_that_json_gives() -> None:
    fields = [("Name", "Mine"), ("Events", "connection.created"), ("TargetUrl", "https://example.com/hook")]
    more = [("State", "2"), ("Headers[X-Tenant]", "7"), ("NotifyVia", "InApp,Email"), ("WebhookId", "0")]
    changes = {"State": "Stopped", "Headers": {"X-Tenant": "7"}, "NotifyVia": 3}
    form = read_form(urlencode(fields + more).encode())
    assert parse_webhook(form, types=TYPES) == parse_webhook({**MINIMAL, **changes}, types=TYPES)


def test_a_name_of_very_many_parts_is_refused() -> None:
    with pytest.raises(BadRequest):
        read_form(b"Webhook." * 100_000 + b"Name=a")


@given(st.binary() | st.lists(st.sampled_from([*FULL, "Webhook", ".", "[", "]", "=", "&", "{", "1", ","])).map("".join))
def test_any_bytes_are_a_form_or_refused(body: bytes | str) -> None:
    with suppress(BadRequest):
        assert isinstance(read_form(body if isinstance(body, bytes) else body.encode()), dict)


@given(TEXTS)
def test_any_text_is_read_back(text: str) -> None:
    assert read_form(f"Name={quote(text)}".encode()) == {"Name": text}
