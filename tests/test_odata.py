from urllib.parse import parse_qs, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from shared.odata import query_string, text_literal

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def test_a_query_is_written_as_odata_wants_it() -> None:
    options = {"$select": "name,url", "$filter": f"name eq {text_literal("O'Hara & co")}"}
    assert query_string(options) == "?$select=name,url&$filter=name%20eq%20'O''Hara%20%26%20co'"


@given(text=TEXTS)
def test_a_text_can_never_leave_its_quotes(text: str) -> None:
    literal = text_literal(text)
    assert literal[1:-1].replace("''", "").count("'") == 0
    assert literal[1:-1].replace("''", "'") == text


@given(one=TEXTS, other=TEXTS)
def test_every_option_arrives_as_it_was_meant(one: str, other: str) -> None:
    parts = urlsplit("https://x.example/rows" + query_string({"$filter": one, "$expand": other}))
    assert parts.fragment == ""
    assert parse_qs(parts.query, keep_blank_values=True) == {"$filter": [one], "$expand": [other]}
