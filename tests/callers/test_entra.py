import base64
import hashlib
import hmac
import json
import logging
import string
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from shared.callers.caller import Caller
from shared.callers.entra import EntraTokens
from shared.errors import Unauthenticated
from shared.roles.user import User
from tests.fakes.entra import CLIENT, TENANT, FakeEntra, SigningKey, unsigned
from tests.support.cases import holds_for
from tests.support.tenant import Tenant

OID = "5f0b4c8e-2d6a-4c5e-9a53-7b1c0e4d9a21"
OTHER = "11f1f3a2-6a3c-4d7e-8f0b-5d1c2e3f4a5b"
KIM = Caller(User.entra_object(OID))
ON_SHARED_FAKES = settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
JSON = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(OID)
BASE64URL = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
HEADERS = st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "zip"]), JSON | st.lists(JSON))

type Forge = Callable[[FakeEntra], str]


@pytest.fixture
def entra(tenant: Tenant) -> FakeEntra:
    return tenant.entra


@pytest.fixture
def tokens(entra: FakeEntra) -> EntraTokens:
    return EntraTokens(entra.url, TENANT, CLIENT)


def hmac_signed(data: str, secret: bytes) -> str:
    signature = hmac.digest(secret, data.encode(), hashlib.sha256)
    return f"{data}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def with_part(token: str, number: int, text: str) -> str:
    parts = token.split(".")
    parts[number] = text
    return ".".join(parts)


def promoted(entra: FakeEntra) -> str:
    """A good token whose payload was replaced by one for somebody else."""
    return with_part(entra.mint(OTHER), 1, unsigned(entra.claims(OID), {}).split(".")[1])


def of_another_key(entra: FakeEntra) -> str:
    """Signed with a key that only says it is the tenant's."""
    stranger = SigningKey(kid=entra.keys[0].kid)
    data = unsigned(entra.claims(OID), {"alg": "RS256", "kid": stranger.kid})
    return f"{data}.{base64.urlsafe_b64encode(stranger.sign(data.encode())).rstrip(b'=').decode()}"


def of_nobody(entra: FakeEntra) -> str:
    return unsigned(entra.claims(OID), {"alg": "none", "kid": entra.keys[0].kid}) + "."


def of_the_public_key(entra: FakeEntra) -> str:
    return hmac_signed(unsigned(entra.claims(OID), {"alg": "HS256", "kid": entra.keys[0].kid}), entra.keys[0].pem)


