"""`python -m bench.simulation`: prints the table, and puts it into docs/performance.md. Half a minute.

With words behind it, it prints the scenarios that contain one of them, and writes nothing.
"""

import re
import sys
from collections.abc import Sequence

from bench.page import PAGE, markdown
from bench.report import print_rows
from bench.simulation.figures import HEADINGS, simulated
from bench.simulation.instance import host_limits
from bench.simulation.scenarios import SCENARIOS, Scenario

_BEGIN, _END = "<!-- from python -m bench.simulation -->", "<!-- end of the simulation -->"


def row(scenario: Scenario) -> list[str]:
    """A scenario and its figures, as a row of the table."""
    return [scenario.name, *simulated(scenario, host_limits()).cells()]


def page_with(rows: Sequence[Sequence[str]], page: str) -> str:
    """The page with these rows. Pure."""
    table = markdown([HEADINGS, *rows])
    return re.sub(
        f"{re.escape(_BEGIN)}.*{re.escape(_END)}", lambda _: f"{_BEGIN}\n\n{table}\n\n{_END}", page, flags=re.DOTALL
    )


def main(words: Sequence[str]) -> int:
    """Print the table; write it if it is whole."""
    chosen = [one for one in SCENARIOS if not words or any(word in one.name for word in words)]
    rows = [row(one) for one in chosen]
    print_rows([HEADINGS, *rows])
    if not words:
        PAGE.write_text(page_with(rows, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
