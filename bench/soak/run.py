"""One soak from its plan to its account."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.site import Site
from bench.soak.account import DELIVERED, SETTLED, Books
from bench.soak.client import CONNECTION_EVENT, SIGNAL_EVENT, Client
from bench.soak.faults import FaultTimes, cause, double
from bench.soak.pauses import Judged
from bench.soak.plan import HOSTS, Plan
from bench.soak.receivers import Kind, Receivers
from shared.delivery.redrive import redrive

LEASE_SECONDS = 10
"""How long a message that a killed host held stays hidden; the platform takes ten minutes."""

SETTINGS = {
    "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:06",
    "DELIVERY_REQUIRE_HTTPS": "false",
    "DELIVERY_ALLOWED_NETWORKS": "127.0.0.0/8",
    "DELIVERY_RETRY_DELAYS": "1,1,2",
    "DELIVERY_CIRCUIT_DELAYS": "1,2,4",
    "DELIVERY_DEADLINE_SECONDS": "4",
}
"""Shorter than in production, so that a run ends; the wait between attempts to dispatch, times their number, stays
above the 25 s that a request may take."""

_POSTERS = 32
_LOOK_SECONDS = 1.0
_REDRIVE_SECONDS = 15.0
_CALM_SECONDS = 0.5


@dataclass(frozen=True)
class Report:
    """What a soak found: the books when all had settled, and those after receivers were repaired and all replayed.

    `disabled` are the receivers whose webhooks a person had to activate again. `pauses` were judged before the repair.
    """

    plan: Plan
    settled: Books
    replayed: Books
    statuses: "Counter[int]"
    done: "Counter[str]"
    forged: int
    disabled: frozenset[Kind]
    pauses: Judged
    seconds: dict[str, float]

    @property
    def lost(self) -> list[str]:
        """What is missing from all accounts, before or after the replay; [] if nothing was lost."""
        return list(dict.fromkeys([*self.settled.lost(), *self.replayed.lost(settled=DELIVERED)]))


def run(plan: Plan, folder: Path, *, patience_seconds: float, say: Callable[[str], object] = len) -> Report:
    """Do what the plan says, then wait until everything has settled, each time at most `patience_seconds`.

    `say` is called with the progress.
    """
    done: Counter[str] = Counter()
    site = Site(folder, SETTINGS, lease_seconds=LEASE_SECONDS, instances=HOSTS)
    with Receivers(plan.seed) as receivers, site:
        client = Client(site)
        webhooks = {client.register(kind, receivers.url(kind)): kind for kind in Kind}
        clock, times = _Clock(), FaultTimes()
        _trouble(plan, site, client, done, times)
        clock.lap("trouble")
        say(f"{len(client.acknowledged)} events acknowledged; the faults are over, some more events come")
        _calm(plan, client)
        clock.lap("calm")
        look = _Look(client, receivers, webhooks)
        settled = _wait(site, look, SETTLED, patience_seconds, done)
        clock.lap("settling")
        pauses = receivers.pauses.judged(times.spans)
        say(f"{len(settled.lost())} lost so far; replaying what is held or failed to receivers that are mended")
        receivers.mend()
        disabled = frozenset(webhooks[id_] for id_ in client.activate_disabled())
        client.replay()
        replayed = _wait(site, look, DELIVERED, patience_seconds, done)
        clock.lap("replaying")
        return Report(
            plan,
            settled,
            replayed,
            client.statuses,
            done,
            len(receivers.forged),
            disabled,
            pauses,
            clock.laps,
        )


class _Clock:
    """How long each part took, in seconds."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """This part is over."""
        now = time.monotonic()
        self.laps[name], self._since = now - self._since, now


def _calm(plan: Plan, client: Client) -> None:
    """Post some more events, one after the other, while nothing but receivers is at fault."""
    for event in plan.calm:
        client.post(event)
        time.sleep(_CALM_SECONDS)


def _trouble(plan: Plan, site: Site, client: Client, done: "Counter[str]", times: FaultTimes) -> None:
    """Post all events while faults happen; over when every event was posted and the last fault is mended."""
    is_over = threading.Event()
    started = time.monotonic()
    chance = random.Random(plan.seed)  # noqa: S311 - to be repeated, not to be secret
    with ThreadPoolExecutor(3) as trouble, ThreadPoolExecutor(_POSTERS) as posters:
        doubling = trouble.submit(double, site, chance, is_over, done)
        under_way: list[Future[None]] = [
            trouble.submit(cause, site, faults, started, done, times)
            for faults in (plan.host_faults, plan.storage_faults)
        ]
        for event in plan.events:
            time.sleep(max(0.0, started + event.at - time.monotonic()))
            under_way.append(posters.submit(client.post, event))
        try:
            for future in under_way:
                future.result()
        finally:
            is_over.set()
        doubling.result()


@dataclass(frozen=True)
class _Look:
    """Asks all sides what they know."""

    client: Client
    receivers: Receivers
    webhooks: dict[int, Kind]

    def __call__(self) -> Books:
        """The books as they are now."""
        numbers = {kind: number for number, kind in self.webhooks.items()}
        return Books(
            acknowledged=frozenset(self.client.acknowledged),
            listed=tuple(
                (str(event["entityId"]), str(event["id"]))
                for event in self.client.events()
                if event["type"] in {CONNECTION_EVENT, SIGNAL_EVENT}
            ),
            states={
                (str(each["eventId"]), int(str(each["webhookId"]))): _state(each) for each in self.client.deliveries()
            },
            successes={(id_, numbers[kind]): count for (kind, id_), count in self.receivers.successes.items()},
            webhooks=self.webhooks,
        )


def _state(delivery: Mapping[str, object]) -> str:
    state = str(delivery["state"])
    return f"{state} for no reason" if state == "waiting" and not delivery.get("waitingReason") else state


def _wait(
    site: Site, look: Callable[[], Books], settled: frozenset[str], patience_seconds: float, done: "Counter[str]"
) -> Books:
    """Look until nothing is open or the time is over. Messages in poison queues are put back, as operators do."""
    give_up_at = time.monotonic() + patience_seconds
    redrive_at = time.monotonic() + _REDRIVE_SECONDS
    while (books := look()).lost(settled=settled) and time.monotonic() < give_up_at:
        if time.monotonic() > redrive_at:
            done["message put back from poison"] += sum(
                each.put_back for each in redrive(site.hub.storage, dry_run=False)
            )
            redrive_at = time.monotonic() + _REDRIVE_SECONDS
        time.sleep(_LOOK_SECONDS)
    return books
