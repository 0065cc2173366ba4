"""`python -m bench.page`: puts the tables of bench/results.json into docs/performance.md, between their marks."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from bench.results import RESULTS
from devhost.install import ROOT

PAGE = ROOT / "docs" / "performance.md"
_BEGIN, _END = "<!-- from bench/results.json -->", "<!-- end -->"


def page_with(results: Mapping[str, Any], page: str) -> str:
    """The page with the tables of these results. Pure."""
    figures = [["figure", "value", "goal", "", "method"]]
    figures += [[one["name"], one["value"], one["goal"], one["verdict"], one["method"]] for one in results["figures"]]
    around = [["measured on", ""], *map(list, results["machine"].items())]
    settings = [["set up as", ""], *map(list, results["settings"].items())]
    tables = [around, figures, *results["side by side"], settings]
    text = "\n\n".join(markdown(table) for table in tables)
    skipped = "".join(f"\n\n{line}" for line in results["skipped"])
    return re.sub(
        f"{re.escape(_BEGIN)}.*{re.escape(_END)}",
        lambda _: f"{_BEGIN}\n\n{text}{skipped}\n\n{_END}",
        page,
        flags=re.DOTALL,
    )


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table, whose first row is its head. Pure."""
    lines = [f"| {' | '.join(cell.strip() for cell in row)} |" for row in rows]
    return "\n".join([lines[0], f"|{'---|' * len(rows[0])}", *lines[1:]]).replace("|  |", "| |")


def write_page() -> None:
    """Write the page anew."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    PAGE.write_text(page_with(results, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"written: {PAGE.relative_to(ROOT)}\n")


if __name__ == "__main__":
    write_page()
