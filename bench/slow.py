"""Receivers that are well but not quick, and one that restarts in the middle of a burst."""

import threading
import time
from pathlib import Path

from bench.load import percentile
from bench.receiver import RunningReceiver
from bench.report import Figure, at_least, at_most, shown
from bench.runs import run_events, warm_up
from bench.senders import hub_sender

_SLOW_EVENTS = 400
_SLOW_OFFERED = 30.0
_BURST = 1_000
_RESTART_AFTER_SECONDS = 4.0
_PATIENCE_SECONDS = 180.0


def slow_figures(receiver: RunningReceiver, folder: Path) -> list[Figure]:
    """A receiver that answers each request after 700 ms, not known before."""
    with hub_sender(folder / "slow", f"{receiver.url}/slow") as sender:
        run = run_events(sender, receiver, _SLOW_EVENTS, _SLOW_OFFERED, path="slow", patience_seconds=_PATIENCE_SECONDS)
    rate = f"{len(run.arrived)} of {len(run.accepted)} delivered, {_SLOW_OFFERED:g} a second offered"
    p50, p95 = (f"p{percent} {percentile(run.delays or [0.0], percent):.1f} s" for percent in (50, 95))
    return [
        at_least(
            "events a second to a receiver that needs 700 ms",
            run.delivered_a_second,
            20,
            f"{rate}; accepted to its request: {p50}, {p95}",
            digits=1,
        )
    ]


def restart_figures(receiver: RunningReceiver, folder: Path) -> list[Figure]:
    """A receiver that is gone for three seconds in the middle of a burst."""
    with hub_sender(folder / "restart", f"{receiver.url}/healthy") as sender:
        warm_up(sender, receiver)
        restart = threading.Timer(_RESTART_AFTER_SECONDS, receiver.restart)
        restart.start()
        began = time.monotonic()
        run = run_events(sender, receiver, _BURST, patience_seconds=_PATIENCE_SECONDS)
        restart.join()
        state = str(sender.client.webhooks()[0]["State"])
    before = sum(at < began + _RESTART_AFTER_SECONDS for at in run.arrived.values())
    last = run.arrivals[-1] if run.arrived else 0.0
    return [
        at_most(
            f"burst of {_BURST:,} while its receiver restarts for 3 s: not delivered",
            run.missing,
            0,
            f"of {len(run.accepted):,} accepted; {before} came before, the last one after {last:.0f} s; "
            f"{run.duplicates} again",
            digits=0,
        ),
        at_least(
            f"burst of {_BURST:,} while its receiver restarts: the webhook is Active afterwards",
            float(state == "Active"),
            1,
            f"its state: {state}",
            digits=0,
        ),
        shown(f"burst of {_BURST:,} while its receiver restarts: delivered a second", f"{run.delivered_a_second:.0f}"),
    ]
