"""Looks for a text in all that an account holds: every row of every table, and every message that can be seen."""

import base64
import lzma
import zlib
from collections.abc import Iterator
from contextlib import suppress

from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueServiceClient

_HIDDEN_SECONDS = 60


def traces(connection_string: str, marker: str) -> set[str]:
    """Where the text stands, in any case: names of tables and queues. What is compressed is read as well."""
    wanted = marker.lower()
    found = [*_texts_of_tables(connection_string), *_texts_of_queues(connection_string)]
    return {place for place, text in found if wanted in text.lower()}


def _texts_of_tables(connection_string: str) -> Iterator[tuple[str, str]]:
    with TableServiceClient.from_connection_string(connection_string) as tables:
        for table in tables.list_tables():
            for row in tables.get_table_client(table.name).list_entities():
                packed = {name: value for name, value in row.items() if isinstance(value, bytes)}
                yield from ((table.name, str(value)) for value in row.values())
                yield from ((table.name, _inflated(value)) for value in packed.values())
                # Pieces of one text: Payload0, Payload1, ... Payload10.
                yield table.name, _inflated(b"".join(packed[name] for name in sorted(packed, key=_in_order)))


def _texts_of_queues(connection_string: str) -> Iterator[tuple[str, str]]:
    with QueueServiceClient.from_connection_string(connection_string) as queues:
        for queue in queues.list_queues():
            with queues.get_queue_client(queue.name) as client:
                taken = list(client.receive_messages(visibility_timeout=_HIDDEN_SECONDS, messages_per_page=32))
                for message in taken:
                    yield str(queue.name), base64.b64decode(message.content).decode()
                    client.update_message(message.id, message.pop_receipt, visibility_timeout=0)


def _in_order(name: str) -> tuple[int, str]:
    return len(name), name


def _inflated(packed: bytes) -> str:
    for inflate in (zlib.decompress, lzma.decompress):
        with suppress(zlib.error, lzma.LZMAError):
            return inflate(packed).decode("utf-8", "replace")
    return packed.decode("utf-8", "replace")
