from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import BadRequest
from shared.webhooks.webhook import NotifyVia, NotifyWhen, WebhookInput, WebhookState, parse_webhook
from tests.api.superoffice.samples import ANY_JSON, ENTITIES, FULL, MINIMAL, TEXTS, TYPES
from tests.api.superoffice.samples import stored_and_read_back as stored
from tests.support.cases import holds_for
from tests.support.superoffice import WebhookWithLinks, member_names

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
    ("Name", None, "not blank"),
    ("Name", "", "not blank"),
    ("Name", " \t", "not blank"),
    ("Name", 5, "a text"),
    ("Name", "x" * 401, "at most 400"),
    ("Name", EMOJI * 201, "at most 400 characters are taken, not 402"),
    ("Events", None, "not blank"),
    ("Events", [], "one event at least"),
    ("Events", "contact.created", "a list"),
    ("Events", {"a": 1}, "a list"),
    ("Events", ["a", 5], "a list of texts"),
    ("Events", [None], "a list of texts"),
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
    ("Events", ["x" * 251], "1 to 250"),
    ("Events", [f"{number:03}" for number in range(1001)], "at most 4000"),
    ("Events", ["a"] * 4001, "at most 4000 texts"),
    ("TargetUrl", None, "not blank"),
    ("TargetUrl", "  ", "not blank"),
    ("TargetUrl", ["https://example.com"], "a text"),
    ("TargetUrl", "https://example.com/" + "x" * 4000, "at most 4000"),
    ("Secret", 5, "a text"),
    ("Secret", "x" * 401, "at most 400"),
    ("State", "Unknown", "Active, Stopped or TooManyErrors"),
    ("State", 0, "Active"),
    ("State", 4, "Active"),
    ("State", -1, "Active"),
    ("State", True, "Active"),
    ("State", 1.0, "Active"),
    ("State", "Paused", "Active"),
    ("State", " ", "Active"),
    ("State", ["Active"], "Active"),
    ("Type", "carrier-pigeon", "cloudevents or webhook"),
    ("Type", 5, "a text"),
    ("Type", "x" * 101, "at most 100"),
    ("Headers", "X-A: 1", "an object"),
    ("Headers", [], "an object"),
    ("Headers", {"X-A": None}, "value of X-A"),
    ("Headers", {"X-A": ["1"]}, "value of X-A"),
    ("Headers", {"X-A": "x" * 30_000}, "at most 30000 characters of JSON"),
    ("Properties", "x", "an object"),
    ("Properties", [1], "an object"),
    ("Properties", {"a": "x" * 30_000}, "at most 30000 characters of JSON"),
    ("ErrorsEmail", 5, "a text"),
    ("ErrorsEmail", "x" * 240, "at most 239"),
    ("ErrorsEmail", "a@example.com\r\nBcc: b@example.com", "control characters"),
    ("ErrorEmails", "a@example.com", "a list"),
    ("ErrorEmails", ["a\nb"], "control characters"),
    ("ErrorEmails", [5], "a list of texts"),
    ("ErrorEmails", ["a", "x" * 240], "at most 239"),
    ("ErrorEmails", ["x" * 200] * 200, "at most 30000"),
    ("ErrorAssociates", {}, "a list of objects"),
    ("ErrorAssociates", [5], "a list of objects"),
    ("ErrorAssociates", [{"Name": "x" * 30_000}], "at most 30000"),
    ("Description", {}, "a text"),
    ("Description", "x" * 4001, "at most 4000"),
    ("NotifyVia", "Pigeon", "Email or InApp"),
    ("NotifyVia", 4, "Email or InApp"),
    ("NotifyVia", "Email,", "Email or InApp"),
    ("NotifyWhen", "Email", "FirstFailure or Disabling"),
    ("NotifyWhen", False, "FirstFailure or Disabling"),
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


def test_all_members_are_taken() -> None:
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
    assert refusal.value.detail.startswith(f"{name}: ")
    assert detail in refusal.value.detail


def test_all_wrong_members_are_named_at_once_in_the_order_of_the_entity() -> None:
    with pytest.raises(BadRequest) as refusal:
        parse_webhook({"description": 5, "Type": "x", "events": ["a b"]}, types=TYPES)
    pointers = [error.pointer for error in refusal.value.errors]
    assert pointers == ["#/Name", "#/Events", "#/TargetUrl", "#/Type", "#/Description"]


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
    with pytest.raises(BadRequest, match="at most 32 levels"):
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