FORGED: dict[str, Forge] = {
    "expired": lambda entra: entra.mint(OID, exp=int(time.time()) - 120),
    "not yet valid": lambda entra: entra.mint(OID, nbf=int(time.time()) + 120),
    "issued tomorrow": lambda entra: entra.mint(OID, iat=int(time.time()) + 86_400),
    "no exp": lambda entra: entra.mint(OID, exp=None),
    "no nbf": lambda entra: entra.mint(OID, nbf=None),
    "no iat": lambda entra: entra.mint(OID, iat=None),
    "no oid": lambda entra: entra.mint(OID, oid=None),
    "exp a text": lambda entra: entra.mint(OID, exp="later"),
    "no audience": lambda entra: entra.mint(OID, aud=None),
    "for Graph": lambda entra: entra.mint(OID, aud="00000003-0000-0000-c000-000000000000"),
    "for us and others": lambda entra: entra.mint(OID, aud=[CLIENT, OTHER]),
    "for a longer name": lambda entra: entra.mint(OID, aud=f"{CLIENT}/"),
    "no issuer": lambda entra: entra.mint(OID, iss=None),
    "another issuer": lambda entra: entra.mint(OID, iss=f"https://login.evil.example/{TENANT}/v2.0"),
    "another tenant's issuer": lambda entra: entra.mint(OID, iss=f"{entra.url}/{OTHER}/v2.0"),
    "an issuer with a slash": lambda entra: entra.mint(OID, iss=f"{entra.url}/{TENANT}/v2.0/"),
    "another tenant": lambda entra: entra.mint(OID, tid=OTHER),
    "no tenant": lambda entra: entra.mint(OID, tid=None),
    "the other version": lambda entra: entra.mint(OID, ver="1.0"),
    "no signature": of_nobody,
    "signed with the public key": of_the_public_key,
    "signed by a stranger": of_another_key,
    "tampered": promoted,
    "unknown kid": lambda entra: entra.sign(entra.claims(OID), kid="unknown"),
    "kid a number": lambda entra: entra.sign(entra.claims(OID), kid=7),
    "kid null": lambda entra: entra.sign(entra.claims(OID), kid=None),
    "another algorithm": lambda entra: entra.sign(entra.claims(OID), alg="PS256"),
    "algorithm in small letters": lambda entra: entra.sign(entra.claims(OID), alg="rs256"),
    "critical extension": lambda entra: entra.sign(entra.claims(OID), crit=["x"], x=1),
    "claims are a list": lambda entra: entra.sign([entra.claims(OID)]),
    "long": lambda entra: entra.mint(OID, name="x" * 100_000, exp=1),
    "nested": lambda _: base64.urlsafe_b64encode(b"[" * 12_000).decode().rstrip("=") + ".e30.e30",
    "many digits": lambda _: (
        base64.urlsafe_b64encode(b'{"alg":' + b"9" * 9000 + b"}").decode().rstrip("=") + ".e30.e30"
    ),
    "no token": lambda _: "hello",
    "two parts": lambda entra: entra.mint(OID).rpartition(".")[0],
    "four parts": lambda entra: entra.mint(OID) + ".x",
    "empty parts": lambda _: "..",
    "not ASCII": lambda entra: with_part(entra.mint(OID), 2, "é"),
}


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_token_of_either_version_is_its_user(tokens: EntraTokens, entra: FakeEntra, version: str) -> None:
    assert tokens.caller(entra.mint(OID, version)) == KIM


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_an_applications_token_is_the_application_with_its_roles(
    tokens: EntraTokens, entra: FakeEntra, version: str
) -> None:
    assert tokens.caller(entra.mint_app(OID, "A", version=version)) == Caller(KIM.user, frozenset({"A"}))
    assert tokens.caller(entra.mint_app(OID, version=version)) == Caller(KIM.user, frozenset())


