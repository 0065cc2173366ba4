import json
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from shared.arcgis.signature import answer_challenge, is_challenge, is_signed
from tests.arcgis.samples import BASE64, BODY, CRC_TOKEN, HEX, RESPONSE_TOKEN, SECRET
from tests.fakes.feature_service import signature as sign
from tests.support.cases import holds_for


@holds_for("value", [BASE64, HEX, HEX.upper(), quote(BASE64, safe=""), BASE64.replace("+", "%2B").replace("/", "%2F")])
@holds_for("prefix", ["sha256=", "SHA256=", " sha256="])
def test_every_spelling_of_the_documented_signature_is_accepted(prefix: str, value: str) -> None:
    assert is_signed(BODY, SECRET, prefix + value)


def test_the_prefix_may_be_percent_encoded_too() -> None:
    assert is_signed(BODY, SECRET, quote(f"sha256={BASE64}", safe=""))


def test_a_plus_sign_is_not_a_space() -> None:
    assert "+" in BASE64
    assert not is_signed(BODY, SECRET, f"sha256={BASE64.replace('+', ' ')}")


@holds_for(
    "signature",
    [
        None,
        "",
        "sha256=",
        BASE64,
        HEX,
        f"sha1={BASE64}",
        f"sha256={BASE64[:-4]}",
        f"sha256={HEX[:-2]}",
        f"sha256={HEX}00",
        f"sha256={BASE64},sha256={BASE64}",
        "sha256=" + "A" * 100_000,
        "sha256=\u00e9",
    ],
)
def test_what_is_no_signature_is_none(signature: str | None) -> None:
    assert not is_signed(BODY, SECRET, signature)


@given(st.binary(max_size=300), st.text(min_size=1), st.integers(0, 10**6))
def test_a_signature_made_is_a_signature_accepted_and_one_changed_byte_is_not(
    body: bytes, secret: str, place: int
) -> None:
    secret = secret.encode("utf-8", "replace").decode()
    signature = sign(body, secret)
    assert is_signed(body, secret, signature)
    changed = bytearray(body + b"\0")
    changed[place % len(changed)] ^= 1
    assert not is_signed(bytes(changed), secret, signature)


@given(st.text(), st.binary(max_size=50))
def test_any_text_is_a_signature_or_none(signature: str, body: bytes) -> None:
    assert not is_signed(body, SECRET, signature)


def test_the_documented_challenge_is_answered() -> None:
    assert is_challenge(CRC_TOKEN)
    assert answer_challenge(CRC_TOKEN, SECRET) == RESPONSE_TOKEN


@holds_for("token", ["", "a" * 257, "[1]", '{"a":1}', "a b", "a%b", "a&b", "é", "a\n", "12,13"])
def test_what_could_be_a_body_is_no_challenge(token: str) -> None:
    assert not is_challenge(token)


@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.integers(), max_size=3), max_size=3)
    | st.dictionaries(st.text(max_size=5), st.integers(), max_size=3)
)
def test_no_payload_can_be_signed_as_a_challenge(payload: object) -> None:
    assert not is_challenge(json.dumps(payload, separators=(",", ":")))
