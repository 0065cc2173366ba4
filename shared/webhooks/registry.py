"""Where registrations are kept: the truth in `webhooks`, the index in `subscriptions`, the counters in `usage`."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import batched

from shared.storage.account import StorageAccount
from shared.storage.tables import AlreadyStored, Changed
from shared.superoffice.entity import WebhookState
from shared.webhooks.counter import IdCounter
from shared.webhooks.registration import Registration, Usage
from shared.webhooks.rows import (
    PARTITION,
    USAGE_TABLE,
    WEBHOOKS_TABLE,
    parse_registration,
    parse_usage,
    registration_row,
    usage_keys,
)
from shared.webhooks.subscriptions import SUBSCRIPTIONS_TABLE, Subscriptions, row_key

_PAGE = 500


@dataclass(frozen=True)
class WebhookFilter:
    """Which webhooks a listing shows: of this name (in any case), event and state; None is no filter."""

    name: str | None = None
    event: str | None = None
    state: WebhookState | None = None


class WebhookRegistry:
    """Stores, changes, finds and removes registrations."""

    def __init__(self, storage: StorageAccount) -> None:
        self._webhooks = storage.table(WEBHOOKS_TABLE)
        self._usage = storage.table(USAGE_TABLE)
        self._subscriptions = Subscriptions(storage.table(SUBSCRIPTIONS_TABLE))
        self._counter = IdCounter(self._webhooks)

    def next_id(self) -> int:
        """An id that no webhook has or had."""
        return self._counter.next_id()

    def create(self, registration: Registration) -> None:
        """Store a new registration; its id comes from `next_id`."""
        self._subscriptions.add(registration.id, registration.webhook.events, revision=registration.revision)
        try:
            self._webhooks.insert(registration_row(registration))
        except AlreadyStored:
            # The SDK tried again after an answer that was lost: it is our own row, for the id is nobody else's.
            return

    def update(self, before: Registration, after: Registration) -> Registration:
        """Put `after` in the place of `before`; raises Changed where somebody else saved or removed it meanwhile."""
        registration = replace(after, revision=before.revision + 1)
        self._subscriptions.add(registration.id, registration.webhook.events, revision=registration.revision)
        etag = self._webhooks.replace(registration_row(registration), etag=before.etag)
        unwanted = set(before.webhook.events) - set(registration.webhook.events)
        self._subscriptions.remove(registration.id, sorted(unwanted), revision=registration.revision)
        return replace(registration, etag=etag)

    def delete(self, registration: Registration) -> None:
        """Remove a registration, then what else was kept of it; raises Changed as `update` does."""
        self._webhooks.delete(PARTITION, row_key(registration.id), etag=registration.etag)
        self._subscriptions.remove(registration.id, registration.webhook.events, revision=registration.revision)
        self._usage.delete(*usage_keys(registration.id))

    def get(self, webhook_id: int) -> Registration | None:
        """The registration with this id."""
        row = self._webhooks.get(PARTITION, row_key(webhook_id))
        return None if row is None else parse_registration(row, str(row.metadata["etag"]))

    def subscribed_to(self, event: str) -> list[int]:
        """The ids of all webhooks that may want this event; some may not any more."""
        return self._subscriptions.webhook_ids(event)

    def usage(self, webhook_id: int) -> Usage:
        """What became of this webhook's attempts."""
        return parse_usage(self._usage.get(*usage_keys(webhook_id)))

    def reset_errors(self, webhook_id: int) -> None:
        """Begin to count consecutive errors anew."""
        partition, key = usage_keys(webhook_id)
        try:
            self._usage.merge({"PartitionKey": partition, "RowKey": key, "ConsecutiveErrors": 0})
        except Changed:
            # It was never called, so there is nothing to reset.
            return

    def list(self, wanted: WebhookFilter) -> Iterator[tuple[Registration, Usage]]:
        """Webhooks with their usage, by id, read page by page; filters are storage's work, not ours."""
        found = self._of_event(wanted) if wanted.event else self._all(wanted)
        for page in batched(found, _PAGE, strict=False):
            usages = self._usages(page[0].id, page[-1].id)
            yield from ((registration, usages.get(registration.id, Usage())) for registration in page)

    def _all(self, wanted: WebhookFilter) -> Iterator[Registration]:
        conditions, parameters = ["PartitionKey eq @partition"], {"partition": PARTITION}
        if wanted.name:
            conditions.append("NameKey eq @name")
            parameters["name"] = wanted.name.casefold()
        if wanted.state is not None:
            conditions.append("State eq @state")
            parameters["state"] = wanted.state.value
        for row in self._webhooks.query(" and ".join(conditions), parameters, page_size=_PAGE):
            yield parse_registration(row, str(row.metadata["etag"]))

    def _of_event(self, wanted: WebhookFilter) -> Iterator[Registration]:
        event = (wanted.event or "").lower()
        for webhook_id in self._subscriptions.webhook_ids(event):
            registration = self.get(webhook_id)
            if registration is not None and _fits(registration, wanted, event):
                yield registration

    def _usages(self, first: int, last: int) -> dict[int, Usage]:
        bounds = {"first": row_key(first), "last": row_key(last)}
        rows = self._usage.query("PartitionKey ge @first and PartitionKey le @last", bounds)
        return {int(row["PartitionKey"]): parse_usage(row) for row in rows}


def _fits(registration: Registration, wanted: WebhookFilter, event: str) -> bool:
    webhook = registration.webhook
    return (
        event in webhook.events
        and (not wanted.name or webhook.name.casefold() == wanted.name.casefold())
        and (wanted.state is None or webhook.state is wanted.state)
    )
