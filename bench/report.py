"""The output of the benchmarks: figures beside their goals, and tables."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What was measured, the value with its unit, and its goal."""

    name: str
    value: str
    goal: str
    method: str


def print_table(figures: Iterable[Figure]) -> None:
    """The figures as aligned columns on standard output."""
    print_rows([("figure", "value", "goal", "method"), *((f.name, f.value, f.goal, f.method) for f in figures)])


def print_rows(rows: Sequence[Sequence[str]]) -> None:
    """Rows of equal length as aligned columns on standard output, and an empty line."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")
    sys.stdout.write("\n")
    sys.stdout.flush()


def expect(found: object, wanted: object) -> None:
    """Raise RuntimeError unless the measured code did what it should."""
    if found != wanted:
        raise RuntimeError(f"the benchmark measured something else: {found} instead of {wanted}")
