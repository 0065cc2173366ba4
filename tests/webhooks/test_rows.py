from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.webhooks.registration import OldSecret, Usage
from shared.webhooks.rows import parse_registration, parse_usage, registration_row
from tests.webhooks.registered import registration


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=2000), st.integers(0, 40))
def test_a_registration_comes_out_of_its_row_as_it_went_in(description: str, thousands: int) -> None:
    until = datetime(2026, 3, 14, tzinfo=UTC) + timedelta(microseconds=1)
    stored = replace(
        registration(7, "a.b", Description=description or "-", Headers={"X-Tenant": "t"}),
        sealed_secret="sealed",
        sealed_values="v" * (thousands * 1000) or None,
        old_secrets=(OldSecret("older", until),),
        per_minute=60,
        tested="print",
        revision=3,
    )
    row = registration_row(stored)
    assert parse_registration(row, "etag") == replace(stored, etag="etag")
    # What a property holds, and storage knows no null.
    assert all(value is not None and (not isinstance(value, str) or len(value) <= 16_000) for value in row.values())


def test_a_webhook_that_was_never_called_has_no_usage() -> None:
    assert parse_usage(None) == parse_usage({}) == Usage()
