"""Installs what the hub is compared with below `.local/bench`: a Python environment, Debian packages without root."""

import os
import subprocess
import sys
from pathlib import Path

from devhost.install import ROOT

FOLDER = ROOT / ".local" / "bench"
_REQUIREMENTS = ROOT / "requirements-bench.txt"
_TIMEOUT_SECONDS = 600
REDIS_PACKAGES = (
    "redis-server",
    "redis-tools",
    "libhiredis0.14",
    "libjemalloc2",
    "liblua5.1-0",
    "liblzf1",
    "lua-bitop",
    "lua-cjson",
)
WEBHOOK_PACKAGES = ("webhook",)


class NotAvailable(Exception):
    """Something cannot be installed or started here. The message is shown in the table."""


def python_environment() -> Path:
    """The interpreter of an environment with requirements-bench.txt; raises NotAvailable."""
    folder = FOLDER / "venv"
    python, done = folder / "bin" / "python", folder / ".installed"
    wanted = _REQUIREMENTS.read_text(encoding="utf-8")
    if not (done.exists() and done.read_text(encoding="utf-8") == wanted):
        sys.stdout.write("installing requirements-bench.txt\n")
        sys.stdout.flush()
        _run([sys.executable, "-m", "venv", str(folder)])
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*install, "-r", str(_REQUIREMENTS)])
        done.write_text(wanted, encoding="utf-8")
    return python


def debian_packages(packages: tuple[str, ...]) -> Path:
    """A folder with these packages unpacked; raises NotAvailable if apt-get or dpkg cannot get them."""
    folder = FOLDER / "debian" / packages[0]
    done = folder / ".installed"
    if not done.exists():
        # Lists of its own: those of the machine may be old, and only root may update them.
        for part in ("lists/partial", "cache/archives/partial"):
            (folder / "apt" / part).mkdir(parents=True, exist_ok=True)
        apt = ["apt-get", "-o", f"Dir::State::Lists={folder}/apt/lists", "-o", f"Dir::Cache={folder}/apt/cache"]
        _run([*apt, "update"])
        _run([*apt, "download", *packages], cwd=folder)
        for package in sorted(folder.glob("*.deb")):
            _run(["dpkg", "-x", str(package), str(folder)])
        done.touch()
    return folder


def libraries_of(folder: Path) -> dict[str, str]:
    """The environment in which a program of such a folder finds its libraries."""
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, (folder / "usr" / "lib").glob("*-linux-gnu")))}


def version_of(command: list[str], environment: dict[str, str] | None = None) -> str:
    """The first line that a program prints about itself; raises NotAvailable if it does not start."""
    return _run(command, environment=environment).strip().splitlines()[0]


def _run(command: list[str], *, cwd: Path | None = None, environment: dict[str, str] | None = None) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            command, cwd=cwd, env=environment, capture_output=True, text=True, check=True, timeout=_TIMEOUT_SECONDS
        )
    except FileNotFoundError:
        raise NotAvailable(f"{command[0]} is not on this machine") from None
    except subprocess.SubprocessError as error:
        said = str(getattr(error, "stderr", "") or error).strip().splitlines()
        raise NotAvailable(f"{command[0]} failed: {said[-1] if said else error}") from None
    return done.stdout or done.stderr
