import pytest
from hypothesis import given
from hypothesis.strategies import from_regex, text
from pydantic import TypeAdapter

from shared.telemetry.traceparent import StoredTraceparent, Traceparent, known_traceparent, parse_traceparent
from tests.support.invoking import TRACE, TRACEPARENT

SPAN = "b7ad6b7169203331"


@given(from_regex(r"\A00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]\Z"))
def test_what_is_parsed_is_printed_as_it_was(header: str) -> None:
    assert str(parse_traceparent(header)) == header


@given(text())
def test_any_text_is_parsed_or_ignored(header: str) -> None:
    found = parse_traceparent(header)
    assert found is None or parse_traceparent(str(found)) == found


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        TRACE,
        TRACEPARENT.upper(),
        f" {TRACEPARENT}",
        f"{TRACEPARENT}-more",
        f"{TRACEPARENT}\n",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"ff-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01more",
        f"{TRACEPARENT},{TRACEPARENT}",
        f"cc-{TRACE}-{SPAN}-01-{'x' * 1000}",
    ],
)
def test_what_the_standard_has_a_receiver_ignore_is_ignored(header: str | None) -> None:
    assert parse_traceparent(header) is None


@pytest.mark.parametrize("header", [f"cc-{TRACE}-{SPAN}-01", f"01-{TRACE}-{SPAN}-01-what-comes-later"])
def test_of_a_later_version_the_known_members_count(header: str) -> None:
    assert parse_traceparent(header) == Traceparent(TRACE, SPAN, "01")


def test_of_the_flags_only_the_known_one_is_passed_on() -> None:
    assert [known_traceparent(f"00-{TRACE}-{SPAN}-{flags}") for flags in ("ff", "02", "01")] == [
        f"00-{TRACE}-{SPAN}-{flags}" for flags in ("01", "00", "01")
    ]


@pytest.mark.parametrize("stored", [None, "", 7, b"00", ["00"], {"a": 1}, f"{TRACEPARENT}\n", "x" * 100_000])
def test_what_is_stored_and_malformed_is_no_trace_and_raises_nothing(stored: object) -> None:
    assert known_traceparent(stored) is None
    assert TypeAdapter(StoredTraceparent, config={"strict": True}).validate_python(stored) is None


def test_what_is_stored_and_well_formed_stays() -> None:
    assert known_traceparent(TRACEPARENT) == TypeAdapter(StoredTraceparent).validate_python(TRACEPARENT) == TRACEPARENT
