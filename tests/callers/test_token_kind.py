import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.callers.api_keys import new_key
from shared.callers.token_kind import is_api_key, is_jwt, is_meant_as_jwt


@given(st.lists(st.binary(min_size=1), min_size=3, max_size=3))
def test_three_parts_of_base64url_are_a_jwt(parts: list[bytes]) -> None:
    token = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    assert is_jwt(token)
    assert not is_jwt(token + "=")
    assert not is_jwt(token.replace(".", "..", 1))


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.", ".a.b", "a..b", "a.b.c.d", "a.b.c\n", "a b.c.d", "ä.b.c"])
def test_any_other_text_is_no_jwt(token: str) -> None:
    assert not is_jwt(token)


def test_an_api_key_is_known_by_its_beginning_and_is_no_jwt() -> None:
    for token in (new_key(), "hub_", "hub_unknown"):
        assert (is_api_key(token), is_jwt(token)) == (True, False)
    assert not is_api_key("HUB_x")


def test_a_malformed_jwt_is_meant_as_one_but_is_none() -> None:
    # The second is a JWT without a signature, the third has the alphabet of plain base64.
    for token in ("a..c", "eyJhbGciOiJub25lIn0.e30.", "a+/=.b.c", "ä.b.c"):
        assert (is_meant_as_jwt(token), is_jwt(token)) == (True, False)
    for token in ("", "a", "a.b", "a.b.c.d", new_key()):
        assert not is_meant_as_jwt(token)
