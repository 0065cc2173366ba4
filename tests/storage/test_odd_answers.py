"""What stands between the app and storage may answer too, or cut an answer off: that is an outage, whatever it says."""

from collections.abc import Callable, Iterator

import pytest

from shared.deadline import deadline
from shared.errors import StorageDown
from shared.storage.account import StorageAccount
from shared.storage.query import Query
from tests.fakes.server import Reply, json_reply
from tests.fakes.storage import FakeStorage
from tests.support.cases import holds_for

KEYS = {"PartitionKey": "p", "RowKey": "r"}
HTML = {"Content-Type": "text/html"}
OPERATIONS: dict[str, Callable[[StorageAccount], object]] = {
    "insert": lambda storage: storage.table("things").insert(KEYS),
    "put": lambda storage: storage.table("things").put(KEYS),
    "merge": lambda storage: storage.table("things").merge(KEYS),
    "get": lambda storage: storage.table("things").get("p", "r"),
    "query": lambda storage: list(storage.table("things").query(Query().where("PartitionKey eq", "p"))),
    "send": lambda storage: storage.queue("events").send("text"),
    "count": lambda storage: storage.queue("events").count(),
}


@pytest.fixture
def odd() -> Iterator[FakeStorage]:
    with FakeStorage() as running:
        yield running


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
@holds_for(
    "reply",
    [
        Reply(400, b"<html><p>no</html>", HTML),
        Reply(403, b"<html><p>no</html>", HTML),
        Reply(409, b"", {}),
        Reply(500, b"<html><p>no</html>", HTML),
        Reply(302, b"", {"Location": "https://login.example"}),
        Reply(200, b'{"value": [], "odata.metadata": "..."}', {"Content-Type": "application/json"}, cut=True),
    ],
)
def test_an_answer_that_is_not_storages_is_an_outage(
    odd: FakeStorage, operation: Callable[[StorageAccount], object], reply: Reply
) -> None:
    odd.answer_always(reply)
    # Pauses before another try are not worth waiting for here.
    with deadline(0.4), pytest.raises(StorageDown):
        operation(odd.account())


@pytest.mark.parametrize("name", ["get", "query"])
def test_a_page_to_sign_in_is_no_row(odd: FakeStorage, name: str) -> None:
    odd.answer_always(Reply(200, b"<html>Sign in</html>", HTML))
    with deadline(0.4), pytest.raises(StorageDown):
        OPERATIONS[name](odd.account())


def test_a_conflict_that_is_no_taken_key_is_an_outage_because_nothing_is_stored(odd: FakeStorage) -> None:
    odd.answer_always(json_reply({"odata.error": {"code": "TableBeingDeleted"}}, 409))
    with pytest.raises(StorageDown, match="TableBeingDeleted"):
        odd.account().table("things").insert(KEYS)
