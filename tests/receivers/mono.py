"""A C# compiler and what runs its programs: Debian's Mono, for Microsoft's own are in no registry that we use."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

_PACKAGES = ("mono-mcs", "mono-runtime", "libmono-system-runtime-serialization4.0-cil")


class NoMono(Exception):
    """There is no Mono, and it could not be installed. The message says what to do."""


def find_mono() -> None:
    """Install Mono where it is missing and may be installed; raises NoMono."""
    if not _is_there():
        _install()
    if not _is_there():
        raise NoMono("Mono is not on this machine: `make test` installs it on Debian as root, elsewhere install mono")


def main() -> int:
    """Install Mono where it is missing and may be installed. Returns 0 if it is there afterwards."""
    try:
        find_mono()
    except (NoMono, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def compile_program(source: Path, program: Path) -> None:
    """Compile one file of C#; what the compiler has to say, warnings included, is an error."""
    command = ["mcs", "-warnaserror", "-r:System.Runtime.Serialization", f"-out:{program}", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _is_there() -> bool:
    return all(map(shutil.which, ("mcs", "mono")))


def _install() -> None:
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return
    sys.stderr.write("Mono is not on this machine: installing it with apt-get\n")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "--yes", "--no-install-recommends", *_PACKAGES]):
        subprocess.run([apt, "-qq", *words], env=quiet, stdout=sys.stderr, check=False)


if __name__ == "__main__":
    sys.exit(main())
