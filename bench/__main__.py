"""`make bench`: what the hub costs, as counts and as ratios within one run."""

import os
import sys

from bench import delivering
from bench.imports import import_ratio
from bench.receiving import handler_over_bare_calls, transactions_per_event
from bench.report import print_table
from devhost.azurite import azurite
from devhost.install import find_node


def main() -> int:
    """Measure on an Azurite of its own, and print the table."""
    find_node()
    with azurite() as storage:
        os.environ["AzureWebJobsStorage"] = storage.connection_string  # noqa: SIM112 - the platform's spelling
        print_table(
            [
                transactions_per_event(storage.connection_string),
                handler_over_bare_calls(storage.connection_string),
                *delivering.figures(storage.connection_string),
                import_ratio(),
            ]
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
