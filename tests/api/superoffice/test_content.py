import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.api.superoffice.content import (
    MAX_LIST_BYTES,
    Format,
    TooLong,
    choose_format,
    read_document,
    read_patch,
    wish_for,
    write_document,
)
from shared.errors import BadRequest, NotJson, UnsupportedMediaType
from tests.api.superoffice.samples import ANY_JSON, ENTITIES, rendered
from tests.support.cases import holds_for

type Reader = Callable[[bytes, str | None], object]

JSON_TYPES = [
    "application/json",
    "Application/JSON; charset=UTF-8",
    'application/json;charset="utf-8"',
    "text/json",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/vnd.superoffice+json; odata=x",
]
TYPES = [*JSON_TYPES, "application/xml", "text/xml;charset=us-ascii", "application/x-www-form-urlencoded"]
UNSUPPORTED = [
    None,
    "",
    ";",
    "json",
    "text/plain",
    "text/html",
    "multipart/form-data; boundary=x",
    "application/octet-stream",
    "application/soap+xml",
    "image/x+json",
    "application/json, application/xml",
    "application/json; charset=utf-16",
    "text/xml; charset=iso-8859-1",
    "x" * 10_000,
]
ACCEPTED = [
    (None, Format.JSON),
    ("", Format.JSON),
    ("*/*", Format.JSON),
    ("application/*", Format.JSON),
    ("text/*", Format.TEXT_JSON),
    ("application/json; charset=utf-8", Format.JSON),
    ("text/json", Format.TEXT_JSON),
    ("application/xml", Format.XML),
    ("TEXT/XML", Format.TEXT_XML),
    ("application/xml, application/json", Format.XML),
    ("application/json, text/json, application/xml, text/xml, application/json-patch+json", Format.JSON),
    ("application/xml;q=0.9, application/json;q=0.8", Format.XML),
    ("application/xml;q=0.8, */*;q=0.9", Format.JSON),
    ("application/xml, */*", Format.XML),
    ("application/json;q=0, application/xml;q=0.1", Format.XML),
    ("application/json;q=0, application/*", Format.XML),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Format.XML),
    ("text/html", Format.JSON),
    ("image/png, text/csv", Format.JSON),
    ("*/*;q=0", Format.JSON),
    ("application/merge-patch+json", Format.JSON),
    ("nonsense", Format.JSON),
]


@pytest.mark.parametrize("content_type", JSON_TYPES)
def test_json_is_read_under_all_its_names(content_type: str) -> None:
    assert read_document(b'\xef\xbb\xbf{"Name": "a"}', content_type) == {"Name": "a"}


@pytest.mark.parametrize("content_type", ["application/xml", "text/xml; charset=utf-8"])
def test_xml_is_read_under_both_its_names(content_type: str) -> None:
    assert read_document(b"<Webhook><Name>a</Name></Webhook>", content_type) == {"Name": "a"}


def test_a_form_is_read() -> None:
    assert read_document(b"Name=a", "application/x-www-form-urlencoded; charset=utf-8") == {"Name": "a"}


ENCODED = "%7B%22State%22%3A%22Stopped%22%7D"
MISLABELLED = {
    "as it is": '{"State":"Stopped"}',
    "in lines": '\r\n {\n "State": "Stopped"\n}\n',
    "with a byte order mark": '\ufeff{"State":"Stopped"}',
    "with a trailing comma": '{"State":"Stopped",}',
    "percent-encoded": ENCODED,
    "percent-encoded, in lower case": ENCODED.lower().replace("state", "State").replace("stopped", "Stopped"),
    "percent-encoded, blanks as plus signs": "+%7B+%22State%22%3A+%22Stopped%22%7D+",
    "percent-encoded, with a byte order mark": f"%EF%BB%BF{ENCODED}",
    "as the name of a field": f"{ENCODED}=",
    "as the name of a field, as it is": '{"State":"Stopped"}=',
}
FORM = "application/x-www-form-urlencoded"


