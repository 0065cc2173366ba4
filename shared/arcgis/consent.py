"""Consent to act as a user: their token, sealed, kept once for each workflow item (docs/sources/arcgis.md 6)."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from shared.arcgis.client import ArcGisToken
from shared.arcgis.connection_registry import ConnectionRegistry
from shared.arcgis.webhook_connection import Workflow
from shared.storage.account import StorageAccount
from shared.storage.keys import key_text
from shared.storage.sealed import Sealer
from shared.storage.tables import Changed
from shared.timestamps import stored_time

RUN_AS_TABLE = "runas"


@dataclass(frozen=True)
class Consent:
    """A user of one workflow item, and the token that they gave. `etag` is empty until it is stored."""

    username: str
    token: ArcGisToken
    given: datetime
    etag: str = field(default="", compare=False)


class Consents:
    """The table `runas`."""

    def __init__(self, storage: StorageAccount, sealer: Sealer, connections: ConnectionRegistry) -> None:
        self._table = storage.table(RUN_AS_TABLE)
        self._sealer = sealer
        self._connections = connections

    def get(self, workflow: Workflow, username: str) -> Consent | None:
        """The consent of this user, or None."""
        row = self._table.get(workflow.partition, key_text(username))
        if row is None:
            return None
        token = ArcGisToken(self._sealer.open(row["Token"]), row["Referer"] or None)
        return Consent(username, token, datetime.fromisoformat(row["Given"]), str(row.metadata["etag"]))

    def put(self, workflow: Workflow, consent: Consent) -> None:
        """Store a consent over any earlier one.

        The connection must be stored before, so that no purge misses both.
        """
        self._table.put(
            {
                "PartitionKey": workflow.partition,
                "RowKey": key_text(consent.username),
                "Username": consent.username,
                "Token": self._sealer.seal(consent.token.value),
                "Referer": consent.token.referer or "",
                "Given": stored_time(consent.given),
            }
        )

    def purge(self, workflow: Workflow, usernames: Iterable[str], *, apart_from: str = "") -> None:
        """Remove the consents of those users whom no connection of the workflow item acts as any more.

        The connection with the id `apart_from` does not count: it is about to be removed.
        """
        # Read before the connections: a new connection that comes in between writes its row again.
        rows = {name: self._table.get(workflow.partition, key_text(name)) for name in set(usernames)}
        if not any(row is not None for row in rows.values()):
            return
        others = (one for one in self._connections.list(workflow) if one.id != apart_from)
        used = {name for connection in others for name in connection.users}
        for name, row in rows.items():
            if row is not None and name not in used:
                with suppress(Changed):
                    self._table.delete(workflow.partition, row["RowKey"], etag=str(row.metadata["etag"]))
