import json
from functools import partial
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

from hypothesis import given
from hypothesis import strategies as st

from shared.dynamics.message_secrets import HIDDEN, without_secrets
from tests.support.cases import holds_for

SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
PERCENT_ENCODED = [quote, partial(quote, safe=""), partial(quote, safe=":/?&="), quote_plus]
SPELLINGS = [str, escape, *PERCENT_ENCODED, lambda text: json.dumps(text)[1:-1], str.upper]


@given(secret=SECRETS, spelling=st.sampled_from(SPELLINGS), around=st.tuples(st.text(), st.text()))
def test_a_message_that_repeats_a_secret_is_hidden(secret: str, spelling: object, around: tuple[str, str]) -> None:
    repeated = spelling(secret) if callable(spelling) else secret
    shown = without_secrets(f"{around[0]}{repeated}{around[1]}", [secret])
    assert shown == HIDDEN or repeated.casefold() not in shown.casefold()


@holds_for("message", ["at %3A/", "at :/", "at %3a%2F", "at :%2f"])
def test_a_secret_is_found_however_much_of_it_is_percent_encoded(message: str) -> None:
    assert without_secrets(message, [":/"]) == HIDDEN


def test_a_message_that_repeats_a_part_of_a_secret_is_hidden() -> None:
    assert without_secrets("not valid: abcdefgh...", ["0123abcdefgh4567"]) == HIDDEN
    assert without_secrets("not valid: abcdefg...", ["0123abcdefgh4567"]) == "not valid: abcdefg..."


@holds_for(
    ("message", "shown"),
    [
        ("call to https://h.example/a?code=KEY&x=1 failed", "call to https://h.example/a?... failed"),
        ("<a href='http://h.example/?code=KEY'>", "<a href='http://h.example/?...'>"),
        ("with code=KEY, and CODE=KEY", "with code=... and CODE=..."),
        ("call to https://user:KEY@h.example/a failed", "call to https://...@h.example/a failed"),
        ("call to HTTP://KEY@h.example?a=KEY failed", "call to HTTP://...@h.example?... failed"),
        ("with sig=KEY, api-key=KEY and access_token=KEY", "with sig=... api-key=... and access_token=..."),
        ("Authorization: Bearer abc.def", "Authorization: ..."),
        ("token eyJhbGciOi.eyJzdWIi.c2ln was refused", "token ... was refused"),
        ("a plain sentence", "a plain sentence"),
        ("", ""),
    ],
)
def test_queries_codes_and_tokens_are_taken_out(message: str, shown: str) -> None:
    assert without_secrets(message) == shown


@given(message=st.text())
def test_any_message_can_be_read(message: str) -> None:
    assert len(without_secrets(message)) <= len(message) + 3 * len(message)
