"""Runs the comparisons, skips with its reason what cannot be had, and prints and stores what came out."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from bench import comparison
from bench.install import FOLDER, NotToBeHad, python_environment
from bench.receiver import RunningReceiver, running_receiver
from bench.report import Figure, print_rows
from bench.senders import django_sender, hub_sender
from bench.side_by_side import Compared, Start, compare
from bench.takers import Taken, hub_taking, webhook_taking
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
    takers = _had(_takers(folder), skipped)
    tables = [comparison.sender_rows(senders), comparison.taker_rows(takers)]
    for table in tables:
        print_rows(table)
    settings = {one.name: one.settings for one in senders} | {one.name: one.settings for one in takers}
    print_rows([["set up as", ""], *([name, text] for name, text in settings.items())])
    sys.stdout.writelines(f"{line}\n" for line in ["not comparable:", *comparison.NOT_COMPARABLE, "", *skipped])
    _store(figures, machine, tables, settings, skipped, comparison.curves(senders))
    _draw()


def _compare_senders(receiver: RunningReceiver, folder: Path, skipped: list[str]) -> list[Compared]:
    starts: dict[str, Start] = {"hub": hub_sender, "django-webhook": django_sender}
    return _had([partial(compare, start, receiver, folder / name) for name, start in starts.items()], skipped)


def _takers(folder: Path) -> list[Callable[[], Taken]]:
    debian = [partial(webhook_taking, folder / f"webhook-{waits}", waits=waits) for waits in (False, True)]
    return [partial(hub_taking, folder / "takes"), *debian]


def _had[Result](measurements: list[Callable[[], Result]], skipped: list[str]) -> list[Result]:
    results = []
    for measure in measurements:
        try:
            results.append(measure())
        except NotToBeHad as error:
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
    except (NotToBeHad, subprocess.CalledProcessError) as error:
        sys.stdout.write(f"no chart: {error}\n")
    else:
        sys.stdout.write(f"drawn: {CHART.relative_to(ROOT)}\n")
