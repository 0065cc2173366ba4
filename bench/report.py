"""The output of the benchmarks: figures beside their goals, and tables."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What was measured, the value with its unit, its goal, and whether that is met (None where there is no goal)."""

    name: str
    value: str
    goal: str
    method: str
    is_met: bool | None = None

    @property
    def verdict(self) -> str:
        """For the tables."""
        return {True: "met", False: "missed", None: ""}[self.is_met]


def at_most(name: str, number: float, goal: float, method: str, *, unit: str = "", digits: int = 2) -> Figure:
    """A figure that is good if it is small."""
    return _judged(name, number, goal, method, unit, digits, is_met=round(number, digits) <= goal)


def at_least(name: str, number: float, goal: float, method: str, *, unit: str = "", digits: int = 2) -> Figure:
    """A figure that is good if it is large."""
    return _judged(name, number, goal, method, unit, digits, is_met=round(number, digits) >= goal)


def shown(name: str, value: str, method: str = "") -> Figure:
    """A figure without a goal."""
    return Figure(name, value, "", method)


def _judged(name: str, number: float, goal: float, method: str, unit: str, digits: int, *, is_met: bool) -> Figure:
    return Figure(name, f"{number:,.{digits}f}{unit}", f"{goal:,g}{unit}", method, is_met)


def print_table(figures: Iterable[Figure]) -> None:
    """The figures as aligned columns on standard output."""
    rows = [(f.name, f.value, f.goal, f.verdict, f.method) for f in figures]
    print_rows([("figure", "value", "goal", "", "method"), *rows])


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
