import base64
import json
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from shared.webhooks.signing import (
    InvalidSecret,
    check_secret,
    is_private_key,
    private_bytes,
    public_key_of,
    secret_bytes,
    standard_webhooks_headers,
    superoffice_signature,
)
from tests.support.cases import holds_for

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

keys = st.binary(min_size=1, max_size=64)
bodies = st.dictionaries(st.text(max_size=5), st.integers(), max_size=3).map(lambda value: json.dumps(value).encode())


def now() -> int:
    return int(datetime.now(UTC).timestamp())


def encoded(key: bytes) -> str:
    return f"whsec_{base64.b64encode(key).decode()}"


def test_the_vector_of_superoffice() -> None:
    assert superoffice_signature("sécret", b'{"a":1}') == "KfGSXX2jgQaXTyih2yhw/T6Lolvkz4H3NmfMra66Jig="


def test_the_vector_of_standard_webhooks() -> None:
    assert standard_webhooks_headers(ID, 1614265330, BODY, [SECRET]) == {
        "webhook-id": ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_the_mac_is_the_one_of_githubs_vector() -> None:
    signature = superoffice_signature("It's a Secret to Everybody", b"Hello, World!")
    expected = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert base64.b64decode(signature).hex() == expected


def test_superoffice_takes_the_text_of_an_encoded_secret_as_it_is() -> None:
    assert superoffice_signature(SECRET, b"") != superoffice_signature(SECRET.removeprefix("whsec_"), b"")


def test_a_secret_without_the_prefix_is_its_own_key() -> None:
    plain = standard_webhooks_headers(ID, 1, BODY, ["sécret"])
    assert plain == standard_webhooks_headers(ID, 1, BODY, [encoded("sécret".encode())])


def test_a_secret_that_only_looks_like_base64_is_not_decoded() -> None:
    bare = SECRET.removeprefix("whsec_")
    assert standard_webhooks_headers(ID, 1614265330, BODY, [bare])["webhook-signature"] != SIGNATURE


def test_padding_may_be_missing() -> None:
    padded = standard_webhooks_headers(ID, 1, BODY, ["whsec_c2VjcmV0cw=="])
    assert padded == standard_webhooks_headers(ID, 1, BODY, ["whsec_c2VjcmV0cw"])


def test_there_is_a_signature_for_each_secret_in_their_order() -> None:
    both = standard_webhooks_headers(ID, 1614265330, BODY, ["old", SECRET])["webhook-signature"]
    alone = standard_webhooks_headers(ID, 1614265330, BODY, ["old"])["webhook-signature"]
    assert both == f"{alone} {SIGNATURE}"


@given(keys, bodies)
def test_the_reference_library_accepts_what_we_sign(key: bytes, body: bytes) -> None:
    headers = standard_webhooks_headers(ID, now(), body, [encoded(key)])
    assert Webhook(encoded(key)).verify(body, headers) == json.loads(body)


@given(keys, keys, bodies)
def test_during_a_rotation_it_accepts_with_either_secret(new: bytes, old: bytes, body: bytes) -> None:
    headers = standard_webhooks_headers(ID, now(), body, [encoded(new), encoded(old)])
    assert Webhook(encoded(new)).verify(body, headers) == Webhook(encoded(old)).verify(body, headers)


@given(st.text(min_size=1).filter(lambda secret: not secret.startswith("whsec_")), bodies)
def test_a_plain_secret_is_given_to_the_library_encoded(secret: str, body: bytes) -> None:
    headers = standard_webhooks_headers(ID, now(), body, [secret])
    Webhook(encoded(secret.encode())).verify(body, headers)


@given(keys, bodies, st.data())
def test_one_changed_byte_is_not_accepted(key: bytes, body: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(body) - 1))
    changed = bytes([*body[:place], body[place] ^ data.draw(st.integers(1, 127)), *body[place + 1 :]])
    headers = standard_webhooks_headers(ID, now(), body, [encoded(key)])
    with pytest.raises(WebhookVerificationError):
        Webhook(encoded(key)).verify(changed, headers)
    assert superoffice_signature("secret", changed) != superoffice_signature("secret", body)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_the_library_needs_each_header(name: str) -> None:
    headers = standard_webhooks_headers(ID, now(), BODY, [SECRET])
    del headers[name]
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY, headers)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_the_timestamp_of_another_time_is_not_accepted(seconds: int) -> None:
    headers = standard_webhooks_headers(ID, now() + seconds, BODY, [SECRET])
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY, headers)


def test_a_receiver_finds_our_signature_among_others() -> None:
    headers = standard_webhooks_headers(ID, now(), BODY, [SECRET])
    ours = headers["webhook-signature"]
    headers["webhook-signature"] = f"v1,d3Jvbmc= v2,{ours[3:]} {ours} v1,d3Jvbmc="
    Webhook(SECRET).verify(BODY, headers)


@holds_for("secret", ["whsec_", "whsec_=", "whsec_====", "whsec_a", "whsec_é", "whsec_a b", "whsec_-_-_", ""])
def test_a_secret_that_cannot_sign_is_refused(secret: str) -> None:
    with pytest.raises(InvalidSecret):
        check_secret(secret)


