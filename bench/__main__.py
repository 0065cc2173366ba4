"""`make bench`: what the hub costs, as counts and as ratios within one run."""

import os
import signal
import sys

from bench import delivering, growth, registering
from bench.compared import run_comparisons
from bench.comparison import machine
from bench.imports import import_ratio
from bench.receiving import handler_over_bare_calls, transactions_per_event
from bench.report import print_rows, print_table
from devhost.azurite import azurite
from devhost.install import find_node


def main() -> int:
    """Measure on Azurites of its own, print the tables, and write bench/results.json and bench/results.png."""
    # Ending this process ends the programs that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    find_node()
    around = machine()
    with azurite() as storage:
        os.environ["AzureWebJobsStorage"] = storage.connection_string  # noqa: SIM112 - the platform's spelling
        figures = [
            transactions_per_event(storage.connection_string),
            handler_over_bare_calls(storage.connection_string),
            *delivering.figures(storage.connection_string),
            *registering.figures(storage.connection_string),
            *growth.figures(),
            import_ratio(),
        ]
    print_rows([["measured on", ""], *([name, text] for name, text in around.items())])
    print_table(figures)
    run_comparisons(figures, around)
    return 0


if __name__ == "__main__":
    sys.exit(main())
