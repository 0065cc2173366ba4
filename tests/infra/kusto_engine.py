"""Runs queries over rows of a test's own: by DuckDB and a translator of the query language, in their own process.

It is not the engine of Azure Monitor: that a query is valid there is what Microsoft's language service says (kusto.py),
and what it makes of rows is seen here. Both are installed into `.local/kusto`, apart from the app.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.kept import kept

_REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_SCRIPT = Path(__file__).with_name("kusto_run.py")

type Row = Mapping[str, Any]
type Rows = Mapping[str, Sequence[Row]]
"""Rows by the names of their tables; `TimeGenerated` is a text in ISO 8601, in UTC."""


class Engine:
    """The process. A table that no rows are given for does not exist, as in a workspace that nothing has reached."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, query: str, rows: Rows) -> list[dict[str, Any]]:
        """The rows of the query's result."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"query": query, "rows": rows}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the engine has ended, see its standard error"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        result: list[dict[str, Any]] = answer["rows"]
        return result


@contextmanager
def running_engine() -> Iterator[Engine]:
    """An engine, installed if it was not; its process has ended afterwards."""
    folder = kept("kusto", _REQUIREMENTS.read_text(encoding="utf-8"), _install)
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, str(_SCRIPT)], env=environment, stdin=pipe, stdout=pipe, text=True
    ) as process:
        try:
            yield Engine(process)
        finally:
            process.kill()


def _install(folder: Path) -> None:
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    pip = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder), "-r", str(_REQUIREMENTS)]
    subprocess.run(pip, check=True)
