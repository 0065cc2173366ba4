import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.callers.authorization import CHALLENGE, Credential, parse_authorization
from shared.errors import Unauthenticated
from tests.support.cases import holds_for

SECRETS = st.text(st.characters(codec="ascii", categories=["L", "N"], include_characters="-_.~+/="), min_size=1)


def basic(user: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()


@given(SECRETS, st.sampled_from(["Bearer", "bearer", "BEARER"]), st.sampled_from([" ", "  ", "   "]))
def test_a_bearer_is_its_secret(secret: str, scheme: str, space: str) -> None:
    assert parse_authorization(f"{scheme}{space}{secret} ") == Credential(secret)


@given(st.text().filter(lambda user: ":" not in user), st.text(min_size=1))
def test_basic_is_user_and_secret(user: str, secret: str) -> None:
    assert parse_authorization(basic(user, secret)) == Credential(secret, user)


def test_the_first_colon_ends_the_user() -> None:
    assert parse_authorization(basic("kim", "a:b")) == Credential("a:b", "kim")


@holds_for(
    "header",
    [
        None,
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Basic",
        "Basic ",
        "Digest username=kim",
        "hub_abc",
        "Bearer a, Bearer b",
        "Bearer a,",
        "Basic !!!",
        "Basic a2lt",
        "Basic a2ltOg==",
        "Basic /w==",
        "Bearer\ta",
        "Bearer " + "a" * 20_001,
    ],
)
def test_anything_else_is_nobody_and_is_told_how_to_say_who_she_is(header: str | None) -> None:
    with pytest.raises(Unauthenticated) as caught:
        parse_authorization(header)
    assert caught.value.challenge == CHALLENGE


@given(st.text() | st.builds(lambda scheme, rest: f"{scheme} {rest}", st.sampled_from(["Basic", "Bearer"]), st.text()))
@example("Basic " + "é")
def test_any_header_is_a_credential_or_nobody(header: str) -> None:
    try:
        credential = parse_authorization(header)
    except Unauthenticated:
        return
    assert credential.secret


@given(st.binary())
def test_any_base64_is_a_credential_or_nobody(content: bytes) -> None:
    try:
        credential = parse_authorization("Basic " + base64.b64encode(content).decode())
    except Unauthenticated:
        return
    assert f"{credential.user}:{credential.secret}".encode() == content


@pytest.mark.parametrize("header", ["Bearer s3cret, x", "Digest s3cret", "Basic s3cret:s3cret"])
def test_a_refusal_repeats_nothing_of_the_header(header: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        parse_authorization(header)
    assert "s3cret" not in f"{caught.value!r}{caught.value.challenge}{caught.value.__cause__!r}"


def test_a_credential_shows_nothing_of_itself() -> None:
    assert "s3cret" not in f"{Credential('s3cret', 's3cret')!r} {Credential('s3cret')}"
