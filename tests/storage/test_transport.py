from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from shared.circuit_breaker import MAX_FAILURES, OPEN_SECONDS
from shared.clock import now
from shared.deadline import deadline
from shared.errors import StorageDown
from shared.settings import StorageSettings
from shared.storage.account import StorageAccount
from shared.storage.transport import StorageTransport
from tests.fakes.server import Reply, json_reply
from tests.fakes.storage import FakeStorage
from tests.support.transport import JournalTransport

DATE = "Wed, 04 Jan 2040 12:00:00 GMT"


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
    with FakeStorage() as server, JournalTransport() as transport:
        not_found = json_reply({"odata.error": {"code": "ResourceNotFound"}}, 404)
        server.answer_always(replace(not_found, headers={**not_found.headers, **headers}))
        storage = server.account(transport)
        storage.table("things").get("p", "r")
        assert (storage.now().year == 2040) is is_learnt


NAMES, KEYS = ("PartitionKey", "RowKey"), ("p", "r")
NOT_FOUND = json_reply({"odata.error": {"code": "ResourceNotFound"}}, 404)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def impatient(clock: Clock) -> Iterator[StorageTransport]:
    """A transport that waits 0.3 s for an answer."""
    with StorageTransport(read_seconds=0.3, seconds=clock) as made:
        yield made


@pytest.fixture
def fake() -> Iterator[FakeStorage]:
    """Storage without a row."""
    with FakeStorage() as running:
        running.answer_always(NOT_FOUND)
        yield running


def outcomes(callers: int, call: Callable[[], object]) -> Counter[str]:
    """What so many callers at the same moment got: a row, or an error's class."""

    def outcome(_: int) -> str:
        try:
            call()
        except StorageDown:
            return "down"
        return "answered"

    with ThreadPoolExecutor(callers) as pool:
        return Counter(pool.map(outcome, range(callers)))


def test_while_storage_hangs_only_single_probes_reach_it_until_it_is_back(
    fake: FakeStorage, clock: Clock, impatient: StorageTransport
) -> None:
    table = fake.account(impatient).table("things")
    fake.hang()
    # Those that ask before anything is known reach it, and the first few that fail do so once more.
    assert outcomes(100, lambda: table.get(*KEYS)) == {"down": 100}
    assert len(fake.journal) < 100 + MAX_FAILURES
    for expected in (0, 1, 1):
        fake.journal.clear()
        assert outcomes(100, lambda: table.get(*KEYS)) == {"down": 100}
        assert len(fake.journal) == expected
        clock.seconds += OPEN_SECONDS
    fake.reset()
    fake.answer_always(NOT_FOUND)
    assert table.get(*KEYS) is None
    assert outcomes(100, lambda: table.get(*KEYS)) == {"answered": 100}


def test_storage_that_refuses_connections_is_left_alone_too(
    fake: FakeStorage, clock: Clock, impatient: StorageTransport
) -> None:
    fake.close()
    outcomes(10, lambda: fake.account(impatient).table("things").get(*KEYS))
    assert impatient.is_refusing
    clock.seconds += OPEN_SECONDS
    assert (impatient.is_refusing, impatient.is_failing) == (False, True)


def test_one_slow_answer_refuses_nobody(fake: FakeStorage, impatient: StorageTransport) -> None:
    fake.hang_where("slow")
    account = fake.account(impatient)
    assert outcomes(1, lambda: account.table("slow").get(*KEYS)) == {"down": 1}
    assert outcomes(50, lambda: account.table("things").get(*KEYS)) == {"answered": 50}


def test_queues_are_asked_while_tables_are_down(impatient: StorageTransport) -> None:
    with FakeStorage() as tables, FakeStorage() as queues:
        tables.hang()
        queues.answer_always(Reply(404, headers={"x-ms-error-code": "QueueNotFound"}))
        text = f"TableEndpoint={tables.url}/a;QueueEndpoint={queues.url}/a"
        settings = StorageSettings(AzureWebJobsStorage=SecretStr(f"{text};AccountName=a;AccountKey=c2VjcmV0"))
        account = StorageAccount(settings, impatient)
        assert outcomes(20, lambda: account.table("things").get(*KEYS)) == {"down": 20}
        assert outcomes(20, account.queue("events").count) == {"answered": 20}
        assert impatient.is_refusing


@pytest.mark.parametrize(
    ("headers", "is_refusing"), [({}, True), ({"x-ms-request-id": "1"}, False)], ids=["a proxy's", "storage's own"]
)
def test_a_503_counts_only_if_storage_did_not_write_it(
    fake: FakeStorage, impatient: StorageTransport, headers: dict[str, str], *, is_refusing: bool
) -> None:
    fake.answer_always(Reply(503, headers=headers))
    with deadline(20):
        outcomes(10, lambda: fake.account(impatient).table("things").insert(dict(zip(NAMES, KEYS, strict=True))))
    assert impatient.is_refusing is is_refusing


def test_a_call_whose_time_was_nearly_over_says_nothing_about_storage(
    fake: FakeStorage, impatient: StorageTransport
) -> None:
    fake.hang()
    table = fake.account(impatient).table("things")

    def hurried() -> None:
        with deadline(0.2):
            table.get(*KEYS)

    assert outcomes(20, hurried) == {"down": 20}
    assert not impatient.is_failing


def test_a_probe_that_was_given_up_makes_room_for_the_next(
    fake: FakeStorage, clock: Clock, impatient: StorageTransport
) -> None:
    fake.hang()
    table = fake.account(impatient).table("things")
    outcomes(10, lambda: table.get(*KEYS))
    clock.seconds += OPEN_SECONDS
    with deadline(0.2), pytest.raises(StorageDown):
        table.get(*KEYS)
    assert (impatient.is_refusing, impatient.is_failing) == (False, True)
