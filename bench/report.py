"""One line of the benchmark's table, and the table."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What was measured, its value with its unit, and the goal it is held against."""

    name: str
    value: str
    goal: str
    method: str


def print_table(figures: Iterable[Figure]) -> None:
    """The figures as aligned columns on standard output."""
    rows = [("figure", "value", "goal", "method"), *((f.name, f.value, f.goal, f.method) for f in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")
