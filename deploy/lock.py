"""Makes the lock files from what we ask for: `python -m deploy.lock [--upgrade]`.

What is locked stays as it is where it may; `--upgrade` takes the newest of what we did not pin ourselves.
"""

import argparse
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from deploy.requirements import lock_faults
from deploy.tool import ROOT, Failed, uv


@dataclass(frozen=True)
class Lock:
    """The file that we write by hand, and the one that is made from it, both relative to the root."""

    asked: str
    locked: str


APP = Lock("requirements.in", "requirements.txt")
TOOLS = tuple(
    Lock(f"deploy/tools/{name}.in", f"deploy/tools/{name}.txt")
    for name in ("checkov", "openapi-python-client", "zensical", "zizmor")
)


def main() -> int:
    """Write all lock files. Returns 0 if that was possible."""
    parser = argparse.ArgumentParser(prog="python -m deploy.lock", description="Makes the lock files.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest of what is not pinned by us")
    upgrade = parser.parse_args().upgrade
    try:
        for lock in (APP, *TOOLS):
            write_lock(lock, upgrade=upgrade)
    except (Failed, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def write_lock(lock: Lock, *, root: Path = ROOT, upgrade: bool = False, options: tuple[str, ...] = ()) -> None:
    """Write a lock file, for all systems and with hashes; raises Failed, and then the old one stays.

    `options` are more of uv's, such as where to look for packages; none of them is written into the file.
    """
    python = (ROOT / ".python-version").read_text(encoding="utf-8").strip()
    command = ["pip", "compile", "--universal", "--generate-hashes", f"--python-version={python}"]
    files = [f"--output-file={lock.locked}", lock.asked]
    # Where a package comes from is each machine's own business.
    quiet = ["--no-header", "--no-emit-index-url", "--no-emit-find-links", *(["--upgrade"] if upgrade else [])]
    uv(*command, *quiet, *options, *files, folder=root)
    written = root / lock.locked
    # What updates dependencies on a forge takes uv's options from this line.
    header = f"# Made by `make lock` from {lock.asked}: change that one.\n#    uv {' '.join([*command, *files])}\n"
    written.write_text(header + written.read_text(encoding="utf-8"), encoding="utf-8")


def faults_of(lock: Lock) -> list[str]:
    """What makes a lock file of the app out of date, in sentences, as far as this environment knows its packages."""
    asked, locked = ((ROOT / name).read_text(encoding="utf-8") for name in (lock.asked, lock.locked))
    return lock_faults(asked, locked, _requires_of)


def _requires_of(name: str, version: str) -> list[str] | None:
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return None
    return list(found.requires or ()) if found.version == version else None


if __name__ == "__main__":
    sys.exit(main())
