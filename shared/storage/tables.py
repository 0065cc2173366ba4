"""A table: the few operations that the hub uses. Each is one storage transaction, but for `modify` and `query`."""

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
from azure.core.paging import ItemPaged
from azure.data.tables import TableClient, TableEntity, TableTransactionError, UpdateMode

from shared.errors import StorageDown
from shared.storage.query import Query
from shared.storage.storage_failures import error_code, storage_failures

# If the table is missing, so is the row.
_CHANGED = frozenset({"ResourceNotFound", "TableNotFound", "UpdateConditionNotSatisfied"})

_CONTINUATION = ("PartitionKey", "RowKey")
"""The members of the SDK's continuation token."""

type Row = Mapping[str, Any]


class AlreadyStored(Exception):
    """There is a row with these keys already."""


class Changed(Exception):
    """The row is gone, or somebody else changed it since it was read."""


class Contended(StorageDown):
    """Others changed the same row again and again, so that no attempt of ours came through."""


MAX_TRIES = 30
"""How often a change is tried. In each round of a race one writer comes through, so 30 at once all do."""


def retry_races[Result](attempt: Callable[[], Result], failure: str) -> Result:
    """Run `attempt` until it no longer raises Changed; each run must read what it builds on.

    Raises Contended with the sentence `failure` after MAX_TRIES. Other errors pass through.
    """
    for _ in range(MAX_TRIES):
        try:
            return attempt()
        except Changed:
            continue
    raise Contended(f"{failure}: others changed it again and again")


@dataclass(frozen=True)
class RowVersion:
    """A row as it was last read or written, and its etag; `row` is None if there was none."""

    row: Row | None
    etag: str = ""


@dataclass(frozen=True)
class Write:
    """One change of a transaction. `kind` names the method of `Table` to use; an etag guards merge and delete."""

    kind: Literal["insert", "put", "merge", "delete"]
    row: Row
    etag: str | None = None


@dataclass(frozen=True)
class TablePage:
    """What one transaction of a query gave: rows, perhaps none, and where storage goes on; None at the end."""

    rows: Sequence[TableEntity]
    continuation: tuple[str, str] | None


