"""What Health answers. The shallow answer calls nothing, so no outage of another service takes the app offline."""

from shared.storage.account import StorageAccount
from shared.version import __version__

POISON_QUEUES = ("events-poison", "deliveries-poison", "deliveries-slow-poison")


def health() -> dict[str, object]:
    """`{"status": "ok", "version": "..."}`."""
    return {"status": "ok", "version": __version__}


def deep_health(storage: StorageAccount) -> dict[str, object]:
    """The same with the number of messages in each poison queue; raises StorageDown."""
    return {**health(), "poison": {name: storage.queue(name).count() for name in POISON_QUEUES}}
