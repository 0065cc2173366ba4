"""Programs of this environment, and environments that uv makes below `.local/`."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
_TIMEOUT_SECONDS = 600


class Failed(Exception):
    """A program did not do what it was started for. The message says which, and what it wrote last."""


def uv(*arguments: str | Path, folder: Path = ROOT) -> str:
    """Run uv in this folder; gives what it prints, raises Failed. It trusts whom this machine trusts, as pip does."""
    return run([sys.executable, "-m", "uv", "--quiet", "--system-certs", *map(str, arguments)], folder=folder)


def run(
    command: list[str],
    *,
    folder: Path = ROOT,
    environment: Mapping[str, str] | None = None,
    fine: tuple[int, ...] = (0,),
) -> str:
    """Run a program; gives what it prints, raises Failed where it ends with another code than those that are fine."""
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=_TIMEOUT_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{Path(command[0]).name} could not be run: {error}") from None
    if done.returncode not in fine:
        raise Failed(f"{_name(command)} failed:\n{(done.stderr + done.stdout).strip()}")
    return done.stdout


def _name(command: list[str]) -> str:
    is_module = command[:2] == [sys.executable, "-m"]
    return command[2] if is_module else Path(command[0]).name


def install_environment(folder: Path, lock: Path) -> Path:
    """Make an environment with what `lock` names and nothing else, unless it is there; raises Failed.

    Gives the folder of its programs. Every file is checked against its hash in `lock`.
    """
    done, wanted = folder / ".installed", lock.read_text(encoding="utf-8")
    if not (done.exists() and done.read_text(encoding="utf-8") == wanted):
        shutil.rmtree(folder, ignore_errors=True)
        uv("venv", "--python", sys.executable, folder)
        uv("pip", "sync", "--require-hashes", "--python", folder, lock)
        done.write_text(wanted, encoding="utf-8")
    return folder / ("Scripts" if sys.platform == "win32" else "bin")
