"""A receiver may repeat what it was sent; nobody reads it in its answer."""

import base64
import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.attempt import MAX_TEXT, judge_failure, judge_reply, loggable
from shared.delivery.redaction import MIN_CHARACTERS, Redaction
from shared.outbound.reply import ErrorClass, Reply, RequestFailed
from tests.delivery.test_attempt import NOW
from tests.support.cases import holds_for

MASK = "********"
TOKEN = 'tok/en+"1é= %&<'
SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=MIN_CHARACTERS, max_size=40)
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON with umlauts": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    "JSON with escaped slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "a path": quote,
    "a query": lambda text: quote(text, safe=""),
    "a form": quote_plus,
    "a query in lower case": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
    "HTML": html.escape,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "Python": lambda text: repr(text)[1:-1],
}


def reply(body: str, *, was_truncated: bool = False, **headers: str) -> Reply:
    return Reply(500, headers, body.encode(), was_truncated=was_truncated)


@holds_for("form", FORMS)
@holds_for("secret", [TOKEN, "hunter2", "https://x.example/?a=b&c"])
def test_a_secret_is_cut_in_whatever_form_it_comes_back(form: str, secret: str) -> None:
    written = FORMS[form](secret)
    assert written.rstrip("=") not in Redaction([secret]).redact(f"before {written} after")
    text = Redaction([secret]).redact(f"before {written} after")
    assert (text.startswith(f"before {MASK}"), text.endswith(" after")) == (True, True)


@given(secret=SECRETS, before=st.text(), after=st.text())
def test_no_text_holds_a_secret_when_it_was_cut(secret: str, before: str, after: str) -> None:
    text = Redaction([secret]).redact(before + secret + after)
    assert secret in MASK or secret not in text


@given(secret=st.text("XYZ", min_size=MIN_CHARACTERS), text=st.text(st.characters(exclude_categories=["Cs", "Nd"])))
def test_a_text_that_shares_no_part_with_a_secret_stays_as_it_is(secret: str, text: str) -> None:
    text = text.translate(str.maketrans("XYZ", "xyz"))
    assert Redaction([f"{secret} {secret}"]).redact(text) == text
    assert Redaction([]).redact(text, is_cut=True) == text


@holds_for(
    ("secret", "repeated"),
    [
        ("Bearer HEADERTOKEN123", "HEADERTOKEN123"),
        ("Bearer HEADERTOKEN123", "bearer HEADERTOKEN123"),
        ("Basic " + base64.b64encode(b"megan:pass-word").decode(), "pass-word"),
        ("Basic " + base64.b64encode(b"megan:pass-word").decode(), "megan:pass-word"),
        ("session=abcdefgh12345; path=/", "abcdefgh12345"),
        ('Digest username="m", response="6629fae49393a05397450978507c4ef1"', "6629fae49393a05397450978507c4ef1"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("whsec_" + base64.b64encode(b"a key of text and so readable").decode(), "a key of text and so readable"),
        # How docs/delivery.md tells receivers to give a library a secret that is a text.
        ("correct horse battery", base64.b64encode(b"correct horse battery").decode()),
    ],
)
def test_parts_that_are_secrets_by_themselves_are_cut(secret: str, repeated: str) -> None:
    text = Redaction([secret]).redact(f"wrong: {repeated}!")
    assert repeated.removeprefix("bearer ") not in text
    assert text.endswith("!")


@pytest.mark.parametrize("secret", ["a", "HTTP", "short", "Bearer abc"])
def test_short_secrets_and_words_do_not_make_holes(secret: str) -> None:
    text = "HTTP 500\ncontent-type: text/plain\n\na short story, Bearer of bad news"
    assert Redaction([secret]).redact(text) == text


def test_the_longest_goes_first() -> None:
    assert Redaction(["secret", "secret-and-more"]).redact("is secret-and-more") == f"is {MASK}"


@holds_for("before", range(MAX_TEXT - 40, MAX_TEXT + 3))
def test_where_a_text_is_cut_no_part_of_a_secret_is_left(before: int) -> None:
    body = "x" * (before - len("HTTP 500\n\n")) + "HEADERTOKEN123" + "y" * 100
    text = judge_reply(reply(body), NOW, NOW, Redaction(["Bearer HEADERTOKEN123"])).text
    assert "HEADER" not in text
    assert "H" not in text.removeprefix("HTTP")


@holds_for("kept", range(1, len("HEADERTOKEN123")))
def test_where_the_receivers_body_was_cut_no_part_of_a_secret_is_left(kept: int) -> None:
    cut = reply("echo: " + "HEADERTOKEN123"[:kept], was_truncated=True)
    assert judge_reply(cut, NOW, NOW, Redaction(["HEADERTOKEN123"])).text == f"HTTP 500\n\necho: {MASK}"


def test_many_secrets_at_the_end_of_a_text_leave_no_part_of_the_last_one() -> None:
    # Each mask is shorter than what it stands for, so what is behind the limit moves before it.
    secret = "S" + "e" * 500
    text = judge_reply(reply((secret + " ") * 30), NOW, NOW, Redaction([secret])).text
    assert "Se" not in text


def test_headers_of_the_answer_are_cleaned_too() -> None:
    text = judge_reply(reply("", x_echo="Bearer HEADERTOKEN123"), NOW, NOW, Redaction(["Bearer HEADERTOKEN123"])).text
    assert text == f"HTTP 500\nx_echo: {MASK}\n\n"


def test_what_is_no_answer_is_cleaned_too() -> None:
    failure = RequestFailed(ErrorClass.HTTP, "the answer is not HTTP: b'HEADERTOK", is_cut=True)
    assert judge_failure(failure, NOW, NOW, Redaction(["HEADERTOKEN123"])).text == f"the answer is not HTTP: b'{MASK}"


def test_a_reply_may_be_about_the_tail_of_a_secret_without_being_cut() -> None:
    assert loggable("all is well, HEAD", Redaction(["HEADERTOKEN123"])) == "all is well, HEAD"


def test_a_text_without_a_secret_is_kept_as_far_as_texts_are() -> None:
    assert loggable("x" * (MAX_TEXT + 1000), Redaction(["HEADERTOKEN123"])) == "x" * MAX_TEXT


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("HEADERTOKEN123", "HEAD", MASK),
        ("HEADERTOKEN123", "echo: Hi HEAD", f"echo: Hi {MASK}"),
        ("HEADERTOKEN123", "HHEAD", f"H{MASK}"),
        ("HEADERTOKEN123", "echo: HHEAD", f"echo: H{MASK}"),
        ("HEADHEADTOKEN", "echo: HEADHEAD", f"echo: {MASK}"),
        ("HEADHEADTOKEN", "echo: H HEADHEAD", f"echo: H {MASK}"),
    ],
)
def test_the_longest_beginning_of_a_secret_is_cut_from_the_end_of_a_cut_text(
    secret: str, text: str, shown: str
) -> None:
    assert loggable(text, Redaction([secret]), is_cut=True) == shown


