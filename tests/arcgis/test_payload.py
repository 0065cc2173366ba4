import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.arcgis.payload import MAX_ENTRIES, decoded_form_value, parse_changes, split_form
from shared.errors import BadRequest, NotJson
from tests.arcgis.samples import BASE64, BODY, CHANGES_URL, ENTERPRISE, PING, body_of, entry
from tests.dynamics.samples import ANY_JSON
from tests.support.cases import holds_for


def test_the_documented_payload_is_one_change_with_its_address_decoded() -> None:
    (change,) = parse_changes(BODY)
    assert (change.layer_id, change.service_name, change.events) == (0, "roadWorks", ("FeaturesUpdated",))
    assert (change.changes_url, change.server_generations) == (CHANGES_URL, "40310512,40310530")
    assert (change.when, change.raw) == ("1768553100413", json.loads(BODY)[0])


def test_an_object_of_enterprise_is_one_change_without_a_layer() -> None:
    (change,) = parse_changes(ENTERPRISE)
    assert (change.layer_id, change.service_name, change.events) == (None, "tramStops", ("FeaturesCreated",))
    assert (change.server_generations, change.when) == ("1768640112315,1768640112316", "1768640112000")


def test_a_ping_is_no_change() -> None:
    assert parse_changes(PING) == ()


def test_each_layer_is_a_change() -> None:
    changes = parse_changes(body_of(entry(layerId=0), entry(layerId=4), json.loads(PING)[0]))
    assert [change.layer_id for change in changes] == [0, 4]


def test_an_older_payload_has_one_change_type() -> None:
    (change,) = parse_changes(body_of(entry(events=None, changeType="FeaturesCreated")))
    assert change.events == ("FeaturesCreated",)


def test_a_payload_may_stand_in_a_text() -> None:
    assert parse_changes(json.dumps({"payload": BODY.decode()}).encode()) == parse_changes(BODY)


def test_an_empty_address_is_taken() -> None:
    (change,) = parse_changes(body_of(entry(changesUrl="")))
    assert (change.changes_url, change.server_generations) == ("", "")


@contextmanager
def deadline_of_seconds(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


SIGNATURE = f"x-esriHook-Signature={quote(f'sha256={BASE64}', safe='')}".encode()


@pytest.mark.parametrize("body", [b"payload=" + BODY + b"&" + SIGNATURE, SIGNATURE + b"&payload=" + BODY])
def test_of_a_form_the_value_is_signed_as_it_stands_there(body: bytes) -> None:
    part = split_form(body)
    assert part.content == BODY
    assert part.signature == quote(f"sha256={BASE64}", safe="")


def test_a_form_without_a_signature_has_none() -> None:
    assert split_form(b"payload=" + BODY).signature is None


def test_a_form_made_to_be_slow_is_split_at_once() -> None:
    body = b"payload=" + b"&x-esriHook-Signature=".join([b" " * 100_000] * 9) + b"&"
    # A bound far above what it takes, and far below what a pattern that backtracks would.
    with deadline_of_seconds(5):
        assert split_form(body).signature is None


def test_what_is_no_form_is_signed_as_a_whole() -> None:
    part = split_form(BODY)
    assert part.content is BODY
    assert part.signature is None


def test_a_form_that_was_encoded_as_forms_are_is_decoded() -> None:
    encoded = quote(BODY.decode(), safe="").encode()
    assert decoded_form_value(encoded) == BODY
    assert parse_changes(encoded) == parse_changes(BODY)


@holds_for(
    "body",
    [
        b"",
        b"null",
        b"7",
        b'"text"',
        b"[]",
        b"[1]",
        b"[[]]",
        b"{}",
        b"[{}]",
        b"no json",
        b"[NaN]",
        b"\xff\xfe[",
        b"[" * 500,
        body_of(entry(events=None)),
        body_of(entry(events=[])),
        body_of(entry(events=[1])),
        body_of(entry(events=["a b"])),
        body_of(entry(events=["x" * 65])),
        body_of(entry(events=[{}])),
        body_of(entry(events=["FeaturesUpdated"] * 21)),
        body_of(entry(layerId="0")),
        body_of(entry(layerId=-1)),
        body_of(entry(layerId=True)),
        body_of(entry(layerId=10**30)),
        body_of(entry(serviceName=1)),
        body_of(entry(serviceName="é" * 1000)),
        body_of(entry(changesUrl=["x"])),
        body_of(entry(changesUrl="x" * 4000)),
        body_of(*[entry()] * (MAX_ENTRIES + 1)),
    ],
)
def test_what_is_no_payload_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        parse_changes(body)


def test_a_refusal_names_the_entry_and_its_member() -> None:
    with pytest.raises(BadRequest) as caught:
        parse_changes(body_of(entry(), entry(layerId="0")))
    assert [error.pointer for error in caught.value.errors] == ["#/1/layerId"]


MEMBERS = st.sampled_from(("layerId", "serviceName", "changesUrl", "events", "changeType", "lastUpdatedTime", "name"))
EVENTS = st.lists(st.sampled_from(("FeaturesCreated", "NoContent", "AttachmentsUpdated", "Odd")), max_size=4)


@given(st.lists(st.dictionaries(MEMBERS, ANY_JSON | EVENTS | st.integers(0, 9)), max_size=4))
def test_any_entries_are_parsed_or_refused_but_nothing_else_happens(entries: list[object]) -> None:
    with suppress(BadRequest):
        changes = parse_changes(json.dumps([entry(**one) for one in entries if isinstance(one, dict)]).encode())
        assert len(changes) <= len(entries)
        assert all(change.events for change in changes)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"payload={text}".encode()))
def test_any_bytes_are_split_and_parsed_or_refused(body: bytes) -> None:
    part = split_form(body)
    assert part.content in body
    with suppress(BadRequest, NotJson):
        parse_changes(part.content)
