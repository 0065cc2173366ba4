"""What keeps, forgets and counts, put together. hub.py imports this module when it is first needed."""

from collections.abc import Callable
from datetime import datetime

from shared.audit.log import AUDIT_TABLE
from shared.delivery.record import DELIVERIES_TABLE
from shared.events.late import LATE_EVENTS_TABLE
from shared.events.rows import EVENTLOG_TABLE, EVENTS_TABLE
from shared.events.store import EventStore
from shared.hub.receivers import Receivers
from shared.keeping.event_look import EventLook
from shared.keeping.expiry import Expiry
from shared.keeping.old_contents import OldContents
from shared.keeping.old_events import OldEvents
from shared.keeping.repair import Repair
from shared.keeping.retention import Retention
from shared.keeping.retention_marks import RETENTION_TABLE, RetentionMarks
from shared.settings import Settings
from shared.storage.account import StorageAccount


def make_retention(
    settings: Settings, storage: StorageAccount, store: EventStore, receivers: Receivers, now: Callable[[], datetime]
) -> Retention:
    """The nightly work for these settings; a test passes another clock."""
    events, log = storage.table(EVENTS_TABLE), storage.table(EVENTLOG_TABLE)
    old, marks = OldEvents(events), RetentionMarks(storage.table(RETENTION_TABLE))
    contents = OldContents(events, log, receivers.forgetting, marks)
    by_day = {name: storage.table(name) for name in (LATE_EVENTS_TABLE, AUDIT_TABLE)}
    return Retention(
        days=settings.retention_days,
        payload_days=settings.retention_payload_days,
        repair=Repair(storage, receivers.gate),
        expiry=Expiry(storage.table(DELIVERIES_TABLE), old, log, by_day),
        contents=contents,
        look=EventLook(events, log, old, contents, store, marks),
        now=now,
    )
