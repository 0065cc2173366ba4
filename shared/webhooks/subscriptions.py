"""The index of subscriptions: which webhooks want an event. Dispatch reads one partition of it.

It may list too much, for the registration decides, but never too little: a row is written before the registration that
needs it, and removed only while it is certain that no later version of the registration has written it again.
"""

from collections.abc import Iterable
from itertools import islice

from shared.errors import StorageDown
from shared.storage.tables import AlreadyStored, Changed, Table, key_text

SUBSCRIPTIONS_TABLE = "subscriptions"

_MOST_TRIES = 20
_PAGE = 1000


class Subscriptions:
    """Table `subscriptions`: partition is the event's name, row key the webhook's id."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, webhook_id: int, events: Iterable[str], *, revision: int) -> None:
        """Have a new webhook listed for these events, by the first revision of its registration."""
        for event in events:
            self._table.put({**_keys(event, webhook_id), "Revision": revision})

    def extend(self, webhook_id: int, events: Iterable[str], *, revision: int) -> None:
        """Have a webhook listed for these events, by this revision of its registration or a later one.

        A row's revision never goes down: a slow writer, whose save will fail, would else let a row be removed that a
        later one needs.
        """
        for event in events:
            self._raise_to(_keys(event, webhook_id), revision)

    def _raise_to(self, keys: dict[str, str], revision: int) -> None:
        for _ in range(_MOST_TRIES):
            row = self._table.get(keys["PartitionKey"], keys["RowKey"])
            try:
                if row is None:
                    self._table.insert({**keys, "Revision": revision})
                elif int(row["Revision"]) < revision:
                    self._table.merge({**keys, "Revision": revision}, etag=str(row.metadata["etag"]))
            except (AlreadyStored, Changed):
                continue
            return
        raise StorageDown("a webhook could not be listed for its event: too many others save it at once")

    def remove(self, webhook_id: int, events: Iterable[str], *, revision: int) -> None:
        """Take a webhook off the lists of these events, where no revision after this one has put it there again."""
        for event in events:
            keys = _keys(event, webhook_id)
            row = self._table.get(keys["PartitionKey"], keys["RowKey"])
            if row is None or int(row["Revision"]) > revision:
                continue
            try:
                self._table.delete(keys["PartitionKey"], keys["RowKey"], etag=str(row.metadata["etag"]))
            except Changed:
                # Somebody subscribes it again at this moment.
                continue

    def webhook_ids(self, event: str, *, after: int = 0, at_most: int | None = None) -> list[int]:
        """The ids of webhooks that may want this event, ascending; those above `after`, and as many as `at_most`."""
        rows = self._table.query(
            "PartitionKey eq @event and RowKey gt @after",
            {"event": key_text(event.lower()), "after": row_key(after)},
            page_size=min(at_most or _PAGE, _PAGE),
            select=["RowKey"],
        )
        return [int(row["RowKey"]) for row in islice(rows, at_most)]


def row_key(webhook_id: int) -> str:
    """The id as a key: ten digits, so that keys sort as numbers do."""
    return f"{webhook_id:010d}"


def _keys(event: str, webhook_id: int) -> dict[str, str]:
    return {"PartitionKey": key_text(event.lower()), "RowKey": row_key(webhook_id)}
