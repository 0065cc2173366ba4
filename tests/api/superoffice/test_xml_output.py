from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.api.superoffice.render import default_webhook
from shared.api.superoffice.xml_input import read_xml
from shared.api.superoffice.xml_output import write_xml
from tests.api.superoffice.samples import ANY_JSON, ENTITIES, rendered
from tests.support.cases import holds_for

NAMESPACES = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:d="http://www.w3.org/2001/XMLSchema"'
WRITTEN = {
    "text": ({"Name": "a & <b>"}, "<Name>a &amp; &lt;b&gt;</Name>"),
    "empty text": ({"Name": ""}, "<Name />"),
    "null": ({"Name": None}, '<Name i:nil="true" />'),
    "number": ({"WebhookId": 7}, "<WebhookId>7</WebhookId>"),
    "boolean": ({"Success": True}, "<Success>true</Success>"),
    "events": ({"Events": ["a", "b"]}, "<Events><string>a</string><string>b</string></Events>"),
    "no events": ({"Events": []}, "<Events />"),
    "headers": (
        {"Headers": {"X-A": "1"}},
        "<Headers><KeyValueOfstringstring><Key>X-A</Key><Value>1</Value></KeyValueOfstringstring></Headers>",
    ),
    "properties": (
        {"Properties": {"a": 1}},
        "<Properties><KeyValueOfstringanyType><Key>a</Key>"
        '<Value i:type="d:int">1</Value></KeyValueOfstringanyType></Properties>',
    ),
    "object": ({"TableRight": {"Mask": "FULL"}}, "<TableRight><Mask>FULL</Mask></TableRight>"),
    "item": (
        {"ErrorAssociates": [{"Id": 5}]},
        "<ErrorAssociates><MDOListItem><Id>5</Id></MDOListItem></ErrorAssociates>",
    ),
    "big numbers": (
        {"Properties": {"a": 2**31, "b": -(2**64)}},
        "<Properties><KeyValueOfstringanyType><Key>a</Key>"
        '<Value i:type="d:long">2147483648</Value></KeyValueOfstringanyType><KeyValueOfstringanyType><Key>b</Key>'
        '<Value i:type="d:integer">-18446744073709551616</Value></KeyValueOfstringanyType></Properties>',
    ),
    "carriage return": ({"Name": "a\r\nb"}, "<Name>a&#13;\nb</Name>"),
    "what XML cannot hold": ({"Name": "a\x00\x1b\uffff\ud800b\t"}, "<Name>a\ufffd\ufffd\ufffd\ufffdb\t</Name>"),
    "a member of another kind": ({"WebhookId": "x"}, '<WebhookId i:type="d:string">x</WebhookId>'),
}
WRITABLE = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff") | st.sampled_from("\r\n\t")
XML_TEXTS = st.text(WRITABLE)
XML_JSON: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | XML_TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(XML_TEXTS | st.just("Key"), inner, max_size=3),
    max_leaves=8,
)
XML_ENTITIES = st.dictionaries(st.sampled_from([*rendered(), "name", "string", "Data", "x y"]), XML_JSON)


@pytest.mark.parametrize(("entity", "inner"), WRITTEN.values(), ids=WRITTEN)
def test_a_member_is_written_as_dot_net_writes_it(entity: dict[str, object], inner: str) -> None:
    written = write_xml(entity, "Webhook").decode()
    assert written == f'<?xml version="1.0" encoding="utf-8"?><Webhook {NAMESPACES}>{inner}</Webhook>'


@holds_for(
    ("value", "root", "expected"),
    [
        ([default_webhook()], "ArrayOfWebhook", [default_webhook()]),
        ([], "ArrayOfWebhook", []),
        ("410 Gone", "string", "410 Gone"),
        ("", "string", ""),
        (None, "Webhook", None),
        ({"Success": False, "Message": ""}, "WebhookResult", {"Success": False, "Message": ""}),
        ({"Error": True, "ErrorType": "x"}, "Error", {"Error": True, "ErrorType": "x"}),
        ([{"Method": "POST", "Takes": "nothing"}], "ArrayOfOperation", [{"Method": "POST", "Takes": "nothing"}]),
    ],
)
def test_every_answer_is_read_back(value: object, root: str, expected: object) -> None:
    written = write_xml(value, root)
    assert fromstring(written).tag == root  # noqa: S314 - written by us just now
    assert read_xml(written) == expected


@pytest.mark.parametrize("entity", [rendered(), default_webhook()], ids=["full", "default"])
def test_a_webhook_is_read_back(entity: dict[str, object]) -> None:
    links = {"_Links": {"Self": "https://hub.example/18?a=1&b=2"}}
    assert read_xml(write_xml(entity | links, "WebhookWithLinks")) == entity | links


@given(XML_ENTITIES)
def test_any_entity_is_read_back(entity: dict[str, object]) -> None:
    assert read_xml(write_xml(entity, "Webhook")) == entity


@given(ENTITIES | ANY_JSON, st.sampled_from(["Webhook", "ArrayOfWebhook", "string", "Error", "Operation"]))
def test_any_value_is_written_well_formed(value: object, root: str) -> None:
    assert fromstring(write_xml(value, root)).tag == root  # noqa: S314 - written by us just now