@holds_for("read", [read_document, read_patch])
@holds_for("text", MISLABELLED.values())
@holds_for("content_type", [FORM, "Application/X-WWW-Form-UrlEncoded; charset=UTF-8"])
def test_json_that_says_it_is_a_form_is_json(read: Reader, text: str, content_type: str) -> None:
    assert read(text.encode(), content_type) == {"State": "Stopped"}


@pytest.mark.parametrize("encode", [quote, quote_plus, str])
@pytest.mark.parametrize("read", [read_document, read_patch])
def test_an_array_that_says_it_is_a_form_is_an_array(read: Reader, encode: Callable[[str], str]) -> None:
    patch = [{"op": "replace", "path": "/Name", "value": "a+b & c=%41"}]
    assert read(encode(json.dumps(patch)).encode(), FORM) == patch


def test_what_curl_encodes_after_the_first_equals_sign_is_decoded_and_what_stands_before_it_stays() -> None:
    # curl --data-urlencode '{"Name":"a+b","TargetUrl":"https://a.example/?x=1+2&y=3"}'
    body = b'{"Name":"a+b","TargetUrl":"https://a.example/?x=1%2B2%26y%3D3%22%7D'
    assert read_document(body, FORM) == {"Name": "a+b", "TargetUrl": "https://a.example/?x=1+2&y=3"}


@given(ENTITIES | st.lists(ANY_JSON), st.booleans())
def test_any_json_is_the_same_whatever_it_says_it_is(value: object, only_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=only_ascii)
    for body in (text, quote(text), quote_plus(text), urlencode({text: ""})):
        assert read_document(body.encode(), FORM) == read_patch(body.encode(), FORM) == value


def test_xml_that_says_it_is_a_form_is_xml() -> None:
    text = "<Webhook><Name>a &amp; b=c</Name></Webhook>"
    for body in (text, quote(text), quote_plus(f"\ufeff {text}")):
        assert read_document(body.encode(), FORM) == {"Name": "a & b=c"}


@holds_for("body", ['{"Name":', "{Name=a}", "[", ENCODED[:-3], "<Webhook>", "{%22", "%7B%FF"])
@holds_for("read", [read_document, read_patch])
def test_what_begins_as_json_or_xml_is_never_taken_for_a_field(read: Reader, body: str) -> None:
    with pytest.raises(BadRequest, match=r"not JSON|not XML"):
        read(body.encode(), FORM)


def test_a_refusal_is_about_the_text_as_it_was_sent() -> None:
    with pytest.raises(NotJson, match="line 2 column 11"):
        read_document(b'{\n "Name": nothing\n}', FORM)


@pytest.mark.parametrize("body", [b"State=Stopped", b"a=%7B%7D", b"Webhook[State]=Stopped", b"e", b"null", b"\xff"])
def test_a_form_is_no_patch(body: bytes) -> None:
    with pytest.raises(UnsupportedMediaType, match=r"a patch must not be a form.*application/json"):
        read_patch(body, FORM)


def test_xml_is_a_patch() -> None:
    assert read_patch(b"<Webhook><Name>a</Name></Webhook>", "text/xml") == {"Name": "a"}


@holds_for("content_type", UNSUPPORTED)
def test_another_type_or_charset_is_refused(content_type: str | None) -> None:
    with pytest.raises(UnsupportedMediaType):
        read_document(b"{}", content_type)


@holds_for("content_type", TYPES)
@holds_for("body", [b"", b" \r\n"])
def test_an_empty_body_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(BadRequest, match="empty"):
        read_document(body, content_type)


@pytest.mark.parametrize("body", [b"{", b"NaN", b'"\\ud800"', b"[" * 100_000, b"\xff"])
def test_malformed_json_is_refused(body: bytes) -> None:
    with pytest.raises(NotJson):
        read_document(body, "application/json")


@given(st.binary() | ANY_JSON.map(lambda value: json.dumps(value).encode()), st.sampled_from(TYPES) | st.text())
def test_any_body_is_a_document_or_refused(body: bytes, content_type: str) -> None:
    with suppress(BadRequest, UnsupportedMediaType):
        read_document(body, content_type)