def test_a_password_with_a_colon_is_cut_as_a_whole() -> None:
    credentials = base64.b64encode(b"megan:one:two-three").decode()
    assert Redaction([f"Basic {credentials}"]).redact("no one:two-three here") == f"no {MASK} here"


def test_a_token_that_is_no_base64_encodes_nothing() -> None:
    assert Redaction(["Bearer Zm9v!YmFyYmF6"]).redact("foobarbaz") == "foobarbaz"


MORE_FORMS: dict[str, Callable[[str], str]] = {
    **FORMS,
    "HTML with quotes": lambda text: html.escape(text, quote=False),
    "HTML with numbers": lambda text: html.escape(text).replace("&#x27;", "&#39;"),
    "bytes in Python": lambda text: repr(text.encode())[2:-1],
    "a header of a CloudEvent": lambda text: quote(text, safe="!#$&'()*+,-./:;<=>?@[\\]^_`{|}~"),
}


@pytest.mark.parametrize("form", MORE_FORMS)
@pytest.mark.parametrize("secret", ["it's\\<é>\"&/(%x)", "tokenW"])
def test_nothing_is_left_of_a_secret_and_nothing_beside_it_goes(form: str, secret: str) -> None:
    text = Redaction([secret]).redact(f"before {MORE_FORMS[form](secret)} after")
    assert text.replace("=", "") == f"before {MASK} after"


def test_half_a_character_in_a_secret_is_written_as_a_question_mark_and_cut() -> None:
    redaction = Redaction(["token\ud800token"])
    assert redaction.redact("token%3Ftoken") == MASK
    assert redaction.redact(base64.b64encode(b"token?token").decode()).rstrip("=") == MASK


def test_a_secret_that_cannot_sign_is_cut_like_any_other() -> None:
    assert Redaction(["whsec_!no-base64"]).redact("is whsec_!no-base64") == f"is {MASK}"


def test_a_part_of_eight_characters_is_a_secret_and_a_shorter_one_is_a_word() -> None:
    redaction = Redaction(["session=abcdefgh; kind=sevenof"])
    assert redaction.redact("abcdefgh and sevenof") == f"{MASK} and sevenof"


def test_a_text_counts_as_whole_unless_it_is_said_to_be_cut() -> None:
    assert Redaction(["HEADERTOKEN123"]).redact("all is well, HEAD") == "all is well, HEAD"


KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(200, 232)))
SEED, PUBLIC_HALF = KEY.private_bytes_raw(), KEY.public_key().public_bytes_raw()
DER = KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
PRIVATE_FORMS: dict[str, str] = {
    "base64 of the seed": base64.b64encode(SEED).decode(),
    "base64 of both halves": base64.b64encode(SEED + PUBLIC_HALF).decode(),
    "a JSON web key": base64.urlsafe_b64encode(SEED).decode().rstrip("="),
    "both halves for addresses": base64.urlsafe_b64encode(SEED + PUBLIC_HALF).decode().rstrip("="),
    "PEM": base64.b64encode(DER).decode(),
    "hex": SEED.hex(),
    "HEX": SEED.hex().upper(),
    "hex of both halves": (SEED + PUBLIC_HALF).hex(),
    "letters": SEED.decode("latin-1"),
    "Python": repr(SEED)[2:-1],
    "a query": quote(base64.b64encode(SEED).decode(), safe=""),
}


@holds_for("form", PRIVATE_FORMS)
@holds_for("key", [SEED, SEED + PUBLIC_HALF])
@holds_for("prefix", ["", "whsk_"])
def test_a_private_key_is_cut_in_whatever_form_it_comes_back(form: str, key: bytes, prefix: str) -> None:
    secret = f"whsk_{base64.b64encode(key).decode()}"
    text = Redaction([secret]).redact(f"before {prefix}{PRIVATE_FORMS[form]} after")
    left = text.removeprefix(f"before {prefix}").removeprefix("before ").removesuffix(" after").rstrip("=")
    assert (left, PRIVATE_FORMS[form].rstrip("=") in text) == (MASK, False)


def test_a_public_key_is_no_secret() -> None:
    text = f"verified with whpk_{base64.b64encode(PUBLIC_HALF).decode()}"
    assert Redaction([f"whsk_{base64.b64encode(SEED).decode()}"]).redact(text) == text


def test_a_private_key_that_is_none_is_cut_like_any_other() -> None:
    assert Redaction(["whsk_!no-base64"]).redact("is whsk_!no-base64") == f"is {MASK}"