def test_a_refusal_does_not_repeat_the_secret() -> None:
    with pytest.raises(InvalidSecret) as refusal:
        check_secret("whsec_hunter2!")
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("secret", ["x", "sécret", SECRET, "WHSEC_-", "whsec_c2VjcmV0cw", " "])
def test_other_secrets_are_taken(secret: str) -> None:
    check_secret(secret)


def test_a_secret_that_is_no_text_is_refused() -> None:
    with pytest.raises(InvalidSecret):
        check_secret("\ud800")


@pytest.mark.parametrize(
    ("secret", "reason"),
    [("", "empty"), ("\ud800", "surrogate"), ("whsec_é", "is not base64"), ("whsec_", "nothing follows whsec_")],
)
def test_a_refusal_says_why(secret: str, reason: str) -> None:
    with pytest.raises(InvalidSecret, match=reason):
        check_secret(secret)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5])
def test_padding_may_be_missing_whatever_the_length(length: int) -> None:
    key = bytes(range(1, length + 1))
    assert secret_bytes(encoded(key).rstrip("=")) == key


# The key pair, and the signature by it, that the reference implementations have in their tests.
PAIR = "6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
PRIVATE = f"whsk_{PAIR}"
PUBLIC = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
SEED = base64.b64decode(PAIR)[:32]
ASYMMETRIC = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="


def private(key: bytes) -> str:
    return f"whsk_{base64.b64encode(key).decode()}"


def verify_with_public_key(public: str, headers: dict[str, str], body: bytes) -> None:
    """Verify as a receiver with nothing but the public key does; raises InvalidSignature.

    The Python library of Standard Webhooks (1.1.0) knows no `v1a`, so `cryptography` verifies.
    """
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    [signature] = [one[4:] for one in headers["webhook-signature"].split(" ") if one.startswith("v1a,")]
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    key.verify(base64.b64decode(signature), signed)


@pytest.mark.parametrize("secret", [PRIVATE, PRIVATE.rstrip("="), private(SEED), private(SEED).rstrip("=")])
def test_the_vector_of_a_private_key_with_and_without_its_public_half(secret: str) -> None:
    check_secret(secret)
    assert standard_webhooks_headers(ID, 1614265330, BODY, [secret])["webhook-signature"] == ASYMMETRIC
    assert (is_private_key(secret), public_key_of(secret), private_bytes(secret)) == (True, PUBLIC, SEED)


@given(st.binary(min_size=32, max_size=32), bodies)
def test_whoever_has_the_public_key_verifies_what_the_private_one_signed(seed: bytes, body: bytes) -> None:
    headers = standard_webhooks_headers(ID, now(), body, [private(seed)])
    verify_with_public_key(public_key_of(private(seed)) or "", headers, body)
    with pytest.raises(InvalidSignature):
        verify_with_public_key(public_key_of(private(seed)) or "", headers, body + b" ")


@pytest.mark.parametrize("secrets", [[PRIVATE, SECRET], [SECRET, PRIVATE]])
def test_during_a_rotation_between_the_kinds_receivers_verify_with_either(secrets: list[str]) -> None:
    headers = standard_webhooks_headers(ID, now(), BODY, secrets)
    verify_with_public_key(PUBLIC, headers, BODY)
    Webhook(SECRET).verify(BODY, headers)
    kinds = [one.partition(",")[0] for one in headers["webhook-signature"].split(" ")]
    assert kinds == ["v1a" if secret is PRIVATE else "v1" for secret in secrets]


NO_KEYS = {
    "whsk_": "nothing follows whsk_",
    "whsk_!": "is not base64",
    "whsk_a": "is not base64",
    private(SEED[:31]): "not a key of 32 bytes",
    private(SEED + b"x"): "not a key of 32 bytes",
    private(SEED + bytes(32)): "is not its public key",
    private(SEED * 2): "is not its public key",
    private(SEED * 3): "not a key of 32 bytes",
}


@holds_for("secret", NO_KEYS)
def test_a_private_key_that_is_none_is_refused_with_the_reason_and_not_repeated(secret: str) -> None:
    with pytest.raises(InvalidSecret, match=NO_KEYS[secret]) as refusal:
        check_secret(secret)
    assert len(secret) < 10 or secret.removeprefix("whsk_") not in str(refusal.value)


@holds_for("secret", NO_KEYS)
def test_one_that_an_earlier_version_saved_goes_on_signing_as_the_text_that_it_was_taken_for(secret: str) -> None:
    headers = standard_webhooks_headers(ID, now(), BODY, [secret])
    Webhook(encoded(secret.encode())).verify(BODY, headers)
    assert (is_private_key(secret), public_key_of(secret)) == (False, None)


@pytest.mark.parametrize("secret", ["x", SECRET, "", "WHSK_" + PAIR, PUBLIC])
def test_no_other_secret_is_a_private_key(secret: str) -> None:
    assert (is_private_key(secret), public_key_of(secret), public_key_of(None)) == (False, None, None)
    with pytest.raises(InvalidSecret, match="does not begin with whsk_"):
        private_bytes(secret)


def test_a_private_key_is_read_as_cryptography_writes_it() -> None:
    key = Ed25519PrivateKey.generate()
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    assert public_key_of(private(key.private_bytes_raw())) == f"whpk_{public}"
