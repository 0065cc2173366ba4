"""What each operation reads and stores, and which filters, ids and documents it accepts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.api.superoffice.operations import WebhookOperations, parse_filter, parse_state_filter, parse_test
from shared.errors import BadRequest, NotFound
from shared.webhooks.listing import WebhookFilter
from shared.webhooks.webhook import WebhookState
from tests.api.superoffice.calling import Client, content, refusal
from tests.fakes.receiver import Receiver
from tests.support.delivering import register
from tests.support.transport import JournalTransport
from tests.support.usage import count_call

STATES = {"Unknown": None, "Active": "Active", "Stopped": "Stopped", "TooManyErrors": "TooManyErrors"}


@pytest.mark.parametrize(("number", "name"), [*enumerate(STATES)])
def test_a_state_is_filtered_by_its_name_in_any_case_or_its_number(number: int, name: str) -> None:
    expected = STATES[name] and WebhookState(str(STATES[name]))
    for state in (name, name.upper(), f" {name} ", number, str(number)):
        assert parse_state_filter(state) is expected


@pytest.mark.parametrize("state", [None, "", " "])
def test_no_state_is_no_filter(state: object) -> None:
    assert parse_state_filter(state) is None


@pytest.mark.parametrize("state", ["active?", 4, -1, True, 1.0, [], {}])
def test_any_other_state_is_refused_by_its_name(state: object) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_state_filter(state)
    assert caught.value.detail == "StatusFilter must be Unknown, Active, Stopped or TooManyErrors"
    assert caught.value.errors[0].pointer == "#/StatusFilter"


def test_empty_filters_let_everything_pass() -> None:
    assert parse_filter("", "", "") == parse_filter(None, None, None) == WebhookFilter(None, None, None)


@pytest.mark.parametrize(
    ("name", "event", "details"),
    [
        ("x" * 401, None, ["NameFilter must be at most 400 characters (got 401)"]),
        ("x" * 399 + "\N{GRINNING FACE}", None, ["NameFilter must be at most 400 characters (got 401)"]),
        ("a\0b", None, ["NameFilter must not contain control characters"]),
        (
            "\0",
            "e" * 251,
            [
                "NameFilter must not contain control characters",
                "EventFilter must be at most 250 characters (got 251)",
            ],
        ),
    ],
)
def test_every_wrong_filter_is_refused_by_its_name(name: str, event: str | None, details: list[str]) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_filter(name, event, None)
    assert [error.detail for error in caught.value.errors] == details


def test_a_webhook_to_be_tested_needs_only_a_target() -> None:
    webhook = parse_test({"targeturl": "https://x.example/", "NAME": None, "events": []})
    assert (webhook.name, webhook.events, webhook.target_url) == ("test", ("test",), "https://x.example/")
    assert parse_test({"TargetUrl": "https://x.example/", "name": "Mine"}).name == "Mine"


@given(st.text() | st.integers().map(str))
def test_an_id_is_that_of_a_webhook_or_is_not_found(id_text: str) -> None:
    class Nothing:
        def get(self, webhook_id: int) -> None:
            assert 0 <= webhook_id < 2**31

    operations = WebhookOperations(Nothing(), None, None)  # type: ignore[arg-type] # what `find` needs
    with pytest.raises(NotFound, match=r"^Webhook id "):
        operations.find(id_text)


def fail_once(client: Client, webhook_id: int) -> None:
    """Count an attempt that failed."""
    count_call(client.hub, webhook_id, "HTTP 503")


def test_a_patch_reads_the_usage_once_and_answers_with_it(
    client: Client, receiver: Receiver, transport: JournalTransport
) -> None:
    registration = register(client.hub, receiver.url)
    fail_once(client, registration.id)
    transport.forget()
    merged = content(client.rest("PATCH", f"{registration.id}", {"Description": "other"}))
    assert [call for call in transport.summary if "usage" in call] == ["GET usage"]
    patched = content(client.rest("PATCH", f"{registration.id}", [{"op": "test", "path": "/totalErrors", "value": 1}]))
    for entity in (merged, patched):
        assert (entity["TotalCalls"], entity["ConsecutiveErrors"], entity["LastError"]) == (1, 1, "HTTP 503")
    assert patched == content(client.rest("GET", f"{registration.id}"))


def test_a_patch_that_starts_a_webhook_answers_with_its_errors_reset(client: Client, receiver: Receiver) -> None:
    registration = register(client.hub, receiver.url, State="Stopped")
    fail_once(client, registration.id)
    started = content(client.rest("PATCH", f"{registration.id}", {"State": "Active"}))
    assert (started["State"], started["TotalErrors"], started["ConsecutiveErrors"]) == ("Active", 1, 0)
    assert started == content(client.rest("GET", f"{registration.id}"))


@pytest.mark.parametrize("method", ["PUT", "PATCH", "POST"])
def test_a_change_needs_a_body(client: Client, receiver: Receiver, method: str) -> None:
    registration = register(client.hub, receiver.url)
    path = "" if method == "POST" else f"{registration.id}"
    status, message = refusal(client.rest(method, path))
    assert (status, message.startswith("the body ")) == (400, True)
