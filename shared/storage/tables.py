"""A table: the few operations that the hub uses, each one storage transaction."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.data.tables import TableClient, TableEntity, TableTransactionError, UpdateMode

from shared.storage.storage_failures import error_code, storage_failures

# Where the table is missing, so is the row.
_CHANGED = frozenset({"ResourceNotFound", "TableNotFound", "UpdateConditionNotSatisfied"})

type Row = Mapping[str, Any]


class AlreadyStored(Exception):
    """A row with these keys is there already."""


class Changed(Exception):
    """The row is gone, or somebody else changed it since it was read."""


@dataclass(frozen=True)
class Write:
    """One change of a transaction: `kind` is what `Table` has a function for; an etag guards merge and delete."""

    kind: Literal["insert", "put", "merge", "delete"]
    row: Row
    etag: str | None = None


class Table:
    """One table. The first write that misses it makes it, so that no call is spent on looking for it."""

    def __init__(self, client: TableClient) -> None:
        self._client = client

    def insert(self, row: Row) -> None:
        """Store a new row; raises AlreadyStored where its keys are taken."""
        with storage_failures(f"insert into {self._client.table_name}"):
            try:
                self._write(lambda: self._client.create_entity(dict(row)))
            except ResourceExistsError as exc:
                # Other conflicts exist (a table that is being deleted), and then nothing is stored.
                if error_code(exc) == "EntityAlreadyExists":
                    raise AlreadyStored(row["RowKey"]) from exc
                raise

    def put(self, row: Row) -> None:
        """Store a row whether or not it is there; what it held before is gone."""
        with storage_failures(f"write to {self._client.table_name}"):
            self._write(lambda: self._client.upsert_entity(dict(row), mode=UpdateMode.REPLACE))

    def merge(self, row: Row, *, etag: str | None = None) -> str:
        """Change some properties of a row, and give its new etag.

        Raises Changed where the row is gone, or `etag` is not its own any more.
        """
        return self._update(row, UpdateMode.MERGE, etag)

    def replace(self, row: Row, *, etag: str) -> str:
        """Put a row in the place of the one that has this etag, and give the new one; raises Changed."""
        return self._update(row, UpdateMode.REPLACE, etag)

    def get(self, partition_key: str, row_key: str) -> TableEntity | None:
        """The row with these keys, None where there is none."""
        with storage_failures(f"read from {self._client.table_name}"):
            try:
                return self._client.get_entity(partition_key, row_key)
            except ResourceNotFoundError:
                return None

    def delete(self, partition_key: str, row_key: str, *, etag: str | None = None) -> None:
        """Remove the row with these keys, if it is there; raises Changed where `etag` is not its own any more."""
        with storage_failures(f"remove from {self._client.table_name}"):
            try:
                self._client.delete_entity(partition_key, row_key, **_only_if(etag))
            except HttpResponseError as exc:
                if error_code(exc) in _CHANGED:
                    raise Changed(row_key) from exc
                raise

    def transact(self, writes: Sequence[Write]) -> list[str]:
        """Make up to 100 changes of one partition, all of them or none, and give each row's new etag.

        Raises AlreadyStored for an insert whose keys are taken, and Changed for a merge or delete whose row is gone or
        has another etag; both hold the row's key. A transaction whose answer was lost is sent once more, so one that
        holds no insert, no delete and no etag must bear being made twice.
        """
        with storage_failures(f"change in {self._client.table_name}"):
            try:
                return self._transact([_operation(write) for write in writes])
            except TableTransactionError as exc:
                key = writes[exc.index].row["RowKey"]
                if error_code(exc) == "EntityAlreadyExists":
                    raise AlreadyStored(key) from exc
                if error_code(exc) in _CHANGED:
                    raise Changed(key) from exc
                raise

    def _transact(self, operations: list[Any]) -> list[str]:
        answers: list[Mapping[str, Any]] = []

        def send() -> None:
            try:
                answers[:] = self._client.submit_transaction(operations)
            except (ServiceRequestError, ServiceResponseError):
                # The SDK tries no POST again; nothing is known of this one.
                answers[:] = self._client.submit_transaction(operations)

        self._write(send)
        return [str(answer.get("etag") or "") for answer in answers]

    def query(
        self, filter_: str, parameters: Mapping[str, Any], *, page_size: int = 1000, select: list[str] | None = None
    ) -> Iterator[TableEntity]:
        """Rows that match, in the order of their keys, read page by page as they are asked for."""
        options: dict[str, Any] = {"parameters": dict(parameters), "results_per_page": page_size, "select": select}
        with storage_failures(f"list {self._client.table_name}"):
            try:
                yield from self._client.query_entities(filter_, **options)
            except ResourceNotFoundError:
                return

    def _update(self, row: Row, mode: UpdateMode, etag: str | None) -> str:
        with storage_failures(f"change in {self._client.table_name}"):
            try:
                answer = self._client.update_entity(dict(row), mode=mode, **_only_if(etag))
            except HttpResponseError as exc:
                if error_code(exc) in _CHANGED:
                    raise Changed(row["RowKey"]) from exc
                raise
        return str(answer["etag"])

    def _write(self, write: Callable[[], object]) -> None:
        try:
            write()
        except HttpResponseError as exc:
            if error_code(exc) != "TableNotFound":
                raise
            self._create()
            write()

    def _create(self) -> None:
        try:
            self._client.create_table()
        except ResourceExistsError:
            # Another request was quicker.
            return


def _only_if(etag: str | None) -> dict[str, Any]:
    return {} if etag is None else {"etag": etag, "match_condition": MatchConditions.IfNotModified}


def _operation(write: Write) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """A change as the SDK takes it."""
    row, guard = dict(write.row), _only_if(write.etag)
    match write.kind:
        case "insert":
            return "create", row, {}
        case "put":
            return "upsert", row, {"mode": UpdateMode.REPLACE}
        case "merge":
            return "update", row, {"mode": UpdateMode.MERGE, **guard}
        case "delete":
            return "delete", row, guard
