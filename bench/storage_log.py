"""What a storage account was asked for: every request that Azurite answered, whoever sent it. `parse` is pure.

Azurite's access log has a line for each answered request: those of the app and of the host alike, retries and polls of
empty queues included. So nothing has to be counted in the programs that are measured.
"""

import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

_LINE = re.compile(r'"(?P<method>[A-Z]+) /[^/ ]+(?P<path>[^? ]*)[^"]*" (?P<status>\d+) ')
_KEYS = re.compile(r"\(.*")
_MESSAGE = re.compile(r"/messages/.+")
_POLL = re.compile(r"^GET /[^/]+/messages$")
_QUIET_SECONDS = 1.5
_LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class Transactions:
    """Requests by kind (`PUT /usage(...)`, `POST /deliveries/messages`); `created` counts those answered with 201."""

    kinds: "Counter[str]" = field(default_factory=Counter)
    created: "Counter[str]" = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """All of them."""
        return self.kinds.total()

    @property
    def fetches(self) -> int:
        """Those that ask a queue for messages, whether any came or not."""
        return sum(count for kind, count in self.kinds.items() if _POLL.match(kind))

    def shares(self, events: int, most: int = 12) -> str:
        """The most frequent kinds, each as a number of requests an event; fetches from queues come last."""
        told = [f"{kind} {count / events:.2f}" for kind, count in self.kinds.most_common() if not _POLL.match(kind)]
        return ", ".join([*told[:most], f"fetches from queues {self.fetches / events:.2f}"])


def parse(text: str) -> Transactions:
    """The requests in lines of an access log; other lines count as none."""
    kinds: Counter[str] = Counter()
    created: Counter[str] = Counter()
    for found in _LINE.finditer(text):
        kind = f"{found['method']} {_MESSAGE.sub('/messages/...', _KEYS.sub('(...)', found['path']))}"
        kinds[kind] += 1
        created[kind] += found["status"] == "201"
    return Transactions(kinds, created)


class StorageLog:
    """Reads an access log while it grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def begin(self) -> None:
        """Count from here."""
        self._offset = self._path.stat().st_size

    def since(self) -> Transactions:
        """What came since `begin`."""
        with self._path.open("rb") as log:
            log.seek(self._offset)
            return parse(log.read().decode("utf-8", "replace"))

    def settled(self, at_most_seconds: float = 30.0) -> Transactions:
        """What came since `begin`, once queues alone have been polled for a moment; without those last polls."""
        give_up_at = time.monotonic() + at_most_seconds
        found, since = self.since(), time.monotonic()
        while time.monotonic() - since < _QUIET_SECONDS and time.monotonic() < give_up_at:
            time.sleep(_LOOK_SECONDS)
            now = self.since()
            if now.total - now.fetches != found.total - found.fetches:
                found, since = now, time.monotonic()
        return found
