"""Where webhook connections are kept: table `connections`."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from azure.data.tables import TableEntity

from shared.arcgis.webhook_connection import (
    CONNECTIONS_TABLE,
    ManagedWebhook,
    WebhookConnection,
    Workflow,
    connection_row,
    is_connection_id,
    managed_properties,
    parse_connection_row,
)
from shared.storage.account import StorageAccount
from shared.storage.keys import key_text
from shared.storage.paging import BEGINNING, Place
from shared.storage.query import Query
from shared.storage.scan import Scan, WorkBudget
from shared.storage.tables import AlreadyStored

_PAGE = 500


@dataclass(frozen=True)
class ConnectionFilter:
    """Which connections a listing over all workflow items shows, from `place` on. None does not filter."""

    org_id: str | None = None
    enabled: bool | None = None
    place: Place = BEGINNING


class ConnectionRegistry:
    """Stores, changes, finds and removes connections; every method raises StorageDown."""

    def __init__(self, storage: StorageAccount) -> None:
        self._table = storage.table(CONNECTIONS_TABLE)

    def get(self, workflow: Workflow, id_: str) -> WebhookConnection | None:
        """The connection with this id, or None; one storage transaction."""
        row = self._table.get(workflow.partition, id_) if is_connection_id(id_) else None
        return None if row is None else _connection(row, workflow)

    def list(self, workflow: Workflow) -> Iterator[WebhookConnection]:
        """All connections of a workflow, in the order of their ids."""
        rows = self._table.query(Query().where("PartitionKey eq", workflow.partition), page_size=_PAGE)
        return (_connection(row, workflow) for row in rows)

    def all(
        self, wanted: ConnectionFilter, *, page_size: int, budget: WorkBudget | None = None
    ) -> Scan[WebhookConnection]:
        """Connections of all workflow items, in the order of their keys, as far as the budget reaches."""
        after = wanted.place.after
        rows = Query().where("PartitionKey ge", None if after is None else after.partition).beyond(after)
        if wanted.org_id is not None:
            # ";" comes right after the ":" that ends the organization in a partition's key.
            org = key_text(wanted.org_id)
            rows = rows.where("PartitionKey ge", f"{org}:").where("PartitionKey lt", f"{org};")
        rows = rows.where("Enabled eq", wanted.enabled)
        return Scan(self._table, [(wanted.place, rows)], _of_any, budget=budget, page_size=page_size)

    def create(self, connection: WebhookConnection) -> None:
        """Store a new connection, whose id nobody else has."""
        try:
            self._table.insert(connection_row(connection))
        except AlreadyStored:
            # The SDK repeated a request whose answer was lost: it is our own row.
            return

    def replace(self, connection: WebhookConnection, *, etag: str) -> WebhookConnection:
        """Replace the stored connection if it still has this etag; raises Changed."""
        return replace(connection, etag=self._table.replace(connection_row(connection), etag=etag))

    def set_managed(self, connection: WebhookConnection, managed: ManagedWebhook) -> None:
        """Note what the service has now, with the current secret; raises Changed if the connection is gone."""
        keys = {"PartitionKey": connection.workflow.partition, "RowKey": connection.id}
        self._table.merge({**keys, **managed_properties(managed)})

    def delete(self, connection: WebhookConnection) -> None:
        """Remove a connection; one that is gone already is no failure."""
        self._table.delete(connection.workflow.partition, connection.id)


def _of_any(row: TableEntity) -> WebhookConnection:
    return _connection(row, Workflow.of_partition(row["PartitionKey"]))


def _connection(row: TableEntity, workflow: Workflow) -> WebhookConnection:
    return parse_connection_row(row, workflow, str(row.metadata["etag"]))
