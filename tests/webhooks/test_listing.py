from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.hub.hub import Hub
from shared.webhooks.listing import WebhookFilter, batch_get, in_parts
from shared.webhooks.registration import Author, Registration
from shared.webhooks.webhook import WEBHOOK_TYPES, parse_webhook
from tests.support.transport import JournalTransport

type Row = dict[str, int]

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SIZES = st.lists(st.none() | st.integers(0, 400_000), max_size=60)


class Rows:
    """A table that counts how often it is asked."""

    def __init__(self, ids: set[int]) -> None:
        self._ids = ids
        self.asked = 0

    def one(self, id_: int) -> Row | None:
        self.asked += 1
        return {"Id": id_} if id_ in self._ids else None

    def between(self, first: int, last: int) -> Iterator[Row]:
        self.asked += 1
        return ({"Id": id_} for id_ in sorted(self._ids) if first <= id_ <= last)


def read(rows: Rows, ids: list[int]) -> list[int]:
    return [row["Id"] for row in batch_get(ids, rows.one, rows.between, "Id")]


@given(stored=st.sets(st.integers(1, 300)), wanted=st.sets(st.integers(1, 300) | st.integers(1, 10**9), max_size=30))
def test_what_is_stored_of_the_wanted_ids_is_read_in_order(stored: set[int], wanted: set[int]) -> None:
    assert read(Rows(stored), sorted(wanted)) == sorted(stored & wanted)


@pytest.mark.parametrize(
    ("ids", "asked"), [([], 0), ([7], 1), ([1, 2, 3], 1), ([1, 21], 1), ([1, 22], 2), ([1, 9, 1000, 2000, 2020], 3)]
)
def test_ids_that_lie_close_together_are_asked_for_at_once(ids: list[int], asked: int) -> None:
    rows = Rows(set(ids))
    assert (read(rows, ids), rows.asked) == (ids, asked)


def registered(hub: Hub, id_: int, *, name: str = "n", event: str = "a.changed", state: str = "Active") -> None:
    document = {"Name": name, "Events": [event], "TargetUrl": "https://receiver.example/", "State": state}
    author = Author("kim@hub.example")
    webhook = parse_webhook(document, types=WEBHOOK_TYPES)
    hub.receivers.webhooks.create(Registration(id_, webhook, None, NOW, NOW, author, author))


def test_a_listing_costs_transactions_by_the_page_whatever_it_filters_by(hub: Hub, transport: JournalTransport) -> None:
    for id_ in range(1, 31):
        kept = {"name": "Kept", "state": "Stopped"} if id_ % 3 == 0 else {}
        registered(hub, id_, event="a.changed" if id_ % 2 else "b.changed", **kept)

    def listed(wanted: WebhookFilter) -> tuple[list[int], list[str]]:
        transport.forget()
        return [one.id for one, _ in hub.receivers.webhooks.list(wanted)], transport.summary

    webhooks, usage = "GET webhooks", "GET usage"
    # The keys and sizes first, so that a part of the rows is no larger than what may be held.
    assert listed(WebhookFilter()) == (list(range(1, 31)), [webhooks, webhooks, usage])
    assert listed(WebhookFilter(name="KEPT")) == (list(range(3, 31, 3)), [webhooks, webhooks, usage])
    ids, calls = listed(WebhookFilter(event="A.changed", name="kept"))
    assert (ids, calls) == ([3, 9, 15, 21, 27], ["GET subscriptions", webhooks, webhooks, usage])


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
