"""The command line of the benchmarks (bench/__main__.py)."""

import subprocess
import sys

from bench.groups import GROUPS
from devhost.install import ROOT


def test_a_measurement_that_is_not_there_is_refused_and_all_that_are_are_named() -> None:
    command = [sys.executable, "-m", "bench", "--only", "burst,nonsense"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "unknown: nonsense" in done.stderr
    assert all(name in done.stderr for name in GROUPS)
