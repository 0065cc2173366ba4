"""What became of every acknowledged event. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bench.soak.receivers import Kind

DELIVERED = frozenset({"delivered"})
SETTLED = frozenset({"delivered", "held", "failed", "waiting"})
"""What the log may say of a delivery to a receiver that is not well, once faults are over: one that waits is delivered
by itself later, one that is held or failed by a replay."""

WELL = frozenset({Kind.HEALTHY, Kind.BUSY, Kind.SLOW})
"""What was accepted for these is delivered, whatever happens to the hub, and though another receiver fails."""


@dataclass(frozen=True)
class Books:
    """What the three sides say.

    `acknowledged` are the marks of acknowledged events. `listed` are (mark, event id) of the Events API. `states`
    are the states of the delivery log by event id and webhook id. `successes` counts, by the same, the answers with
    success that a receiver gave. `webhooks` are the webhooks that want every event.
    """

    acknowledged: frozenset[str]
    listed: tuple[tuple[str, str], ...]
    states: Mapping[tuple[str, int], str]
    successes: Mapping[tuple[str, int], int]
    webhooks: Mapping[int, Kind]
    _ids: Mapping[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ids", dict(self.listed))

    def lost(self, *, settled: Iterable[str] = SETTLED) -> list[str]:
        """A sentence for each acknowledged event, and each delivery of one, that is missing from all accounts.

        `settled` are the states that are accepted for receivers that are not well all the time.
        """
        wanted = frozenset(settled)
        found = []
        for mark in sorted(self.acknowledged):
            if (id_ := self._ids.get(mark)) is None:
                found.append(f"event {mark} was acknowledged and is not listed")
                continue
            found += [text for webhook in self.webhooks if (text := self._wrong(id_, webhook, wanted))]
        return found

    def stored_twice(self) -> list[str]:
        """Marks that are listed more than once."""
        return sorted(mark for mark, count in Counter(mark for mark, _ in self.listed).items() if count > 1)

    def duplicates(self) -> int:
        """How often a receiver accepted a delivery that it had accepted before."""
        return sum(count - 1 for count in self.successes.values() if count > 1)

    def _wrong(self, id_: str, webhook: int, settled: frozenset[str]) -> str:
        state = self.states.get((id_, webhook), "not in the log")
        if state not in (DELIVERED if self.webhooks[webhook] in WELL else settled):
            return f"event {id_} for webhook {webhook} ({self.webhooks[webhook]}) is {state}"
        if state == "delivered" and not self.successes.get((id_, webhook)):
            return f"event {id_} is logged as delivered to webhook {webhook}, which never got it"
        return ""
