"""`make bench`: what the hub costs, as counts and as ratios within one run, each beside its goal."""

import argparse
import signal
import sys
import time

from bench.comparison import machine
from bench.groups import GROUPS
from bench.page import write_page
from bench.report import Figure, print_rows, print_table
from bench.results import draw, store
from bench.workshop import Workshop
from devhost.install import find_node


def main() -> int:
    """Measure and print the tables; write the results, the chart and the page where nothing was left out."""
    # Ending this process ends the programs that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    chosen = _chosen()
    find_node()
    around = machine()
    print_rows([["measured on", ""], *([name, text] for name, text in around.items())])
    figures: list[Figure] = []
    with Workshop() as shop:
        for name in chosen:
            began = time.monotonic()
            found = GROUPS[name](shop)
            sys.stdout.write(f"{name}, {time.monotonic() - began:.0f} s\n")
            print_table(found)
            figures += found
        for table in shop.tables:
            print_rows(table)
        sys.stdout.writelines(f"{line}\n" for line in shop.skipped)
    if chosen == list(GROUPS):
        store(figures, around, shop)
        draw()
        write_page()
    missed = [figure for figure in figures if figure.is_met is False]
    sys.stdout.write(f"goals missed: {len(missed)}\n")
    sys.stdout.writelines(f"  {figure.name}: {figure.value} (goal {figure.goal})\n" for figure in missed)
    return 0


def _chosen() -> list[str]:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures the hub, beside its peers.")
    parser.add_argument("--only", default=",".join(GROUPS), help=f"some of: {', '.join(GROUPS)}")
    chosen = [name.strip() for name in parser.parse_args().only.split(",")]
    unknown = [name for name in chosen if name not in GROUPS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(GROUPS)}")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
