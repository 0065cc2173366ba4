from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from shared.webhooks.rows import in_parts

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
