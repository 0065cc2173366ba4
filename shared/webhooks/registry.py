"""Where registrations are kept: the truth in `webhooks`, the index in `subscriptions`, the counters in `usage`."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from azure.data.tables import TableEntity

from shared import clock
from shared.errors import Conflict, Unavailable
from shared.events.store import EventStore
from shared.single_flight import SingleFlight
from shared.storage.account import StorageAccount
from shared.storage.keys import row_key
from shared.storage.scan import WorkBudget
from shared.storage.tables import AlreadyStored, Changed, Row, RowVersion, Table
from shared.telemetry.lines import tell
from shared.webhooks.counts import WebhookCounts
from shared.webhooks.limits import WebhookLimits
from shared.webhooks.listing import WebhookFilter, WebhookListing, registration_of
from shared.webhooks.outbox import SignalOutbox
from shared.webhooks.registration import OldSecret, Registration, Usage
from shared.webhooks.rows import (
    PARTITION,
    SIGNALS_COLUMN,
    USAGE_COLUMNS,
    USAGE_TABLE,
    WEBHOOKS_TABLE,
    parse_usage,
    registration_row,
    usage_keys,
)
from shared.webhooks.subscriptions import SUBSCRIPTIONS_TABLE, SubscribedNames, Subscriptions

log = logging.getLogger(__name__)

COUNTER_KEYS = ("counter", "webhook")
"""Partition and row key, in `webhooks`, of the row that holds the last id that was given out."""

LAST_ID_COLUMN = "Last"

_CREATE_LASTS = timedelta(minutes=10)
"""Much longer than any request may take."""


class IdCounter:
    """The row that holds the last id that was given out.

    A process remembers the version that it wrote last. As long as no other process counts, an id costs one transaction.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._known: RowVersion | None = None

    def next_id(self) -> int:
        """An id that was never given out; raises StorageDown, also if others are quicker again and again."""
        with self._lock:
            self._known = self._table.modify(*COUNTER_KEYS, _one_more, known=self._known)
            return 0 if self._known is None else _last(self._known.row)

    def last_id(self) -> int:
        """The last id that was given out, 0 before the first."""
        return _last(self._table.get(*COUNTER_KEYS))

    def raise_to(self, last: int) -> None:
        """Give out no id up to `last` any more; the counter never goes down."""
        self._table.modify(*COUNTER_KEYS, lambda row: {LAST_ID_COLUMN: last} if _last(row) < last else None)


def _one_more(row: Row | None) -> Row:
    return {LAST_ID_COLUMN: _last(row) + 1}


def _last(row: Row | None) -> int:
    return 0 if row is None else int(row[LAST_ID_COLUMN])