class Table:
    """One table. The first write that misses it creates it, so that no call is spent on looking for it."""

    def __init__(self, client: TableClient) -> None:
        self._client = client

    def insert(self, row: Row) -> str:
        """Store a new row, and return its etag; raises AlreadyStored if there is a row with these keys."""
        with storage_failures(f"insert into {self._client.table_name}"):
            try:
                return str(self._write(lambda: self._client.create_entity(dict(row)))["etag"])
            except ResourceExistsError as exc:
                # There are other conflicts, such as a table that is being deleted, and then nothing is stored.
                if error_code(exc) == "EntityAlreadyExists":
                    raise AlreadyStored(row["RowKey"]) from exc
                raise

    def put(self, row: Row) -> None:
        """Store a row, in the place of one with the same keys if there is one."""
        with storage_failures(f"write to {self._client.table_name}"):
            self._write(lambda: self._client.upsert_entity(dict(row), mode=UpdateMode.REPLACE))

    def merge(self, row: Row, *, etag: str | None = None) -> str:
        """Change some columns of a row, and return its new etag.

        Raises Changed if the row is gone, or has another etag than the given one by now.
        """
        return self._update(row, UpdateMode.MERGE, etag)

    def replace(self, row: Row, *, etag: str) -> str:
        """Put a row in the place of the one that has this etag, and return the new etag; raises Changed."""
        return self._update(row, UpdateMode.REPLACE, etag)

    def modify(
        self,
        partition_key: str,
        row_key: str,
        change: Callable[[Row | None], Row | None],
        *,
        known: RowVersion | None = None,
        replaces: bool = False,
        select: Sequence[str] = (),
    ) -> RowVersion | None:
        """Change a row that others may change at the same time: read it, and write only if it is still as read.

        `change` gets the row, None if there is none, and returns the columns to write, without keys, or None to leave
        it as it is. It runs again for each time that others were quicker. The columns are merged into the row; with
        `replaces` they take its place. `known` is the row as the caller saw it last, or those columns of it that
        `change` needs: it spares the first read, and a known version that is out of date does no harm. `select` names
        the columns that `change` needs, if not all.

        Returns what was written, without what was merged into, and None if nothing was. Raises Contended, StorageDown.
        """
        keys = {"PartitionKey": partition_key, "RowKey": row_key}
        versions = iter((known,) if known else ())

        def attempt() -> RowVersion | None:
            seen = next(versions, None) or self._version(partition_key, row_key, select)
            columns = change(seen.row)
            return None if columns is None else self._write_over(seen, {**columns, **keys}, replaces)

        return retry_races(attempt, f"a row of {self._client.table_name} could not be changed")

    def _version(self, partition_key: str, row_key: str, select: Sequence[str]) -> RowVersion:
        row = self.get(partition_key, row_key, select=select)
        return RowVersion(None) if row is None else RowVersion(row, str(row.metadata["etag"]))

    def _write_over(self, seen: RowVersion, row: Row, replaces: bool) -> RowVersion:
        """Write a row over the version that was seen; raises Changed if it is another one by now."""
        if seen.row is not None:
            return RowVersion(row, self._update(row, UpdateMode.REPLACE if replaces else UpdateMode.MERGE, seen.etag))
        try:
            return RowVersion(row, self.insert(row))
        except AlreadyStored as exc:
            raise Changed(row["RowKey"]) from exc

    def get(self, partition_key: str, row_key: str, *, select: Sequence[str] = ()) -> TableEntity | None:
        """The row with these keys, or the `select`ed columns of it; None if there is none."""
        columns = [*select] or None
        with storage_failures(f"read from {self._client.table_name}"):
            try:
                return self._client.get_entity(partition_key, row_key, select=columns)
            except ResourceNotFoundError:
                return None

    def delete(self, partition_key: str, row_key: str, *, etag: str | None = None) -> None:
        """Remove the row with these keys, if there is one; raises Changed if it has another etag by now."""
        with storage_failures(f"remove from {self._client.table_name}"):
            try:
                self._client.delete_entity(partition_key, row_key, **_only_if(etag))
            except HttpResponseError as exc:
                if error_code(exc) in _CHANGED:
                    raise Changed(row_key) from exc
                raise

    def transact(self, writes: Sequence[Write]) -> list[str]:
        """Make up to 100 changes of one partition, all of them or none, and return each row's new etag.

        Raises AlreadyStored for an insert of a row that exists, and Changed for a merge or delete whose row is gone or
        has another etag; both hold the row's key. A transaction whose answer was lost is sent once more, so one without
        any insert, delete and etag must allow being made twice.
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
                # The SDK repeats no POST, and nobody knows whether this one arrived.
                answers[:] = self._client.submit_transaction(operations)

        self._write(send)
        return [str(answer.get("etag") or "") for answer in answers]

    def query(self, wanted: Query, *, page_size: int = 1000, select: Sequence[str] = ()) -> Iterator[TableEntity]:
        """Rows that match, or the `select`ed columns of them, in the order of their keys, page by page as asked for."""
        with storage_failures(f"list {self._client.table_name}"):
            try:
                yield from self._found(wanted, page_size, select)
            except ResourceNotFoundError:
                return

    def page(
        self,
        wanted: Query,
        *,
        page_size: int = 1000,
        select: Sequence[str] = (),
        continuation: tuple[str, str] | None = None,
    ) -> TablePage:
        """One page of what `query` gives, in one transaction; `continuation` is that of the page before.

        Storage ends a page where it wants, with fewer rows than asked for or none, and then says where it goes on.
        """
        # Here and below the SDK's types say less than it does: the token is a mapping.
        token: Any = continuation and dict(zip(_CONTINUATION, continuation, strict=True))
        with storage_failures(f"list {self._client.table_name}"):
            try:
                pages = self._found(wanted, page_size, select).by_page(token)
                rows = list(next(pages, ()))
            except ResourceNotFoundError:
                return TablePage((), None)
        following: Mapping[str, str] | None = getattr(pages, "continuation_token", None)
        if not following:
            return TablePage(rows, None)
        partition, key = (following.get(name) or "" for name in _CONTINUATION)
        return TablePage(rows, (partition, key))

    def _found(self, wanted: Query, page_size: int, select: Sequence[str]) -> ItemPaged[TableEntity]:
        options: dict[str, Any] = {"results_per_page": page_size, "select": [*select] or None}
        if wanted.conditions:
            return self._client.query_entities(wanted.text, parameters=dict(wanted.parameters), **options)
        # Some versions of Azurite refuse a filter that is there and empty.
        return self._client.list_entities(**options)

    def _update(self, row: Row, mode: UpdateMode, etag: str | None) -> str:
        with storage_failures(f"change in {self._client.table_name}"):
            try:
                answer = self._client.update_entity(dict(row), mode=mode, **_only_if(etag))
            except HttpResponseError as exc:
                if error_code(exc) in _CHANGED:
                    raise Changed(row["RowKey"]) from exc
                raise
        return str(answer["etag"])

    def _write[Answer](self, write: Callable[[], Answer]) -> Answer:
        try:
            return write()
        except HttpResponseError as exc:
            if error_code(exc) != "TableNotFound":
                raise
            self._create()
            return write()

    def _create(self) -> None:
        try:
            self._client.create_table()
        except ResourceExistsError:
            # Another request was quicker.
            return


def _only_if(etag: str | None) -> dict[str, Any]:
    return {} if etag is None else {"etag": etag, "match_condition": MatchConditions.IfNotModified}


def _operation(write: Write) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """A change in the form of the SDK."""
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
