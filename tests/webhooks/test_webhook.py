from collections.abc import Callable
from contextlib import suppress
from enum import IntFlag
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import BadRequest
from shared.webhooks.webhook import (
    NotifyVia,
    NotifyWhen,
    WebhookInput,
    WebhookState,
    flag_names,
    parse_flags,
    parse_state,
    parse_webhook,
)
from tests.api.superoffice.samples import ANY_JSON, ENTITIES, FULL, MINIMAL, TEXTS, TYPES
from tests.api.superoffice.samples import stored_and_read_back as stored
from tests.support.cases import holds_for
from tests.support.superoffice import Channel, Occasion, State, WebhookWithLinks, member_names

EMOJI = "\N{GRINNING FACE}"
SERVER_SET = {
    "WebhookId": "x",
    "Registered": 5,
    "RegisteredAssociate": [],
    "Updated": {},
    "UpdatedAssociate": "x",
    "TotalCalls": -1,
    "TotalErrors": "many",
    "ConsecutiveErrors": None,
    "LastError": 5,
    "_Links": 7,
}
WRONG = [
    ("Name", None, "is required"),
    ("Name", "", "is required"),
    ("Name", " \t", "must not be blank"),
    ("Name", 5, "must be a string"),
    ("Name", "x" * 401, "at most 400"),
    ("Name", EMOJI * 201, "must be at most 400 characters (got 402)"),
    ("Events", None, "is required"),
    ("Events", [], "at least one event"),
    ("Events", "contact.created", "must be an array of strings"),
    ("Events", {"a": 1}, "must be an array of strings"),
    ("Events", ["a", 5], "must be an array of strings"),
    ("Events", [None], "must be an array of strings"),
    ("Events", ["a,b"], "letters, digits"),
    ("Events", ["a", "b c"], "name 2"),
    ("Events", [""], "letters, digits"),
    ("Events", ["*"], "letters, digits"),
    ("Events", ["contact.*"], "letters, digits"),
    ("Events", ["kontakt.geändert"], "letters, digits"),
    ("Events", ["\u212aelvin"], "letters, digits"),
    ("Events", ["a", "b\nc"], "name 2"),
    ("Events", ["c.d\n"], "name 1"),
    ("Events", ["a", " c.d"], "name 2"),
    ("Events", ["c.d\u00a0"], "name 1"),
    ("Events", ["x" * 251], "names of 1 to 250"),
    ("Events", [f"{number:03}" for number in range(1001)], "at most 4000"),
    ("Events", ["a"] * 4001, "must be at most 4000 items (got 4001)"),
    ("TargetUrl", None, "is required"),
    ("TargetUrl", "  ", "must not be blank"),
    ("TargetUrl", ["https://example.com"], "must be a string"),
    ("TargetUrl", "https://example.com/" + "x" * 4000, "at most 4000"),
    ("Secret", 5, "must be a string"),
    ("Secret", "x" * 401, "at most 400"),
    ("State", "Unknown", "must be Active, Stopped or TooManyErrors"),
    ("State", 0, "must be Active"),
    ("State", 4, "must be Active"),
    ("State", -1, "must be Active"),
    ("State", True, "must be Active"),
    ("State", 1.0, "must be Active"),
    ("State", "Paused", "must be Active"),
    ("State", " ", "must be Active"),
    ("State", ["Active"], "must be Active"),
    ("Type", "carrier-pigeon", "must be cloudevents or webhook"),
    ("Type", 5, "must be a string"),
    ("Type", "x" * 101, "at most 100"),
    ("Headers", "X-A: 1", "must be an object"),
    ("Headers", [], "must be an object"),
    ("Headers", {"X-A": None}, "value of X-A"),
    ("Headers", {"X-A": ["1"]}, "value of X-A"),
    ("Headers", {"X-A": "x" * 30_000}, "at most 30000 characters of JSON"),
    ("Properties", "x", "must be an object"),
    ("Properties", [1], "must be an object"),
    ("Properties", {"a": "x" * 30_000}, "at most 30000 characters of JSON"),
    ("ErrorsEmail", 5, "must be a string"),
    ("ErrorsEmail", "x" * 240, "at most 239"),
    ("ErrorsEmail", "a@example.com\r\nBcc: b@example.com", "must not contain control characters"),
    ("ErrorEmails", "a@example.com", "must be an array of strings"),
    ("ErrorEmails", ["a\nb"], "must not contain control characters"),
    ("ErrorEmails", [5], "must be an array of strings"),
    ("ErrorEmails", ["a", "x" * 240], "at most 239"),
    ("ErrorEmails", ["x" * 200] * 200, "at most 30000"),
    ("ErrorAssociates", {}, "must be an array of objects"),
    ("ErrorAssociates", [5], "must be an array of objects"),
    ("ErrorAssociates", [{"Name": "x" * 30_000}], "at most 30000"),
    ("Description", {}, "must be a string"),
    ("Description", "x" * 4001, "at most 4000"),
    ("NotifyVia", "Pigeon", "must be None, Email or InApp, or both"),
    ("NotifyVia", 4, "must be None, Email or InApp, or both"),
    ("NotifyVia", "Email,", "must be None, Email or InApp, or both"),
    ("NotifyWhen", "Email", "must be None, FirstFailure or Disabling, or both"),
    ("NotifyWhen", False, "must be None, FirstFailure or Disabling, or both"),
]


