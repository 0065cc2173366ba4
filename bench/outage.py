"""A storage outage of 40 s: what callers see meanwhile, and when the hub goes on."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import requests

from bench.load import percentile
from bench.receiver import RunningReceiver
from bench.report import Figure, at_most, shown
from bench.runs import marks_of, receipts_of, warm_up
from bench.senders import CREATED, HubSender, hub_sender

_OUTAGE_SECONDS = 40.0
_CALLERS = 150
_PAUSE_SECONDS = 3.0
_LONG_SECONDS = 25.0
_PATIENCE_SECONDS = 150.0
_HEALTH_SECONDS = 2.0


@dataclass(frozen=True)
class _Call:
    mark: str
    status: int
    ended: float
    seconds: float


def figures(receiver: RunningReceiver, folder: Path) -> list[Figure]:
    """150 callers, each of which posts again 3 s after an answer, while Azurite answers nothing for 40 s."""
    with hub_sender(folder / "outage", f"{receiver.url}/healthy") as sender:
        warm_up(sender, receiver)
        until = time.monotonic() + _OUTAGE_SECONDS
        with ThreadPoolExecutor(_CALLERS + 1) as pool:
            outage = threading.Thread(target=sender.site.pause_storage, args=(_OUTAGE_SECONDS,))
            outage.start()
            health = pool.submit(_health, sender, until)
            callers = [pool.submit(_call_until, sender, number, until) for number in range(_CALLERS)]
            calls = [call for caller in callers for call in caller.result()]
        outage.join()
        accepted = {call.mark for call in calls if call.status == CREATED}
        last = _last_arrival(sender, receiver, accepted, until)
    return _figures(calls, accepted, health.result(), None if last is None else last - until)


def _figures(calls: list[_Call], accepted: set[str], health: list[float], resumed: float | None) -> list[Figure]:
    waits = sorted(call.seconds for call in calls)
    statuses = ", ".join(
        f"{status or 'no answer'} {sum(call.status == status for call in calls)}"
        for status in sorted({call.status for call in calls})
    )
    return [
        at_most(
            f"storage outage of {_OUTAGE_SECONDS:g} s: callers that wait over {_LONG_SECONDS:g} s",
            sum(wait > _LONG_SECONDS for wait in waits),
            0,
            f"of {len(calls)} posts by {_CALLERS} callers; answers: {statuses}; "
            f"p50 {percentile(waits, 50):.1f} s, at most {waits[-1]:.1f} s",
            digits=0,
        ),
        shown("storage outage: Health answers within", f"{max(health):.1f} s", f"{len(health)} calls meanwhile"),
        shown(
            "storage outage: what was accepted around it is delivered after",
            "not all" if resumed is None else f"{max(resumed, 0):.0f} s",
            f"{len(accepted)} accepted",
        ),
    ]


def _call_until(sender: HubSender, number: int, until: float) -> list[_Call]:
    calls = []
    # Callers do not come all in the same moment.
    time.sleep(_PAUSE_SECONDS * number / _CALLERS)
    while time.monotonic() < until:
        mark, began = str(uuid.uuid4()), time.monotonic()
        status = sender.post_to(sender.site.url, mark, timeout=90)
        ended = time.monotonic()
        calls.append(_Call(mark, status, ended, ended - began))
        time.sleep(_PAUSE_SECONDS)
    return calls


def _health(sender: HubSender, until: float) -> list[float]:
    took = []
    while time.monotonic() < until:
        began = time.monotonic()
        requests.get(f"{sender.site.url}/api/health", timeout=60)
        took.append(time.monotonic() - began)
        time.sleep(_HEALTH_SECONDS)
    return took


def _last_arrival(sender: HubSender, receiver: RunningReceiver, wanted: set[str], until: float) -> float | None:
    """When the last of these events came; None if one did not come in time."""
    came: dict[str, float] = {}
    while not wanted <= came.keys():
        if time.monotonic() > until + _PATIENCE_SECONDS:
            return None
        for mark, at in marks_of(sender, receipts_of(receiver), "healthy"):
            came.setdefault(mark, at)
        time.sleep(0.2)
    return max((came[mark] for mark in wanted), default=until)
