"""Which organizations of Dataverse may send, and which have sent: a copied environment still posts to this hub.

A copy keeps webhooks, keys and the ids of its users (docs/sources/dynamics.md 1.9), so only the organization's id tells
a sandbox from production.
"""

import logging
from collections.abc import Collection, Iterable
from datetime import datetime

from shared.errors import Forbidden, Unavailable
from shared.storage.query import Query
from shared.storage.tables import AlreadyStored, Table
from shared.telemetry.lines import tell
from shared.timestamps import stored_time

ORGANIZATIONS_TABLE = "organizations"
ORGANIZATIONS_PARTITION = "organization"

# Whoever has the key can make ids up.
_MOST_NOTED = 100
_MOST_SHOWN = 5

log = logging.getLogger(__name__)


class Senders:
    """Judges senders, and notes new ones. `allowed` are ids of organizations in lower case; if empty, all are."""

    def __init__(self, table: Table, allowed: Collection[str]) -> None:
        self._table = table
        self._allowed = frozenset(allowed)
        self._seen: set[str] | None = None

    def require_allowed(self, organization_id: str) -> None:
        """Raises Forbidden for an organization that is not among the allowed ones."""
        if not self._allowed or organization_id in self._allowed:
            return
        detail = f"DYNAMICS_ORGANIZATIONS allows {', '.join(sorted(self._allowed))} (a copied environment?)"
        tell(log, "organization.refused", {"organization": organization_id, "detail": detail}, logging.WARNING)
        raise Forbidden(f"the organization {organization_id} may not send events to this hub (DYNAMICS_ORGANIZATIONS)")

    def note(self, organization_id: str, now: datetime) -> None:
        """Remember that an event of this organization was stored; the first of a second one is a warning in the log.

        An outage of storage costs nothing but the note: the next event brings it.
        """
        if self._seen is not None and (organization_id in self._seen or len(self._seen) >= _MOST_NOTED):
            return
        try:
            self._note(organization_id, now)
        except Unavailable as error:
            fields = {"organization": organization_id, "detail": error.detail}
            tell(log, "organization.unnoted", fields, logging.WARNING)

    def warnings(self) -> list[str]:
        """A sentence if events of several organizations have come, and no setting says which are allowed.

        Raises StorageDown.
        """
        seen = self._read()
        return [_warning(seen)] if len(seen) > 1 and not self._allowed else []

    def _note(self, organization_id: str, now: datetime) -> None:
        seen = self._read()
        if organization_id not in seen and len(seen) < _MOST_NOTED:
            keys = {"PartitionKey": ORGANIZATIONS_PARTITION, "RowKey": organization_id}
            try:
                self._table.insert({**keys, "FirstSeenAt": stored_time(now)})
            except AlreadyStored:
                # Another instance noted it just now, and warned of it.
                pass
            else:
                seen.add(organization_id)
                if len(seen) > 1 and not self._allowed:
                    fields = {"organization": organization_id, "detail": _warning(seen)}
                    tell(log, "organization.new", fields, logging.WARNING)
        self._seen = seen | {organization_id}

    def _read(self) -> set[str]:
        rows = self._table.query(Query().where("PartitionKey eq", ORGANIZATIONS_PARTITION), select=("RowKey",))
        return {str(row["RowKey"]) for row in rows}


def _warning(seen: Iterable[str]) -> str:
    ids = sorted(seen)
    others = f" and {len(ids) - _MOST_SHOWN} others" if len(ids) > _MOST_SHOWN else ""
    return (
        f"events come from {len(ids)} organizations of Dataverse ({', '.join(ids[:_MOST_SHOWN])}{others}); "
        "is one a copied environment?"
        " DYNAMICS_ORGANIZATIONS names those that may send"
    )