@pytest.mark.parametrize("audience", [CLIENT, f"api://{CLIENT}"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_either_name_of_the_app_is_an_audience(
    tokens: EntraTokens, entra: FakeEntra, version: str, audience: str
) -> None:
    assert tokens.caller(entra.mint(OID, version, aud=audience)) == KIM


@pytest.mark.parametrize("changes", [{"exp": -30}, {"nbf": 30}, {"iat": 30}])
def test_clocks_may_differ_by_a_minute(tokens: EntraTokens, entra: FakeEntra, changes: dict[str, int]) -> None:
    moved = {name: int(time.time()) + seconds for name, seconds in changes.items()}
    assert tokens.caller(entra.mint(OID, "2.0", **moved)) == KIM


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_bad_token_is_nobody_and_is_not_logged(
    tokens: EntraTokens, entra: FakeEntra, forge: Forge, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = forge(entra)
    with pytest.raises(Unauthenticated) as caught:
        tokens.caller(token)
    assert 'error="invalid_token"' in caught.value.challenge
    assert caught.value.detail == "the access token is not valid here"
    # Below INFO the connection to the keys is told of, and nothing else.
    assert {record.name for record in caplog.records} <= {"urllib3.connectionpool"}
    assert [part for part in token.split(".") if len(part) > 5 and part in caplog.text] == []


@pytest.mark.parametrize("field", ["jku", "x5u"])
def test_an_address_in_the_header_is_never_called(tokens: EntraTokens, entra: FakeEntra, field: str) -> None:
    stranger = FakeEntra()
    with stranger, pytest.raises(Unauthenticated):
        tokens.caller(stranger.sign(entra.claims(OID), **{field: f"{stranger.url}/{TENANT}/discovery/v2.0/keys"}))
    assert stranger.journal == []


def test_a_key_in_the_header_is_not_used(tokens: EntraTokens, entra: FakeEntra) -> None:
    stranger = SigningKey(kid=entra.keys[0].kid)
    data = unsigned(entra.claims(OID), {"alg": "RS256", "kid": stranger.kid, "jwk": stranger.jwk})
    with pytest.raises(Unauthenticated):
        tokens.caller(f"{data}.{base64.urlsafe_b64encode(stranger.sign(data.encode())).rstrip(b'=').decode()}")


@ON_SHARED_FAKES
# What is drawn may not depend on the token, which is another one each second.
@given(part=st.integers(0, 2), place=st.floats(0, 1, exclude_max=True), other=st.integers(1, 63))
def test_a_token_with_one_changed_character_is_nobody(
    tokens: EntraTokens, entra: FakeEntra, part: int, place: float, other: int
) -> None:
    token = entra.mint(OID)
    text = token.split(".")[part]
    # The last character of a part holds bits that mean nothing.
    at = int(place * (len(text) - 1))
    changed = BASE64URL[(BASE64URL.index(text[at]) + other) % 64]
    with pytest.raises(Unauthenticated):
        tokens.caller(with_part(token, part, text[:at] + changed + text[at + 1 :]))


@ON_SHARED_FAKES
@given(header=HEADERS, claims=st.dictionaries(st.sampled_from(["iss", "aud", "tid", "exp", "oid"]), JSON) | JSON)
@example(header={"alg": "RS256", "kid": None}, claims={})
def test_no_made_up_token_is_anybody(
    tokens: EntraTokens, header: dict[str, object], claims: dict[str, object] | object
) -> None:
    for signature in ("", "AAAA"):
        with pytest.raises(Unauthenticated):
            tokens.caller(f"{unsigned(claims, header)}.{signature}")


@ON_SHARED_FAKES
@given(name=st.sampled_from(["iss", "aud", "tid", "exp", "nbf", "iat", "oid", "ver"]), value=JSON | st.lists(JSON))
@example(name="ver", value="2.0")
def test_a_signed_token_with_any_claim_changed_is_the_same_user_or_nobody(
    tokens: EntraTokens, entra: FakeEntra, name: str, value: object
) -> None:
    # Values are also made of what stands in the source: `ver` may become what it is.
    assume(entra.claims(OID).get(name) != value)
    claims = {**entra.claims(OID), name: value}
    try:
        caller = tokens.caller(entra.sign(claims))
    except Unauthenticated:
        return
    assert name in {"exp", "nbf", "iat", "oid"}
    assert json.dumps(caller.user.id) == json.dumps(claims["oid"]).strip().lower() or name == "oid"


@holds_for(
    "forge",
    [
        lambda _: "",
        lambda _: "a.b.c",
        lambda _: "..",
        lambda _: "e30.e30.e30",
        lambda entra: entra.mint(OID).rpartition(".")[0] + ".",
        lambda entra: entra.mint(OID) + ".",
        lambda entra: entra.mint(OID) + "=",
        lambda entra: entra.mint(OID).replace(".", " .", 1),
        lambda entra: "!" + entra.mint(OID),
        lambda entra: entra.mint(OID)[:-1] + "\udc80",
        lambda entra: with_part(entra.mint(OID), 0, "eyJraWQiOiJ4In0"),
        lambda entra: entra.sign(entra.claims(OID), kid=None),
        lambda entra: entra.sign(entra.claims(OID), kid=7),
        of_nobody,
        of_the_public_key,
        lambda entra: entra.sign(entra.claims(OID), alg="RS512"),
    ],
)
def test_what_can_be_no_token_of_the_tenant_costs_no_reading_of_keys(
    tokens: EntraTokens, entra: FakeEntra, forge: Forge
) -> None:
    with pytest.raises(Unauthenticated):
        tokens.caller(forge(entra))
    assert entra.journal == []


@given(st.text() | st.from_regex(r"\A[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}\Z"))
@ON_SHARED_FAKES
def test_any_text_is_refused_without_a_reading_of_keys(tokens: EntraTokens, entra: FakeEntra, text: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens.caller(text)
    assert entra.journal == []