@holds_for(("accept", "expected"), ACCEPTED)
def test_the_format_is_the_one_that_is_wanted_most(accept: str | None, expected: Format) -> None:
    assert choose_format(accept) is expected


@given(st.text())
def test_any_header_gets_a_format(accept: str) -> None:
    assert choose_format(accept) in Format


@pytest.mark.parametrize("known", Format)
def test_what_is_written_is_read_back_under_its_content_type(known: Format) -> None:
    body, content_type = write_document(rendered(), known, "Webhook")
    assert content_type == f"{known.value}; charset=utf-8"
    assert read_document(body, content_type) == rendered()


def test_a_text_that_utf_8_cannot_hold_is_written_all_the_same() -> None:
    for known in Format:
        body, _ = write_document("a\ud800b", known, "string")
        assert b"b" in body


@given(ENTITIES | ANY_JSON)
def test_any_value_is_written_as_json(value: object) -> None:
    body, _ = write_document(value, Format.JSON, "Webhook")
    assert json.loads(body) == value


@holds_for("known", list(Format))
@holds_for("length", [0, 1, 3])
def test_an_iterator_is_written_as_a_list_is(known: Format, length: int) -> None:
    entities = [rendered() for _ in range(length)]
    assert write_document(iter(entities), known, "ArrayOfWebhook") == write_document(entities, known, "ArrayOfWebhook")


@pytest.mark.parametrize("known", list(Format))
def test_a_list_that_grows_too_long_is_given_up_as_soon_as_it_does(known: Format) -> None:
    read: list[int] = []

    def entities() -> Iterator[dict[str, object]]:
        for number in range(10_000):
            read.append(number)
            yield {"Description": "x" * 100_000}

    with pytest.raises(TooLong, match=str(MAX_LIST_BYTES)):
        write_document(entities(), known, "ArrayOfWebhook")
    assert len(read) <= MAX_LIST_BYTES // 100_000 + 1


@pytest.mark.parametrize("known", [Format.JSON, Format.XML])
def test_a_list_may_have_exactly_so_many_bytes(known: Format) -> None:
    empty, _ = write_document(iter([{"Description": ""}]), known, "ArrayOfWebhook")
    # An empty element is shorter than one with a text in it.
    around = len(empty) + (len("<Description></Description>") - len("<Description />") if known is Format.XML else 0)
    fits = "x" * (MAX_LIST_BYTES - around)
    body, _ = write_document(iter([{"Description": fits}]), known, "ArrayOfWebhook")
    assert len(body) == MAX_LIST_BYTES
    with pytest.raises(TooLong):
        write_document(iter([{"Description": fits + "x"}]), known, "ArrayOfWebhook")


@pytest.mark.parametrize(
    ("accept", "quality"),
    [
        ("text/xml", 1.0),
        ("TEXT/XML", 1.0),
        ("text/*;q=0.5", 0.5),
        ("*/* ; Q = 0.25", 0.25),
        ("text/xml;charset=utf-8;q=0.3", 0.3),
        ("*/*, text/*;q=0.5, text/xml;q=0.1", 0.1),
        ("text/xml;q=0, */*", 0.0),
        ("application/xml", 0.0),
        ("text/xml;q=2", 1.0),
        ("text/xml;q=0.0001", 1.0),
        ("text/xml;q=x", 1.0),
        (",,;q=1,text/xml;q=0.7,", 0.7),
        ("", 0.0),
        ("xml", 0.0),
    ],
)
def test_the_most_exact_range_gives_the_quality(accept: str, quality: float) -> None:
    assert wish_for("text/xml", accept).quality == quality


def test_of_equals_the_more_exact_then_the_earlier_goes_first() -> None:
    accept = "a/b, */*, c/d"
    assert wish_for("a/b", accept) > wish_for("c/d", accept) > wish_for("e/f", accept)


@given(
    st.text() | st.lists(st.sampled_from(["text", "/", "xml", "*", ";", "q", "=", "0", ".5", ",", " "])).map("".join)
)
def test_any_header_gives_a_quality(accept: str) -> None:
    assert 0.0 <= wish_for("text/xml", accept).quality <= 1.0
