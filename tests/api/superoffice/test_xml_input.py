from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.api.superoffice.xml_input import read_xml
from shared.errors import BadRequest
from shared.webhooks.webhook import parse_webhook
from tests.api.superoffice.samples import MINIMAL, TYPES

HAND_WRITTEN = b"""<?xml version="1.0" encoding="utf-16"?>
<!-- by hand -->
<Webhook xmlns="http://schemas.datacontract.org/2004/07/SuperOffice.CRM.Services"
         xmlns:a="http://schemas.microsoft.com/2003/10/Serialization/Arrays">
  <name>Mine</name>
  <Events><a:string>connection.created</a:string></Events>
  <TargetUrl>
    https://example.com/hook
  </TargetUrl>
  <Headers><X-Tenant>7</X-Tenant></Headers>
  <Secret><![CDATA[a<b]]></Secret>
</Webhook>"""
READ = {
    "empty root": ("<Webhook/>", {}),
    "unknown root": ("<x><a>1</a></x>", {"a": "1"}),
    "numbers by name": ("<Webhook><WebhookId> 7 </WebhookId></Webhook>", {"WebhookId": 7}),
    "empty number": ("<Webhook><WebhookId/></Webhook>", {"WebhookId": None}),
    "boolean": ("<MDOListItem><Deleted>1</Deleted></MDOListItem>", {"Deleted": True}),
    "request": ("<SignalEventRequest><PrimaryKey>3</PrimaryKey></SignalEventRequest>", {"PrimaryKey": 3}),
    "dictionary as root": (
        "<ArrayOfKeyValueOfstringanyType><KeyValueOfstringanyType><Key>a</Key><Value>1</Value>"
        "</KeyValueOfstringanyType></ArrayOfKeyValueOfstringanyType>",
        {"a": "1"},
    ),
    "dictionary by its look": ("<x><y><Key>a</Key><Value>1</Value></y></x>", {"a": "1"}),
    "key without value": ("<Headers><y><Key>a</Key></y></Headers>", {"a": None}),
    "list by its look": ("<x><y><string>a</string><string/></y></x>", {"y": ["a", ""]}),
    "unknown type": ('<x xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><y i:type="z:Q">a</y></x>', {"y": "a"}),
    "nil": ('<x xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><y i:nil="1">a</y></x>', {"y": None}),
    "the last counts": ("<Webhook><Name>a</Name><Name>b</Name></Webhook>", {"Name": "b"}),
}
REFUSED = {
    "empty": b"",
    "text": b"hello",
    "cut off": b"<Webhook><Name>",
    "two roots": b"<a/><b/>",
    "DTD": b"<!DOCTYPE Webhook><Webhook/>",
    "external DTD": b'<!DOCTYPE Webhook SYSTEM "http://169.254.169.254/latest"><Webhook/>',
    "file": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Webhook><Name>&x;</Name></Webhook>',
    "parameter entity": b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1/x">%x;]><Webhook/>',
    "laughs": b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><Webhook><Name>&b;</Name></Webhook>',
    "undefined entity": b"<Webhook><Name>&secret;</Name></Webhook>",
    "deep": b"<a>" * 129 + b"</a>" * 129,
    "very deep": b"<a>" * 300_000,
    "not UTF-8": b"<Webhook><Name>\xff</Name></Webhook>",
    "NUL": b"<Webhook><Name>\x00</Name></Webhook>",
    "lone surrogate": b"<Webhook><Name>&#xD800;</Name></Webhook>",
    "unbound prefix": b'<Webhook><Name i:nil="true"/></Webhook>',
    "attribute twice": b'<Webhook a="1" a="2"/>',
}
PIECES = [
    "<Webhook>", "</Webhook>", "<Name>", "</Name>", "<Events>", "</Events>", "<string/>", "<Key>a</Key>", "<Value/>",
    "<Headers>", "</Headers>", "text", "&amp;", "&x;", "&#0;", "<!DOCTYPE a>", "<![CDATA[", "]]>", "<!--", "-->",
    '<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="d:int">', "</a>", '<?xml version="1.0"?>', "\ufeff",
    "<?x?>",
]  # fmt: skip


def test_a_webhook_written_by_hand_is_read() -> None:
    webhook = parse_webhook(document(HAND_WRITTEN), types=TYPES)
    expected = {**MINIMAL, "Headers": {"X-Tenant": "7"}, "Secret": "a<b"}
    assert webhook == parse_webhook(expected, types=TYPES)


@pytest.mark.parametrize(("body", "expected"), READ.values(), ids=READ)
def test_a_document_is_read(body: str, expected: dict[str, object]) -> None:
    assert read_xml(body.encode()) == expected


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_what_is_no_xml_or_no_safe_xml_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest, match=r"^the body (is|must)"):
        read_xml(body)


def test_a_refusal_does_not_hold_the_content() -> None:
    with pytest.raises(BadRequest) as refusal:
        read_xml(REFUSED["undefined entity"])
    assert "secret" not in refusal.value.detail


@given(st.binary() | st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map("".join))
def test_any_bytes_are_a_document_or_refused(body: bytes | str) -> None:
    with suppress(BadRequest):
        read_xml(body if isinstance(body, bytes) else body.encode("utf-8", "replace"))


def document(body: bytes) -> dict[str, object]:
    value = read_xml(body)
    assert isinstance(value, dict)
    return value