def parsed(**changes: object) -> WebhookInput:
    return parse_webhook({**MINIMAL, **changes}, types=TYPES)


def deep(levels: int) -> dict[str, object]:
    value: dict[str, object] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def test_only_name_target_and_events_are_needed() -> None:
    webhook = parse_webhook(MINIMAL, types=TYPES)
    assert webhook == WebhookInput(
        name="Mine", events=("connection.created",), target_url="https://example.com/hook", state=WebhookState.ACTIVE
    )
    assert (webhook.type, webhook.secret, webhook.headers, webhook.error_emails) == ("webhook", None, None, ())


def test_all_members_are_accepted() -> None:
    webhook = parse_webhook(FULL, types=TYPES)
    given = webhook.model_dump(mode="json", by_alias=True)
    assert given == {**FULL, "NotifyVia": 2, "NotifyWhen": 2, "SealedHeaders": None}


@pytest.mark.parametrize("respell", [str.lower, str.upper, str.swapcase])
def test_members_are_known_in_any_case(respell: Callable[[str], str]) -> None:
    document = {respell(name): value for name, value in FULL.items()}
    assert parse_webhook(document, types=TYPES) == parse_webhook(FULL, types=TYPES)


def test_what_the_server_sets_and_what_is_unknown_is_ignored() -> None:
    assert parsed(**SERVER_SET, Nonsense=[1]) == parsed()


def test_no_member_of_the_vendor_is_forgotten() -> None:
    taken = {field.alias for field in WebhookInput.model_fields.values()}
    assert taken | set(SERVER_SET) == {*member_names(WebhookWithLinks), "SealedHeaders"}


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_an_empty_text_are_the_default(nothing: str | None) -> None:
    assert parsed(**dict.fromkeys(FULL.keys() - MINIMAL.keys(), nothing)) == parsed()


