import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from shared.webhooks.signing import (
    InvalidSecret,
    check_secret,
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
