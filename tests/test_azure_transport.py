import time

import pytest

from devhost.azurite import Azurite
from shared.azure_transport import DeadlineTransport
from shared.deadline import deadline
from shared.errors import DirectoryDown, StorageDown
from shared.hub.hub import Hub
from tests.support.transport import JournalTransport


def test_a_call_after_the_deadline_is_an_outage_and_reaches_nobody(hub: Hub, transport: JournalTransport) -> None:
    with deadline(0), pytest.raises(StorageDown):
        hub.storage.table("things").get("p", "r")
    # The call was tried once, and was not tried again.
    assert len(transport.calls) == 1


def test_a_pause_that_the_deadline_has_no_room_for_is_an_outage_at_once() -> None:
    began_at = time.monotonic()
    with DeadlineTransport() as transport, deadline(30), pytest.raises(StorageDown):
        transport.sleep(60)
    assert time.monotonic() - began_at < 20


def test_a_pause_that_the_deadline_has_room_for_is_made() -> None:
    began_at = time.monotonic()
    with DeadlineTransport() as transport, deadline(60):
        transport.sleep(0.01)
    assert 0.01 <= time.monotonic() - began_at < 30


def test_without_a_deadline_a_pause_is_made() -> None:
    with DeadlineTransport() as transport:
        transport.sleep(0)


def test_the_outage_is_the_one_of_the_neighbour_that_is_asked() -> None:
    transport = DeadlineTransport(DirectoryDown, "the directory")
    with transport, deadline(1), pytest.raises(DirectoryDown, match="the directory asks for a longer pause"):
        transport.sleep(60)


def test_storage_that_answers_nothing_is_an_outage_within_the_deadline(hub: Hub, azurite_process: Azurite) -> None:
    hub.storage.table("things").put({"PartitionKey": "p", "RowKey": "r"})
    azurite_process.pause()
    began_at = time.monotonic()
    try:
        with deadline(0.5), pytest.raises(StorageDown):
            hub.storage.table("things").get("p", "r")
        assert time.monotonic() - began_at < 10
    finally:
        azurite_process.resume()


def test_a_queue_that_answers_nothing_is_an_outage_within_the_deadline(hub: Hub, azurite_process: Azurite) -> None:
    azurite_process.pause()
    began_at = time.monotonic()
    try:
        with deadline(0.5), pytest.raises(StorageDown):
            hub.storage.queue("events").send("text")
        assert time.monotonic() - began_at < 10
    finally:
        azurite_process.resume()
