"""The command line, run as a user runs it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Run:
    """What one command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> object:
        """What `--json` printed."""
        return json.loads(self.out)


def admin(*arguments: str, stdin: str = "", **settings: str) -> Run:
    """`python -m admin` with these arguments and this input, in an environment with these settings."""
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", **settings}
    command = [sys.executable, "-m", "admin", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )
    return Run(done.returncode, done.stdout, done.stderr)
