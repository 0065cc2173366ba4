from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.arcgis.connection_input import ConnectionInput
from shared.errors import BadRequest
from tests.dynamics.samples import ANY_JSON
from tests.support.arcgis import connection_document
from tests.support.cases import holds_for

ITEM = "08c68c3fe2c951eaa0e3d51a2bef77fd"
GIVEN = connection_document(ITEM, username="megan", userToken="t.k.n..", fallbackUsername="max", fallbackUserToken="x")


def test_the_documented_connection_is_accepted() -> None:
    parsed = ConnectionInput.parse(GIVEN)
    assert parsed.model_dump(by_alias=True, exclude={"secret", "user_token", "fallback_user_token"}) == {
        name: value for name, value in GIVEN.items() if name not in {"secret", "userToken", "fallbackUserToken"}
    }
    assert parsed.secret.get_secret_value() == GIVEN["secret"]


def test_no_secret_stands_in_the_text_of_a_connection() -> None:
    assert "quay-lamp-otter-seven" not in f"{ConnectionInput.parse(GIVEN)!r}"
    assert "t.k.n.." not in f"{ConnectionInput.parse(GIVEN)!r}"


@pytest.mark.parametrize("nothing", [None, ""])
def test_users_and_tokens_may_be_empty_or_null(nothing: str | None) -> None:
    names = ("username", "userToken", "fallbackUsername", "fallbackUserToken")
    parsed = ConnectionInput.parse({**GIVEN, **dict.fromkeys(names, nothing)})
    assert (parsed.username, parsed.user_token, parsed.fallback_username) == (None, None, None)


def test_unknown_members_are_ignored_and_change_types_count_once() -> None:
    document = {**GIVEN, "unknown": 1, "webhookChangeTypes": ["FeaturesEdited"] * 2}
    assert ConnectionInput.parse(document).webhook_change_types == ["FeaturesEdited"]


def test_an_unmanaged_connection_needs_no_change_types() -> None:
    document = connection_document(ITEM, manageWebhook=False, webhookChangeTypes=None)
    assert ConnectionInput.parse(document).webhook_change_types == []


@holds_for(
    ("name", "value"),
    [
        ("connectionName", None),
        ("connectionName", ""),
        ("connectionName", " "),
        ("connectionName", 7),
        ("connectionName", "x" * 251),
        ("connectionName", "a\nb"),
        ("itemId", None),
        ("itemId", ""),
        ("itemId", "../x"),
        ("itemId", 7),
        ("webhookType", None),
        ("webhookType", "featureservice"),
        ("webhookType", "Survey"),
        ("secret", None),
        ("secret", ""),
        ("secret", "seven77"),
        ("secret", 12345678),
        ("secret", "x" * 401),
        ("secret", "******** "),
        ("secret", "\t********"),
        ("secret", "*********"),
        ("secret", "＊＊＊＊＊＊＊＊"),  # noqa: RUF001 - what NFKC makes asterisks of
        ("enabled", None),
        ("enabled", "true"),
        ("enabled", 1),
        ("manageWebhook", None),
        ("manageWebhook", "no"),
        ("webhookChangeTypes", None),
        ("webhookChangeTypes", []),
        ("webhookChangeTypes", "FeaturesEdited"),
        ("webhookChangeTypes", ["FeaturesDeleted"]),
        ("webhookChangeTypes", ["FeaturesEdited", 1]),
        ("username", 7),
        ("username", "x" * 129),
        ("userToken", "a b"),
        ("userToken", "é"),
        ("userToken", ["x"]),
        ("fallbackUsername", {}),
    ],
)
def test_a_wrong_member_is_refused_by_its_name(name: str, value: object) -> None:
    with pytest.raises(BadRequest) as caught:
        ConnectionInput.parse({**GIVEN, name: value})
    assert [error.pointer for error in caught.value.errors] == [f"#/{name}"]
    assert caught.value.detail.startswith(f"{name} ")


def test_a_fallback_token_without_its_user_is_refused() -> None:
    with pytest.raises(BadRequest, match="fallbackUserToken must come with fallbackUsername"):
        ConnectionInput.parse({**GIVEN, "fallbackUsername": None})


def test_everything_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(BadRequest) as caught:
        ConnectionInput.parse({})
    pointers = [error.pointer.removeprefix("#/") for error in caught.value.errors]
    assert pointers == ["connectionName", "itemId", "webhookType", "secret", "enabled", "manageWebhook"]


@given(st.dictionaries(st.sampled_from(sorted(GIVEN)), ANY_JSON))
def test_any_document_is_accepted_or_refused_by_its_members(changes: dict[str, object]) -> None:
    with suppress(BadRequest):
        ConnectionInput.parse({**GIVEN, **changes})
