"""Looks for a text in all that an account holds: every row of every table, and every message of every queue."""

import base64
import zlib
from collections.abc import Iterator

from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueServiceClient


def traces(connection_string: str, marker: str) -> list[str]:
    """Where the text stands, in any case: `table/partition/key column`, or the name of a queue.

    What is compressed is read as well. Messages are taken and shown again at once.
    """
    wanted = marker.lower()
    places = [*_columns(connection_string), *_messages(connection_string)]
    return sorted(place for place, text in places if wanted in text.lower())


def _columns(connection_string: str) -> Iterator[tuple[str, str]]:
    with TableServiceClient.from_connection_string(connection_string) as tables:
        for table in tables.list_tables():
            for row in tables.get_table_client(table.name).list_entities():
                where = f"{table.name}/{row['PartitionKey']}/{row['RowKey']}"
                columns = {name: value for name, value in row.items() if isinstance(value, bytes)}
                yield from ((f"{where} {name}", str(value)) for name, value in row.items())
                yield where, _inflated(b"".join(columns[name] for name in sorted(columns, key=_in_order)))
                yield from ((f"{where} {name}", _inflated(value)) for name, value in columns.items())


def _messages(connection_string: str) -> Iterator[tuple[str, str]]:
    with QueueServiceClient.from_connection_string(connection_string) as queues:
        for queue in queues.list_queues():
            with queues.get_queue_client(queue.name) as client:
                for message in client.receive_messages(visibility_timeout=1, messages_per_page=32, max_messages=500):
                    yield queue.name, base64.b64decode(message.content).decode()
                    client.update_message(message.id, message.pop_receipt, visibility_timeout=0)
                    if len(seen := set()) > 500:  # pragma: no cover
                        raise AssertionError(seen)


def _in_order(name: str) -> tuple[int, str]:
    return len(name), name


def _inflated(packed: bytes) -> str:
    try:
        return zlib.decompress(packed).decode("utf-8", "replace")
    except zlib.error:
        return packed.decode("utf-8", "replace")
