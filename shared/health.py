"""What Health answers. The shallow answer calls nothing, so no outage of another service takes the app offline."""

from collections.abc import Iterable

from shared.storage.account import StorageAccount
from shared.version import __version__


def health() -> dict[str, object]:
    """`{"status": "ok", "version": "..."}`."""
    return {"status": "ok", "version": __version__}


def deep_health(
    storage: StorageAccount, poison_queues: Iterable[str], warnings: Iterable[str] = ()
) -> dict[str, object]:
    """The same with the number of messages in each of these queues, and with `warnings`; raises StorageDown."""
    poison = {name: storage.queue(name).count() for name in poison_queues}
    return {**health(), "poison": poison, "warnings": [*warnings]}
