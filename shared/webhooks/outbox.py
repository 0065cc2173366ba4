"""Signals changes of a webhook's state: each change that was stored, and no other (a transactional outbox).

The row of a registration holds, in the same write as the new state, the event that tells of it. Once the row is stored
the event is signalled and taken out of the row. Whoever dies in between leaves it there, and the next reader of the
registration signals it. There is such a reader even if nobody asks for the webhook: whoever changes a state first sends
a wake-up for the webhook, which comes when the save is certainly over. An event's id follows from the revision and the
state that it tells of, so one that is signalled twice is stored once.
"""

from contextlib import suppress
from dataclasses import replace

from shared.events.store import EventStore
from shared.storage.keys import row_key
from shared.storage.tables import AlreadyStored, Changed, Table
from shared.webhooks.registration import Registration
from shared.webhooks.rows import PARTITION, SIGNALS_COLUMN, usage_keys
from shared.webhooks.signals import STATE_PAYLOAD, is_start


class SignalOutbox:
    """Signals what is still to be signalled, with the tables `webhooks` and `usage`."""

    def __init__(self, webhooks: Table, usage: Table, events: EventStore) -> None:
        self._webhooks = webhooks
        self._usage = usage
        self._events = events

    def settle(self, registration: Registration) -> Registration:
        """Signal what this stored registration still has to, take it out of the row, and return the registration so.

        No transaction if there is nothing to signal. Else two for each event, one more for a start, after which
        consecutive errors count from zero, and one for the row. Raises StorageDown, and can be repeated.
        """
        if not registration.signals:
            return registration
        for event in registration.signals:
            if is_start(event):
                self._reset_errors(registration.id)
            with suppress(AlreadyStored):
                self._events.append(event, STATE_PAYLOAD)
        settled = {"PartitionKey": PARTITION, "RowKey": row_key(registration.id), SIGNALS_COLUMN: ""}
        try:
            etag = self._webhooks.merge(settled, etag=registration.etag)
        except Changed:
            # Another reader took it out, or a save keeps it there for the next reader; it is signalled in any case.
            return replace(registration, signals=())
        return replace(registration, signals=(), etag=etag)

    def _reset_errors(self, webhook_id: int) -> None:
        partition, key = usage_keys(webhook_id)
        # A webhook that was never called has no row, and nothing to reset.
        with suppress(Changed):
            self._usage.merge({"PartitionKey": partition, "RowKey": key, "ConsecutiveErrors": 0})
