"""Partitions, and ranges of rows that are removed in transactions."""

import pytest

from shared.errors import StorageDown
from shared.hub.hub import Hub
from shared.keeping.old_rows import OldRows
from shared.storage.query import Query
from tests.keeping.kept import DAY, NOW, keep
from tests.support.delivering import delivering_hub
from tests.support.stepping import InterruptedTransport
from tests.support.transport import Fault, JournalTransport

WANTED = Query().where("PartitionKey eq", "a")


def rows(partition: str, number: int) -> list[dict[str, object]]:
    return [{"PartitionKey": partition, "RowKey": f"{key:04}", "Text": "x"} for key in range(number)]


def test_partitions_cost_one_transaction_each_however_full_they_are(hub: Hub, transport: JournalTransport) -> None:
    keep(hub, "things", [*rows("a", 120), *rows("b", 1), *rows("c", 3)])
    transport.forget()
    assert list(OldRows(hub.storage.table("things")).partitions()) == ["a", "b", "c"]
    assert transport.summary == ["GET things"] * 4


def test_a_table_that_is_not_there_has_no_partitions_and_no_rows(hub: Hub) -> None:
    old = OldRows(hub.storage.table("things"))
    assert (list(old.partitions()), old.days(NOW), list(old.remove(WANTED))) == ([], [], [])


def test_days_come_oldest_first_and_without_what_is_younger(hub: Hub) -> None:
    days = ["79739384", "79739385", "79739386", "79739387"]
    keep(hub, "things", [row for day in days for row in rows(day, 1)])
    old = OldRows(hub.storage.table("things"))
    assert old.days(NOW) == ["79739387", "79739386", "79739385", "79739384"]
    assert old.days(NOW - 2 * DAY) == ["79739387", "79739386"]
    assert old.days(NOW, since=NOW - DAY) == ["79739385", "79739384"]


def test_rows_go_a_hundred_at_a_time(hub: Hub, transport: JournalTransport) -> None:
    keep(hub, "things", [*rows("a", 250), *rows("b", 1)])
    transport.forget()
    removed = list(OldRows(hub.storage.table("things")).remove(WANTED, select=["Text"]))
    assert [len(part) for part in removed] == [100, 100, 50]
    assert removed[0][0]["Text"] == "x"
    assert transport.summary == ["GET things", *["POST $batch"] * 3]
    assert [row["PartitionKey"] for row in hub.storage.table("things").query(Query())] == ["b"]


def test_what_another_run_removes_meanwhile_is_no_obstacle_and_not_counted(connection_string: str) -> None:
    transport = InterruptedTransport()
    hub, other = delivering_hub(connection_string, transport), delivering_hub(connection_string)
    keep(other, "things", rows("a", 30))

    def remove_some() -> None:
        for key in (0, 7, 29):
            other.storage.table("things").delete("a", f"{key:04}")

    transport.interrupt(lambda method, url: method == "POST" and "$batch" in url, remove_some)
    assert [len(part) for part in OldRows(hub.storage.table("things")).remove(WANTED)] == [27]
    assert list(other.storage.table("things").query(WANTED)) == []


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", range(1, 5))
def test_what_an_outage_left_is_removed_the_next_time(
    hub: Hub, transport: JournalTransport, fault: Fault, number: int
) -> None:
    keep(hub, "things", rows("a", 250))
    old = OldRows(hub.storage.table("things"))
    transport.forget()
    transport.fail(number, fault)
    with pytest.raises(StorageDown):
        list(old.remove(WANTED))
    transport.forget()
    list(old.remove(WANTED))
    assert list(hub.storage.table("things").query(WANTED)) == []