class WebhookRegistry:
    """Stores, changes, finds and removes registrations. `now` gives the current time, in UTC."""

    def __init__(self, storage: StorageAccount, limits: WebhookLimits, now: Callable[[], datetime] = clock.now) -> None:
        self._webhooks = storage.table(WEBHOOKS_TABLE)
        self._usage = storage.table(USAGE_TABLE)
        self._subscriptions = Subscriptions(storage.table(SUBSCRIPTIONS_TABLE))
        self._listing = WebhookListing(self._webhooks, self._usage, self._subscriptions)
        self._outbox = SignalOutbox(self._webhooks, self._usage, EventStore(storage))
        self._now = now
        self._counter = IdCounter(self._webhooks)
        self._counts = WebhookCounts(self._webhooks, limits, now)
        self._reads: SingleFlight[int, Registration | None] = SingleFlight(is_fresh=True)
        self._subscribed: SingleFlight[tuple[str, int, int | None], tuple[int, ...]] = SingleFlight(is_fresh=True)

    def require_room(self, caller_id: str) -> None:
        """Raise Conflict if the hub, or this caller, has as many registrations as the limits allow."""
        self._counts.require_room(caller_id)

    def next_id(self) -> int:
        """An id that no webhook has or had."""
        return self._counter.next_id()

    @property
    def id_counter(self) -> IdCounter:
        """The counter of ids."""
        return self._counter

    def create(self, registration: Registration) -> None:
        """Store a new registration, whose id comes from `next_id`. Raises Conflict if there is no room for it."""
        index = (registration.id, registration.webhook.events)
        self._subscriptions.add(*index, revision=registration.revision)
        try:
            self._counts.insert(registration_row(registration), registration.registered_by.id)
        except AlreadyStored:
            # It was sent again after an answer that was lost. The row is ours, for no other webhook has this id.
            pass
        except Conflict:
            # Nobody has the id, nor ever will, so nothing needs these rows.
            self._subscriptions.remove(*index, revision=registration.revision)
            raise
        # An event that came meanwhile found no registration, and its worker may have removed the rows as left over.
        self._subscriptions.extend(*index, revision=registration.revision)

    def update(self, before: Registration, after: Registration) -> Registration:
        """Put `after` in the place of `before`; raises Changed if somebody else saved or removed it meanwhile.

        What `after.signals` has more than `before` is signalled once that is stored (outbox.py).
        """
        registration = replace(after, revision=before.revision + 1)
        self._subscriptions.extend(registration.id, registration.webhook.events, revision=registration.revision)
        stored = self._replaced_over(before, registration)
        unwanted = set(before.webhook.events) - set(registration.webhook.events)
        self._subscriptions.remove(registration.id, sorted(unwanted), revision=registration.revision)
        return self._settled(stored)

    def relist(self, registration: Registration) -> None:
        """Write the rows of the index that a stored registration needs and that are missing."""
        self._subscriptions.extend(registration.id, registration.webhook.events, revision=registration.revision)

    def recount(self) -> None:
        """Count all registrations anew, in all and by their creators."""
        self._counts.recount()

    def keep_old_secrets(self, registration: Registration, kept: tuple[OldSecret, ...]) -> Registration:
        """Remove all old secrets but these, in one transaction; nothing else of the registration changes."""
        try:
            return self.rewrite(replace(registration, old_secrets=kept))
        except Changed:
            # Somebody saves it at this moment, or has just done so.
            return self.get(registration.id) or registration

    def rewrite(self, registration: Registration) -> Registration:
        """Write a registration in another form that shows no difference, in one transaction; raises Changed."""
        return replace(registration, etag=self._replaced(registration_row(registration), registration.etag))

    def _replaced_over(self, before: Registration, after: Registration) -> Registration:
        """Replace the row of `before`, also if nothing happened to it but that its signals were taken out."""
        try:
            return replace(after, etag=self._replaced(registration_row(after), before.etag))
        except Changed:
            row = self._row(before.id)
            current = None if row is None else registration_of(row)
            if current is None or replace(current, etag=before.etag, signals=before.signals) != before:
                raise
            left = tuple(one for one in after.signals if one in current.signals or one not in before.signals)
            after = replace(after, signals=left)
            return replace(after, etag=self._replaced(registration_row(after), current.etag))

    def _replaced(self, row: dict[str, Any], etag: str) -> str:
        """Replace the row that has this etag, and return its new etag; raises Changed."""
        try:
            return self._webhooks.replace(row, etag=etag)
        except Changed:
            # The SDK may have tried again after an answer that was lost, and found our own row.
            stored = self._row(int(row["RowKey"]))
            same = {name: value for name, value in row.items() if name != SIGNALS_COLUMN}
            if stored is None or any(stored.get(name) != value for name, value in same.items()):
                raise
            return str(stored.metadata["etag"])

    def delete(self, registration: Registration) -> None:
        """Remove a registration, then what else was kept of it; raises Changed as `update` does.

        What it still has to signal is signalled first, because nobody could do it afterwards.
        """
        registration = self._outbox.settle(registration)
        self._counts.delete(row_key(registration.id), registration.etag, registration.registered_by.id)
        self._subscriptions.remove(registration.id, registration.webhook.events, revision=registration.revision)
        self._usage.delete(*usage_keys(registration.id))

    def get(self, webhook_id: int) -> Registration | None:
        """The registration with this id. What it still has to signal is signalled."""
        row = self._row(webhook_id)
        return None if row is None else self._settled(registration_of(row))

    def _settled(self, registration: Registration) -> Registration:
        """The registration without signals; in an outage as it is, for the next reader."""
        try:
            return self._outbox.settle(registration)
        except Unavailable as error:
            tell(log, "webhook.unsignalled", {"webhook": registration.id, "detail": error.detail}, logging.WARNING)
            return registration

    def get_shared(self, webhook_id: int) -> Registration | None:
        """The same, where many threads may ask for one webhook at once: they share reads, begun after they asked."""
        return self._reads.run(webhook_id, lambda: self.get(webhook_id))

    def ids(self, *, after: int = 0, at_most: int | None = None) -> Sequence[int]:
        """The first ids above `after` of registered webhooks, ascending: up to 1,000 in one transaction."""
        return self._listing.ids(after=after, at_most=at_most)

    def subscribed_to(self, event: str, *, after: int = 0, at_most: int | None = None) -> list[int]:
        """The ids of webhooks that may want this event, ascending; some may not any more.

        All of them, or the first `at_most` whose ids are above `after`. Threads that ask the same at once share reads,
        begun after they asked: no webhook that was stored before is missing.
        """

        def read() -> tuple[int, ...]:
            return tuple(self._subscriptions.webhook_ids(event, after=after, at_most=at_most))

        return [*self._subscribed.run((event.lower(), after, at_most), read)]

    def prune(self, event: str, webhook_id: int) -> None:
        """Take a webhook off the list of an event, after it turned out to be gone or not to want the event.

        Rows that a save under way needs stay, or are put back. The rows of a create stay for a while: if it were killed
        after its registration was stored and its rows were pruned, nobody would write them again.
        """
        row = self._subscriptions.row(event, webhook_id)
        if row is None:
            return
        found = self.get(webhook_id)
        if found is None and row.created and self._now() - row.created < _CREATE_LASTS:
            return
        if found and (event in found.webhook.events or found.revision < row.revision):
            return
        if not self._subscriptions.drop(event, webhook_id, row):
            return
        again = self.get(webhook_id)
        if again and event in again.webhook.events:
            self._subscriptions.extend(webhook_id, [event], revision=again.revision)

    def unlist(self, webhook_id: int) -> None:
        """Take a webhook that was removed off all lists of the index: a look through the whole index."""
        self._subscriptions.remove_all(webhook_id)

    def subscribed_names(self, *, budget: WorkBudget) -> SubscribedNames:
        """The names of events that some webhook may want, as far as the budget reaches."""
        return self._subscriptions.names(budget)

    def usage(self, webhook_id: int) -> Usage:
        """How many attempts this webhook had, and how they ended."""
        return parse_usage(self._usage.get(*usage_keys(webhook_id), select=USAGE_COLUMNS))

    def list(
        self, wanted: WebhookFilter, *, skip: int = 0, top: int | None = None
    ) -> Iterator[tuple[Registration, Usage]]:
        """Webhooks with their usage, by id, without the first `skip`, and at most `top` of them."""
        return self._listing.list(wanted, skip=skip, top=top)

    def _row(self, webhook_id: int) -> TableEntity | None:
        return self._webhooks.get(PARTITION, row_key(webhook_id))
