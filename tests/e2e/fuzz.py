"""Drives the app by its own document for as long as one likes: `python -m tests.e2e.fuzz [--minutes N] [--seed N]`.

Each round is test_driven.py with many more examples, from the next seed. It ends with the first round that finds
something; the seed that is printed repeats it.
"""

import argparse
import os
import secrets
import subprocess
import sys
import time

_EXAMPLES = "100"
_MAX_SEED = 10**9


def main() -> int:
    """Run rounds. Returns 0 if the time is over and nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.fuzz", description="Drives the app by its document.")
    parser.add_argument("--minutes", type=float, default=60, help="begin no other round after so many; 60 if left out")
    parser.add_argument("--seed", type=int, default=None, help="the first seed; drawn if left out")
    options = parser.parse_args()
    seed = secrets.randbelow(_MAX_SEED) if options.seed is None else options.seed
    end = time.monotonic() + options.minutes * 60
    while True:
        sys.stdout.write(f"SEED={seed}\n")
        sys.stdout.flush()
        environment = {"EXAMPLES": _EXAMPLES, **os.environ, "SEED": str(seed)}
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--show-capture=no",
            "--timeout=3600",
            "tests/e2e/test_driven.py",
        ]
        ended = subprocess.run(command, env=environment, check=False)
        if ended.returncode or time.monotonic() > end:
            return ended.returncode
        seed += 1


if __name__ == "__main__":
    sys.exit(main())
