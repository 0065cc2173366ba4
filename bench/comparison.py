"""The tables of the comparison: a row for each measurement, a column for each app that was measured. Pure."""

import json
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version

from bench.load import Run, percentile
from bench.receiving_apps import EVENTS, ReceivingResult
from bench.side_by_side import BURST, PATIENCE_SECONDS, STEADY, Compared
from devhost.install import ROOT

NOT_COMPARABLE = (
    "The hub judges key, payload, role and duplicate and has written the event to storage twice before it answers;",
    "django-webhook's view writes one row to SQLite, and its task to Redis' memory, which forgets it in a crash.",
    "The hub writes down every attempt and judges every address; django-webhook writes a row before and after a",
    "delivery, sends without a time limit, and does not try again where no answer came.",
    "The hub runs under its development host with Azurite, an emulator; neither is what it runs on in production.",
    "webhook starts a command and keeps nothing itself: no duplicates are found, nothing is delivered onwards.",
)
_PERCENTILES = (50, 95, 99)


def sender_rows(compared: Sequence[Compared]) -> list[list[str]]:
    """Delays, rates, and the count of what came, for each sender."""
    steady, rate = STEADY
    return [
        ["as a sender", *(one.name for one in compared)],
        [f"accepted to delivered, {steady} events at {rate:g} a second: {_names()}"]
        + [_milliseconds(one.steady.delays) for one in compared],
        ["post to its answer, the same events: " + _names(), *(_milliseconds(one.steady.answers) for one in compared)],
        ["  counted at the receiver", *(_count(one.steady) for one in compared)],
        [f"burst of {BURST}: accepted a second", *(f"{one.burst.accepted_a_second:.0f}" for one in compared)],
        [f"burst of {BURST}: delivered a second", *(f"{one.burst.delivered_a_second:.0f}" for one in compared)],
        ["  counted at the receiver", *(_count(one.burst) for one in compared)],
        [f"burst of {BURST}, a hanging receiver beside: delivered a second"]
        + [f"{_rate_beside_hanging(one):.1f}" for one in compared],
        ["  over the rate without it", *(f"{_left(one):.2f}x" for one in compared)],
        [f"  counted at the receiver within {PATIENCE_SECONDS:g} s", *(_count(one.beside_hanging) for one in compared)],
    ]


def receiving_rows(results: Sequence[ReceivingResult]) -> list[list[str]]:
    """Answers and what was kept, for each receiver."""
    return [
        ["as a receiver", *(one.name for one in results)],
        [f"{EVENTS} posts by 8 clients: accepted a second", *(f"{one.run.accepted_a_second:.0f}" for one in results)],
        [f"post to its answer: {_names()}", *(_milliseconds(one.run.answers) for one in results)],
        ["kept of what was accepted", *(f"{one.stored} of {len(one.run.accepted)}" for one in results)],
    ]


def curves(compared: Sequence[Compared]) -> dict[str, object]:
    """What the chart draws, in seconds: delays in order, and arrivals since the first post."""
    return {
        one.name: {
            "delays": one.steady.delays,
            "burst": one.burst.arrivals,
            "beside_hanging": one.beside_hanging.arrivals,
        }
        for one in compared
    }


def machine() -> dict[str, str]:
    """The machine and the versions that everything ran on, as far as they are known."""
    azurite = json.loads((ROOT / "devhost" / "npm" / "package.json").read_text(encoding="utf-8"))["dependencies"]
    return {
        "cores": str(os.cpu_count()),
        "load before": ", ".join(f"{load:.1f}" for load in os.getloadavg()),
        "python": platform.python_version(),
        "azurite": azurite["azurite"],
        "azure-data-tables": version("azure-data-tables"),
        "azure-storage-queue": version("azure-storage-queue"),
    }


def _rate_beside_hanging(compared: Compared) -> float:
    """Over the whole wait if something is missing, because a sender that stopped is not fast."""
    run = compared.beside_hanging
    return len(run.arrived) / PATIENCE_SECONDS if run.missing else run.delivered_a_second


def _left(compared: Compared) -> float:
    """The rate of deliveries to the healthy receiver beside a hanging one, as a part of the rate without it."""
    return _rate_beside_hanging(compared) / compared.burst.delivered_a_second


def _count(run: Run) -> str:
    again = f", {run.duplicates} again" if run.duplicates else ""
    return f"{len(run.arrived)} of {len(run.accepted)} accepted{again}"


def _milliseconds(seconds: Sequence[float]) -> str:
    if not seconds:
        return "none"
    return " / ".join(f"{percentile(seconds, percent) * 1000:.0f}" for percent in _PERCENTILES) + " ms"


def _names() -> str:
    return " / ".join(f"p{percent}" for percent in _PERCENTILES)
