"""A receiver may repeat what it was sent; nobody reads it in its answer."""

import base64
import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.policy import MAX_TEXT, judge_failure, judge_reply, loggable
from shared.delivery.redaction import MIN_CHARACTERS, Redaction
from shared.outbound.reply import DeliveryFailed, ErrorClass, Reply
from tests.delivery.test_policy import NOW
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
    return Reply(500, headers, body.encode(), duration_seconds=0.1, was_truncated=was_truncated)


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
    text = judge_reply(reply(body), NOW, Redaction(["Bearer HEADERTOKEN123"])).text
    assert "HEADER" not in text
    assert "H" not in text.removeprefix("HTTP")


@holds_for("kept", range(1, len("HEADERTOKEN123")))
def test_where_the_receivers_body_was_cut_no_part_of_a_secret_is_left(kept: int) -> None:
    cut = reply("echo: " + "HEADERTOKEN123"[:kept], was_truncated=True)
    assert judge_reply(cut, NOW, Redaction(["HEADERTOKEN123"])).text == f"HTTP 500\n\necho: {MASK}"


def test_many_secrets_at_the_end_of_a_text_leave_no_part_of_the_last_one() -> None:
    # Each mask is shorter than what it stands for, so what is behind the limit moves before it.
    secret = "S" + "e" * 500
    text = judge_reply(reply((secret + " ") * 30), NOW, Redaction([secret])).text
    assert "Se" not in text


def test_headers_of_the_answer_are_cleaned_too() -> None:
    text = judge_reply(reply("", x_echo="Bearer HEADERTOKEN123"), NOW, Redaction(["Bearer HEADERTOKEN123"])).text
    assert text == f"HTTP 500\nx_echo: {MASK}\n\n"


def test_what_is_no_answer_is_cleaned_too() -> None:
    failure = DeliveryFailed(ErrorClass.HTTP, "the answer is no HTTP: b'HEADERTOK", is_cut=True)
    assert judge_failure(failure, Redaction(["HEADERTOKEN123"])).text == f"the answer is no HTTP: b'{MASK}"


def test_a_reply_may_be_about_the_tail_of_a_secret_without_being_cut() -> None:
    assert loggable("all is well, HEAD", Redaction(["HEADERTOKEN123"])) == "all is well, HEAD"
