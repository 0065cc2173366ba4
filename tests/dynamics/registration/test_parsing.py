import pytest

from shared.dynamics.registration.bodies import NewStep, NewWebhook, WebhookChange, change_errors, step_errors
from shared.dynamics.registration.ensure_bodies import Wanted
from shared.dynamics.registration.parsing import parse_body, parse_id
from shared.errors import BadRequest, FieldError, NotFound
from tests.dynamics.registration.samples import KEY, RECEIVER, new_step, new_webhook

GUID = "CC03D281-C95C-E911-A979-000D3A1CC8FE"


def errors(document: dict[str, object]) -> list[FieldError]:
    with pytest.raises(BadRequest) as caught:
        parse_body(NewWebhook, document)
    return list(caught.value.errors)


@pytest.mark.parametrize(
    ("change", "pointer", "detail"),
    [
        ({"name": 7}, "#/name", "name must be a string"),
        ({"name": " "}, "#/name", "name must not be blank"),
        ({"name": "n" * 257}, "#/name", "name must be at most 256 characters (got 257)"),
        ({"url": "https://hub.example:7071"}, "#/url", "url must have the port 80 or 443: Dataverse calls no others"),
        ({"more": 1}, "#/more", "more is not a known member"),
        (
            {"authentication": {}},
            "#/authentication",
            "authentication has no type: it must be WebhookKey, HttpHeader or HttpQueryString",
        ),
        (
            {"authentication": {"type": "SASKey"}},
            "#/authentication",
            "authentication has an unknown type: it must be WebhookKey, HttpHeader or HttpQueryString",
        ),
        ({"authentication": {"type": "WebhookKey"}}, "#/authentication/key", "key is required"),
        ({"authentication": {"type": "HttpHeader", "values": {"a/b": 1}}}, "#/authentication/values/a~1b", None),
        ({"steps": [new_step(mode="later")]}, "#/steps/0/mode", "mode must be 'async' or 'sync'"),
        ({"steps": [new_step(rank=0)]}, "#/steps/0/rank", "rank must be at least 1"),
    ],
)
def test_a_member_at_fault_is_named_in_a_sentence(change: dict[str, object], pointer: str, detail: str | None) -> None:
    [error] = errors(new_webhook(**change))
    assert error.pointer == pointer
    assert error.detail == (detail or "a/b must be a string")


def test_what_the_model_accepts_is_checked_further() -> None:
    with pytest.raises(BadRequest) as caught:
        parse_body(NewStep, new_step(mode="sync", asyncAutoDelete=True), step_errors)
    assert caught.value.detail == "asyncAutoDelete must be false for a sync step, which has no jobs"
    with pytest.raises(BadRequest) as caught:
        parse_body(WebhookChange, {"name": None}, change_errors)
    assert caught.value.detail == "name must not be null"


def test_a_body_is_what_its_document_says() -> None:
    wanted = parse_body(Wanted, {"key": KEY, "url": RECEIVER})
    assert (wanted.key.get_secret_value(), wanted.url, wanted.name, wanted.mode) == (KEY, RECEIVER, None, "async")


def test_an_id_is_a_guid_in_any_case() -> None:
    assert parse_id(GUID) == GUID.lower()


@pytest.mark.parametrize("text", ["", "x", f"{{{GUID}}}", GUID[:-1], "00000000-0000-0000-0000-000000000000"])
def test_nothing_has_another_id(text: str) -> None:
    with pytest.raises(NotFound):
        parse_id(text)
