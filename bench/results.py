"""Stores what a run measured, and has it drawn."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence

from bench.comparison import NOT_COMPARABLE
from bench.install import NotAvailable, python_environment
from bench.report import Figure
from bench.workshop import Workshop
from devhost.install import ROOT

RESULTS = ROOT / "bench" / "results.json"
CHART = ROOT / "bench" / "results.png"


def store(figures: Sequence[Figure], machine: Mapping[str, str], shop: Workshop) -> None:
    """Write `bench/results.json`."""
    content = {
        "machine": dict(machine),
        "figures": [{**vars(figure), "verdict": figure.verdict} for figure in figures],
        "side by side": shop.tables,
        "settings": shop.settings,
        "not comparable": NOT_COMPARABLE,
        "skipped": shop.skipped,
        "curves": shop.curves,
    }
    RESULTS.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"written: {RESULTS.relative_to(ROOT)}\n")


def draw() -> None:
    """Draw `bench/results.png` from it, in the environment of requirements-bench.txt, or say why not."""
    try:
        python = python_environment()
        command = [str(python), str(ROOT / "bench" / "chart.py"), str(RESULTS), str(CHART)]
        subprocess.run(command, check=True)  # noqa: S603 - our own arguments
    except (NotAvailable, subprocess.CalledProcessError) as error:
        sys.stdout.write(f"no chart: {error}\n")
    else:
        sys.stdout.write(f"drawn: {CHART.relative_to(ROOT)}\n")
