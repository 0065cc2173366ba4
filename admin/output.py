"""The output of the command line: tables for people, JSON for scripts, and errors on standard error."""

import json
from collections.abc import Iterable, Mapping

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared.errors import HubError
from shared.http import problem_content

type Record = Mapping[str, object]


def print_records(title: str, columns: Iterable[str], records: Iterable[Record], *, as_json: bool) -> None:
    """A table with these columns, or a JSON array of the records."""
    rows = list(records)
    if as_json:
        print_json(rows)
        return
    table = Table(title=title, title_justify="left", show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        # As Text: rich would read brackets in a plain string as markup.
        table.add_row(*(Text(str(row.get(column, ""))) for column in columns))
    Console().print(table)


def print_json(value: object) -> None:
    """One JSON text on standard output."""
    typer.echo(json.dumps(value, indent=2, default=str))


def print_problem(error: HubError) -> None:
    """An error as a problem (RFC 9457), on standard error."""
    typer.echo(json.dumps(problem_content(error), indent=2), err=True)


def fail(message: str) -> typer.Exit:
    """Print an error on standard error. Raise the result to end with exit code 1."""
    typer.echo(f"error: {message}", err=True)
    return typer.Exit(1)
