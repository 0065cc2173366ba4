import time
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from devhost.azurite import Azurite
from shared.azure_transport import DeadlineTransport
from shared.clock import now
from shared.deadline import deadline
from shared.errors import DirectoryDown, StorageDown
from shared.hub.hub import Hub
from shared.settings import StorageSettings
from shared.storage.account import StorageAccount
from tests.fakes.server import FakeServer, json_reply
from tests.support.transport import JournalTransport

DATE = "Wed, 04 Jan 2040 12:00:00 GMT"


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


class Answering(FakeServer):
    """A server that answers what it is told to, and is never storage."""

    def account(self, transport: DeadlineTransport) -> StorageAccount:
        """The account that it claims to be."""
        endpoints = ";".join(f"{service}Endpoint={self.url}/a" for service in ("Table", "Queue"))
        text = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=c2VjcmV0;{endpoints}"
        return StorageAccount(StorageSettings(AzureWebJobsStorage=SecretStr(text)), transport)


def test_the_clock_of_storage_is_learnt_from_its_answers(storage_settings: StorageSettings) -> None:
    with JournalTransport(clock=lambda: now() + timedelta(minutes=5)) as transport:
        storage = StorageAccount(storage_settings, transport)
        assert storage.now() - now() > timedelta(minutes=4)
        for _ in range(5):
            storage.table("things").put({"PartitionKey": "p", "RowKey": "r"})
        assert abs(storage.now() - now()) < timedelta(seconds=30)


@pytest.mark.parametrize(
    ("headers", "is_learnt"),
    [
        ({"Date": DATE, "x-ms-request-id": "1"}, True),
        ({"Date": DATE}, False),
        ({"Date": "", "x-ms-request-id": "1"}, False),
        ({"Date": "soon", "x-ms-request-id": "1"}, False),
    ],
    ids=["storage's", "a proxy's", "no date", "nonsense"],
)
def test_only_a_date_of_storage_itself_counts(headers: dict[str, str], *, is_learnt: bool) -> None:
    with Answering() as server, JournalTransport() as transport:
        not_found = json_reply({"odata.error": {"code": "ResourceNotFound"}}, 404)
        server.answer_always(replace(not_found, headers={**not_found.headers, **headers}))
        storage = server.account(transport)
        storage.table("things").get("p", "r")
        assert (storage.now().year == 2040) is is_learnt
