from hypothesis import given
from hypothesis import strategies as st

from shared.api.superoffice.content import wish_for
from tests.support.cases import holds_for


@holds_for(
    ("accept", "quality"),
    [
        ("text/xml", 1.0),
        ("TEXT/XML", 1.0),
        ("text/*;q=0.5", 0.5),
        ("*/* ; Q = 0.25", 0.25),
        ("text/xml;charset=utf-8;q=0.3", 0.3),
        ("*/*, text/*;q=0.5, text/xml;q=0.1", 0.1),
        ("text/xml;q=0, */*", 0.0),
        ("application/xml", 0.0),
        ("text/xml;q=2", 1.0),
        ("text/xml;q=0.0001", 1.0),
        ("text/xml;q=x", 1.0),
        (",,;q=1,text/xml;q=0.7,", 0.7),
        ("", 0.0),
        ("xml", 0.0),
    ],
)
def test_the_most_exact_range_gives_the_quality(accept: str, quality: float) -> None:
    assert wish_for("text/xml", accept).quality == quality


def test_of_equals_the_more_exact_then_the_earlier_goes_first() -> None:
    accept = "a/b, */*, c/d"
    assert wish_for("a/b", accept) > wish_for("c/d", accept) > wish_for("e/f", accept)


@given(
    st.text() | st.lists(st.sampled_from(["text", "/", "xml", "*", ";", "q", "=", "0", ".5", ",", " "])).map("".join)
)
def test_any_header_gives_a_quality(accept: str) -> None:
    assert 0.0 <= wish_for("text/xml", accept).quality <= 1.0
