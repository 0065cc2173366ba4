"""What Health answers. The shallow answer calls nothing, so no outage of another service takes the app offline."""

from collections.abc import Iterable
from datetime import timedelta

from shared.storage.account import StorageAccount
from shared.version import __version__

_NO_TIME = timedelta(0)


def health() -> dict[str, object]:
    """`{"status": "ok", "version": "..."}`."""
    return {"status": "ok", "version": __version__}


def deep_health(
    storage: StorageAccount,
    *,
    queues: Iterable[str],
    poison_queues: Iterable[str],
    undispatched: Iterable[str],
    warnings: Iterable[str] = (),
) -> dict[str, object]:
    """The same with the number of messages in each of these queues, and with `warnings`; raises StorageDown.

    `undispatched` are the queues that tell for how long the oldest event waits for its dispatch.
    """
    return {
        **health(),
        "queues": message_counts(storage, queues),
        "poison": message_counts(storage, poison_queues),
        "oldestUndispatchedSeconds": oldest_message_seconds(storage, undispatched),
        "warnings": [*warnings],
    }


def message_counts(storage: StorageAccount, queues: Iterable[str]) -> dict[str, int]:
    """About how many messages wait in each queue, with those that are worked on, or not due yet."""
    return {name: storage.queue(name).count() for name in queues}


def oldest_message_seconds(storage: StorageAccount, queues: Iterable[str]) -> int | None:
    """For how many seconds the oldest message has waited that a look at each queue shows; None if none is shown.

    By storage's clock. A look shows 32 messages at most, and none that is worked on or not due yet.
    """
    sent = [moment for name in queues if (moment := storage.queue(name).oldest()) is not None]
    return int(max(storage.now() - min(sent), _NO_TIME).total_seconds()) if sent else None
