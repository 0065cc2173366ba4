"""What Dataverse is given; what clients may send stands in test_bodies.py, what a receiver gets in test_calls.py."""

import pytest
from pydantic import SecretStr

from shared.dynamics.registration.authentication import (
    AUTHENTICATION_TYPES,
    HttpHeader,
    HttpQueryString,
    WebhookKey,
    settings_xml,
)
from tests.dynamics.registration.samples import KEY


def test_a_key_is_given_bare() -> None:
    key = WebhookKey(type="WebhookKey", key=SecretStr(KEY))
    assert (key.authtype, key.authvalue, key.secrets) == (4, KEY, (KEY,))


@pytest.mark.parametrize(("kind", "authtype"), [(HttpHeader, 5), (HttpQueryString, 6)])
def test_names_and_values_are_given_as_xml_and_only_the_values_are_secrets(
    kind: type[HttpHeader] | type[HttpQueryString], authtype: int
) -> None:
    body = kind.model_validate({"type": kind.__name__, "values": {"x-a": "s3cret", "x-b": "other"}})
    assert body.authtype == authtype
    assert body.authvalue == (
        '<settings><setting name="x-a" value="s3cret"/><setting name="x-b" value="other"/></settings>'
    )
    assert body.secrets == ("s3cret", "other")
    assert "s3cret" not in repr(body)


def test_xml_is_escaped() -> None:
    assert settings_xml({'a"<': SecretStr('&">')}) == (
        '<settings><setting name="a&quot;&lt;" value="&amp;&quot;&gt;"/></settings>'
    )


@pytest.mark.parametrize(("value", "is_ascii"), [("plain", True), ("\u00e9", False)])
def test_a_query_that_is_not_ascii_is_known(value: str, *, is_ascii: bool) -> None:
    assert HttpQueryString.model_validate({"type": "HttpQueryString", "values": {"a": value}}).is_ascii is is_ascii


def test_the_types_are_those_that_clients_name() -> None:
    assert AUTHENTICATION_TYPES == {4: "WebhookKey", 5: "HttpHeader", 6: "HttpQueryString"}
