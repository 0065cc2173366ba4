"""Requests are counted by what Azurite's access log says (bench/storage_log.py)."""

from pathlib import Path

from azure.data.tables import TableClient
from azure.storage.queue import QueueClient

from bench.storage_log import StorageLog, parse
from devhost.azurite import azurite

BEGINNING = '127.0.0.1 - - [30/Nov/2026:13:10:05 +0000] "'
LINES = "\n".join(
    [
        "Azurite Queue service is successfully listening at http://127.0.0.1:31001",
        f'{BEGINNING}POST /account/deliveries HTTP/1.1" 201 -',
        f'{BEGINNING}POST /account/deliveries HTTP/1.1" 409 -',
        f"{BEGINNING}PATCH /account/usage(PartitionKey='a',RowKey='w-1') HTTP/1.1\" 204 -",
        f'{BEGINNING}GET /account/deliveries/messages?numofmessages=32 HTTP/1.1" 200 -',
        f'{BEGINNING}DELETE /account/deliveries/messages/6f1a?popreceipt=x HTTP/1.1" 204 -',
        f'{BEGINNING}DELETE /account/deliveries/messages/77b2?popreceipt=y HTTP/1.1" 204 -',
    ]
)


def test_requests_are_counted_by_kind_without_keys() -> None:
    assert parse(LINES).kinds == {
        "POST /deliveries": 2,
        "PATCH /usage(...)": 1,
        "GET /deliveries/messages": 1,
        "DELETE /deliveries/messages/...": 2,
    }


def test_fetches_and_what_was_created_are_told_apart() -> None:
    found = parse(LINES)
    assert (found.total, found.fetches, found.created["POST /deliveries"]) == (6, 1, 1)


def test_a_share_is_a_number_an_event() -> None:
    assert parse(LINES).shares(4, most=1) == "POST /deliveries 0.50, fetches from queues 0.25"


def test_azurite_is_asked_what_its_log_says_from_the_beginning_on(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    with azurite(access_log=path) as storage:
        log = StorageLog(path)
        table = TableClient.from_connection_string(storage.connection_string, "things")
        table.create_table()
        log.settled()
        log.begin()
        queue = QueueClient.from_connection_string(storage.connection_string, "things")
        queue.create_queue()
        queue.receive_message()
        # Not the poll: those that come last are left out, unless their line was there at the first look.
        table.create_entity({"PartitionKey": "a", "RowKey": "b"})
        assert log.settled().kinds == {"POST /things": 1, "PUT /things": 1, "GET /things/messages": 1}
