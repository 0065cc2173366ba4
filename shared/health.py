"""What Health says. The shallow answer calls nobody, so a neighbour's outage never takes the app out of service."""

from typing import TYPE_CHECKING

from shared.version import __version__

if TYPE_CHECKING:
    from shared.storage.account import StorageAccount

POISON_QUEUES = ("events-poison", "deliveries-poison", "deliveries-slow-poison")


def health() -> dict[str, object]:
    """`{"status": "ok", "version": "..."}`."""
    return {"status": "ok", "version": __version__}


def deep_health(storage: "StorageAccount") -> dict[str, object]:
    """The same, and how many messages wait in each poison queue; raises StorageDown."""
    return {**health(), "poison": {name: storage.queue(name).count() for name in POISON_QUEUES}}
