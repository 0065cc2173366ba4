"""Reading within a budget: every row once, whatever a call may cost and wherever storage ends a page."""

from collections.abc import Iterator

import pytest

from shared.hub.hub import Hub
from shared.settings import Settings
from shared.storage.paging import BEGINNING, Place, Position
from shared.storage.query import Query
from shared.storage.scan import Scan, WorkBudget
from shared.storage.tables import Table
from tests.roles.graph_directory import TestClock
from tests.support.early_ends import EarlyEndTransport
from tests.support.transport import JournalTransport

ROWS = [(partition, f"{number}") for partition in ("a", "b") for number in range(4)]
ALL = Query().where("PartitionKey ge", "a")


@pytest.fixture
def transport() -> Iterator[EarlyEndTransport]:
    with EarlyEndTransport() as made:
        yield made


@pytest.fixture
def table(connection_string: str, transport: EarlyEndTransport) -> Table:
    hub = Hub.assemble(Settings.read({"AzureWebJobsStorage": connection_string}), transport=transport)
    made = hub.storage.table("things")
    for partition, key in ROWS:
        made.put({"PartitionKey": partition, "RowKey": key, "State": "last" if (partition, key) == ROWS[-1] else "x"})
    transport.forget()
    return made


def scan(
    table: Table, place: Place = BEGINNING, budget: WorkBudget | None = None, state: str | None = None
) -> Scan[str]:
    wanted = ALL.where("State eq", state).beyond(place.after)
    return Scan(table, [(place, wanted)], lambda row: row["RowKey"], budget=budget, page_size=3)


def keys(found: Scan[str]) -> list[tuple[str, str]]:
    return [(position.partition, key) for position, key in found]


def test_without_a_budget_all_rows_are_read(table: Table) -> None:
    found = scan(table)
    assert (keys(found), found.is_complete) == (ROWS, True)


def test_the_place_is_behind_the_row_that_was_handed_out_last(table: Table) -> None:
    for number, row in enumerate(ROWS):
        found = scan(table)
        for position, _ in found:
            if (position.partition, position.key) == row:
                break
        assert found.place == Place(Position(*row))
        assert keys(scan(table, found.place)) == ROWS[number + 1 :]


@pytest.mark.parametrize("transactions", [1, 2, 3, 4])
def test_a_call_makes_as_many_transactions_as_it_may_and_the_next_one_goes_on(
    table: Table, transport: JournalTransport, transactions: int
) -> None:
    found, place, is_complete = [], BEGINNING, False
    while not is_complete:
        transport.forget()
        part = scan(table, place, WorkBudget(transactions=transactions))
        found += keys(part)
        assert 1 <= len(transport.calls) <= transactions
        place, is_complete = part.place, part.is_complete
    assert found == ROWS


def test_a_call_comes_further_even_where_storage_finds_no_row(table: Table, transport: EarlyEndTransport) -> None:
    transport.early_ends = 2
    places: list[Place] = []
    found: list[tuple[str, str]] = []
    while not places or places[-1].continuation:
        part = scan(table, places[-1] if places else BEGINNING, WorkBudget(transactions=1), "last")
        found += keys(part)
        places.append(part.place)
    assert (found, len(places), len(set(places))) == ([ROWS[-1]], 3, 3)


def test_storages_own_continuation_goes_on_in_the_query_of_the_place_before(
    table: Table, transport: EarlyEndTransport
) -> None:
    transport.early_ends = 1
    behind = Place(Position("a", "1"))
    part = scan(table, behind, WorkBudget(transactions=1), "last")
    assert (keys(part), part.is_complete, part.place.after) == ([], False, behind.after)
    assert keys(scan(table, part.place, None, "last")) == [ROWS[-1]]
    [_, went_on] = transport.calls
    assert went_on.query["NextPartitionKey"] == [part.place.continuation and part.place.continuation[0]]


def test_after_its_time_a_call_reads_nothing_more(table: Table, transport: JournalTransport) -> None:
    clock = TestClock()
    found, rows = scan(table, budget=WorkBudget(seconds=10, clock=clock)), []
    for position, _ in found:
        clock.seconds = 10
        rows.append((position.partition, position.key))
    # What was read already is handed out.
    assert (rows, found.is_complete, len(transport.calls)) == (ROWS[:3], False, 1)
    assert keys(scan(table, found.place)) == ROWS[3:]


def test_queries_follow_one_after_the_other_each_from_its_place(table: Table) -> None:
    parts = [Query().where("PartitionKey eq", partition) for partition in ("b", "a")]
    second = Place(Position("a", ""))

    def both(place: Place, budget: WorkBudget | None) -> Scan[str]:
        queries = [(place, parts[0].beyond(place.after)), (second, parts[1])]
        if place.after and place.after.partition == "a":
            queries = [(place, parts[1].beyond(place.after))]
        return Scan(table, queries, lambda row: row["RowKey"], budget=budget, page_size=4)

    assert keys(both(BEGINNING, None)) == [*ROWS[4:], *ROWS[:4]]
    first = both(BEGINNING, WorkBudget(transactions=1))
    assert (keys(first), first.place, first.is_complete) == (ROWS[4:], second, False)
    assert keys(both(first.place, None)) == ROWS[:4]


def test_a_table_that_is_not_there_holds_nothing(hub: Hub) -> None:
    found = scan(hub.storage.table("nothing"))
    assert (keys(found), found.is_complete) == ([], True)