@holds_for(("name", "value", "detail"), WRONG)
def test_a_wrong_member_is_named_with_what_is_needed(name: str, value: object, detail: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        parsed(**{name: value})
    assert [error.pointer for error in refusal.value.errors] == [f"#/{name}"]
    assert refusal.value.detail.startswith(f"{name} ")
    assert detail in refusal.value.detail


def test_all_wrong_members_are_named_at_once_in_the_order_of_the_entity() -> None:
    with pytest.raises(BadRequest) as refusal:
        parse_webhook({"description": 5, "Type": "x", "events": ["a b"]}, types=TYPES)
    pointers = [error.pointer for error in refusal.value.errors]
    assert pointers == ["#/Name", "#/Events", "#/TargetUrl", "#/Type", "#/Description"]


def test_a_member_with_several_wrong_items_is_one_error() -> None:
    with pytest.raises(BadRequest) as refusal:
        parsed(ErrorEmails=["a\nb", "x" * 240])
    assert [error.pointer for error in refusal.value.errors] == ["#/ErrorEmails"]


def test_a_refusal_never_holds_a_value() -> None:
    with pytest.raises(BadRequest) as refusal:
        parsed(Secret="hush" * 101, Headers={"Authorization": ["hush"]})
    assert "hush" not in refusal.value.detail


@holds_for(
    ("name", "value"),
    [
        ("Name", "x" * 400),
        ("Name", EMOJI * 200),
        ("Secret", "x" * 400),
        ("TargetUrl", "x" * 4000),
        ("Events", ["x" * 250]),
        ("Events", [f"{number:03}" + "x" * 246 for number in range(16)]),
        ("Events", ["A.b", "a.B"] * 1000),
        ("ErrorsEmail", "x" * 239),
        ("Description", "x" * 4000),
        ("Properties", {"a": "x" * (30_000 - len('{"a": ""}'))}),
        ("Properties", deep(32)),
    ],
)
def test_a_limit_itself_is_within_the_limit(name: str, value: object) -> None:
    assert stored(parsed(**{name: value})) == parsed(**{name: value})


@pytest.mark.parametrize("levels", [33, 100, 10_000])
def test_deep_properties_are_refused(levels: int) -> None:
    with pytest.raises(BadRequest, match="Properties must have at most 32 levels of nesting"):
        parsed(Properties=deep(levels))


def test_events_are_lower_case_and_each_once_in_order() -> None:
    assert parsed(Events=["Sale.Created", "a", "sale.created", "A"]).events == ("sale.created", "a")


def test_white_space_around_addresses_and_type_is_dropped() -> None:
    webhook = parsed(TargetUrl=" https://a.example\n", Type=" WebHook ", ErrorEmails=[" a@b.c ", " "])
    assert (webhook.target_url, webhook.type, webhook.error_emails) == ("https://a.example", "webhook", ("a@b.c",))


def test_numbers_and_booleans_in_headers_become_texts() -> None:
    assert parsed(Headers={"A": 7, "B": True, "C": 2.5}).headers == {"A": "7", "B": "true", "C": "2.5"}


@pytest.mark.parametrize(("value", "state"), [("ACTIVE", "Active"), (2, "Stopped"), ("3", "TooManyErrors")])
def test_a_state_is_a_name_in_any_case_or_a_number(value: object, state: str) -> None:
    assert parsed(State=value).state == state


def test_flags_are_names_numbers_or_both_joined_by_commas() -> None:
    webhook = parsed(NotifyVia="inapp, EMAIL", NotifyWhen=3)
    assert webhook.notify_via == NotifyVia.EMAIL | NotifyVia.IN_APP
    assert webhook.notify_when == NotifyWhen.FIRST_FAILURE | NotifyWhen.DISABLING


def test_a_stored_webhook_is_read_back_whatever_its_type() -> None:
    webhook = parse_webhook({**FULL, "Type": "cloudevents"}, types={"cloudevents"})
    assert stored(webhook) == webhook


@given(ENTITIES | st.dictionaries(TEXTS, ANY_JSON))
def test_any_document_is_a_webhook_or_refused_but_nothing_else_happens(document: dict[str, object]) -> None:
    with suppress(BadRequest):
        webhook = parse_webhook({**MINIMAL, **document}, types=TYPES)
        assert stored(webhook) == webhook


def test_the_states_are_the_vendors_in_the_vendors_order() -> None:
    assert get_args(State) == (*WebhookState,)


@pytest.mark.parametrize(("flags", "names"), [(NotifyVia, get_args(Channel)), (NotifyWhen, get_args(Occasion))])
def test_the_flags_are_the_vendors(flags: type[IntFlag], names: tuple[str, ...]) -> None:
    assert tuple(flag_names(flags(number)) for number in range(3)) == names
    assert [parse_flags(flags, name) for name in names] == [0, 1, 2]


@given(st.sampled_from([NotifyVia, NotifyWhen]), st.integers(0, 3))
def test_flags_are_read_as_they_are_written(flags: type[IntFlag], number: int) -> None:
    assert parse_flags(flags, flag_names(flags(number))) == parse_flags(flags, number) == flags(number)


@given(ANY_JSON)
def test_any_value_is_a_state_or_refused(value: object) -> None:
    with suppress(ValueError):
        assert parse_state(value) in WebhookState
