"""What hanging receivers leave to a healthy one, all of them subscribed to the same events, and what they cost."""

import math
import time
from pathlib import Path

from bench.load import Run, percentile
from bench.receiver import RunningReceiver
from bench.report import Figure, at_least, at_most, shown
from bench.runs import run_events, warm_up
from bench.senders import hub_sender, register_all
from bench.storage_log import Transactions

_SECONDS = 40
_PATIENCE_SECONDS = 40.0
_CASES = ((1, 5.0, 0.95), (20, 5.0, 0.8), (100, 1.0, 0.7))
"""Hanging receivers, events a second offered, the part of its rate that is to be left to the healthy one."""


def figures(receiver: RunningReceiver, folder: Path) -> list[Figure]:
    """Each number of hanging receivers over none at the same rate, on hubs of their own.

    The healthy receiver has been called before, but none of the hanging ones: the hub learns of them meanwhile.
    """
    alone = {rate: _measure(receiver, folder, 0, rate)[0] for rate in sorted({rate for _, rate, _ in _CASES})}
    found: list[Figure] = []
    for hanging, rate, goal in _CASES:
        run, spent = _measure(receiver, folder, hanging, rate)
        found += _figures(hanging, rate, goal, run, alone[rate], spent)
    most, rate, _ = _CASES[-1]
    new, _ = _measure(receiver, folder, most, rate, is_known=False)
    name = f"accepted to delivered for a receiver never called before, beside {most} hanging, p50"
    return [*found, shown(name, f"{percentile(new.delays or [math.inf], 50):.1f} s", _told(new))]


def _measure(
    receiver: RunningReceiver, folder: Path, hanging: int, rate: float, *, is_known: bool = True
) -> tuple[Run, Transactions]:
    """Offer for some time; transactions are counted from the first event on, and until the last one has arrived."""
    urls = [f"{receiver.url}/hanging/{number}" for number in range(hanging)]
    receiver.receipts()
    with hub_sender(folder / f"hanging-{hanging}-{rate:g}-{is_known}", f"{receiver.url}/healthy") as sender:
        if is_known:
            warm_up(sender, receiver)
        register_all(sender.client, urls)
        log = sender.site.storage_log
        log.begin()
        began = time.monotonic()
        run = run_events(sender, receiver, int(_SECONDS * rate), rate, patience_seconds=_PATIENCE_SECONDS)
        time.sleep(max(0.0, began + _SECONDS - time.monotonic()))
        return run, log.since()


def _figures(hanging: int, rate: float, goal: float, run: Run, alone: Run, spent: Transactions) -> list[Figure]:
    name = f"beside {hanging} hanging, {rate:g} events a second offered"
    left = _rate(run) / _rate(alone)
    cost = f"transactions an event {name}"
    method = f"{run.offered} events, from the first on: {spent.shares(run.offered)}"
    return [
        at_least(
            f"rate left to a healthy receiver {name}",
            left,
            goal,
            _told(run),
            unit="x",
        ),
        at_most(cost, spent.total / run.offered, 35, method, digits=0)
        if hanging == 20
        else shown(cost, f"{spent.total / run.offered:.0f}", method),
    ]


def _told(run: Run) -> str:
    """How many arrived, and how long that took, from the first event on."""
    count = f"{len(run.arrived)} of {len(run.accepted)} delivered"
    if not run.delays:
        return count
    soon = sum(delay <= 1 for delay in run.delays) / len(run.delays)
    p50, p95 = (f"p{percent} {percentile(run.delays, percent):.2f} s" for percent in (50, 95))
    return f"{count}; accepted to delivered: {p50}, {p95}, at most {run.delays[-1]:.2f} s, {soon:.0%} within a second"


def _rate(run: Run) -> float:
    """Over the whole wait if something is missing, because a sender that stopped is not fast."""
    if run.missing:
        return len(run.arrived) / (_SECONDS + _PATIENCE_SECONDS)
    return run.delivered_a_second
