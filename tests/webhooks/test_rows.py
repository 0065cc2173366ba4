from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from shared.webhooks.registration import OldSecret, Usage
from shared.webhooks.rows import in_parts, parse_registration, parse_usage, registration_row
from tests.webhooks.registered import registration

SIZES = st.lists(st.none() | st.integers(0, 400_000), max_size=60)


@given(SIZES)
def test_all_ids_come_once_and_in_order(sizes: list[int | None]) -> None:
    rows = [{"RowKey": f"{id_:010d}", **({} if size is None else {"Bytes": size})} for id_, size in enumerate(sizes)]
    assert [*chain.from_iterable(in_parts(rows))] == [*range(len(sizes))]


@given(SIZES)
def test_a_part_is_no_larger_than_a_few_megabytes_whatever_the_rows_are(sizes: list[int | None]) -> None:
    rows = [{"RowKey": str(id_), "Bytes": size} for id_, size in enumerate(sizes)]
    for part in in_parts(rows):
        assert len(part) == 1 or sum(sizes[id_] or 0 for id_ in part) <= 2_000_000


def test_many_small_rows_are_read_a_thousand_at_a_time() -> None:
    parts = in_parts({"RowKey": str(id_), "Bytes": 600} for id_ in range(2200))
    assert [len(part) for part in parts] == [1000, 1000, 200]


def test_rows_of_unknown_size_are_taken_for_large_ones() -> None:
    assert max(len(part) for part in in_parts({"RowKey": str(id_)} for id_ in range(100))) < 30


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
