"""Runs the comparisons, skips what is not available here and says why, prints and stores the results."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from bench import comparison
from bench.install import FOLDER, NotAvailable, python_environment
from bench.receiver import RunningReceiver, running_receiver
from bench.receiving_apps import ReceivingResult, hub_receiving, webhook_receiving
from bench.report import Figure, print_rows
from bench.senders import django_sender, hub_sender
from bench.side_by_side import Compared, Start, compare
from devhost.install import ROOT

RESULTS = ROOT / "bench" / "results.json"
CHART = ROOT / "bench" / "results.png"


def run_comparisons(figures: list[Figure], machine: Mapping[str, str]) -> None:
    """Compare, print, write `bench/results.json` and draw `bench/results.png`."""
    folder = FOLDER / "run"
    shutil.rmtree(folder, ignore_errors=True)
    skipped: list[str] = []
    with running_receiver() as receiver:
        senders = _compare_senders(receiver, folder, skipped)
    receiving = _had(_receiving_apps(folder), skipped)
    tables = [comparison.sender_rows(senders), comparison.receiving_rows(receiving)]
    for table in tables:
        print_rows(table)
    settings = {one.name: one.settings for one in senders} | {one.name: one.settings for one in receiving}
    print_rows([["set up as", ""], *([name, text] for name, text in settings.items())])
    sys.stdout.writelines(f"{line}\n" for line in ["not comparable:", *comparison.NOT_COMPARABLE, "", *skipped])
    _store(figures, machine, tables, settings, skipped, comparison.curves(senders))
    _draw()


def _compare_senders(receiver: RunningReceiver, folder: Path, skipped: list[str]) -> list[Compared]:
    starts: dict[str, Start] = {"hub": hub_sender, "django-webhook": django_sender}
    return _had([partial(compare, start, receiver, folder / name) for name, start in starts.items()], skipped)


def _receiving_apps(folder: Path) -> list[Callable[[], ReceivingResult]]:
    debian = [partial(webhook_receiving, folder / f"webhook-{waits}", waits=waits) for waits in (False, True)]
    return [partial(hub_receiving, folder / "receives"), *debian]


def _had[Result](measurements: list[Callable[[], Result]], skipped: list[str]) -> list[Result]:
    results = []
    for measure in measurements:
        try:
            results.append(measure())
        except NotAvailable as error:
            skipped.append(f"skipped: {error}")
    return results


def _store(
    figures: list[Figure],
    machine: Mapping[str, str],
    tables: list[list[list[str]]],
    settings: Mapping[str, str],
    skipped: list[str],
    curves: Mapping[str, object],
) -> None:
    content = {
        "machine": dict(machine),
        "figures": [vars(figure) for figure in figures],
        "side by side": tables,
        "settings": dict(settings),
        "not comparable": comparison.NOT_COMPARABLE,
        "skipped": skipped,
        "curves": curves,
    }
    RESULTS.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"written: {RESULTS.relative_to(ROOT)}\n")


def _draw() -> None:
    try:
        python = python_environment()
        command = [str(python), str(ROOT / "bench" / "chart.py"), str(RESULTS), str(CHART)]
        subprocess.run(command, check=True)  # noqa: S603 - our own arguments
    except (NotAvailable, subprocess.CalledProcessError) as error:
        sys.stdout.write(f"no chart: {error}\n")
    else:
        sys.stdout.write(f"drawn: {CHART.relative_to(ROOT)}\n")
