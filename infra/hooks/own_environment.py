"""A Python environment of a hook's own, below .local: for one that needs packages, which the machine need not have."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.hooks.failure import HookFailed, say
from infra.hooks.functions import ROOT

_SECONDS = 600
_DONE = ".installed"


def own_environment(name: str, requirements: Path, *, root: Path = ROOT, options: Sequence[str] = ()) -> Path:
    """The Python of the environment `.local/hooks/NAME`, in which these requirements are installed.

    It is made where it is missing, and made anew where the file, pip's `options` or the Python has changed. .local is
    neither deployed nor committed. Raises HookFailed if it cannot be made.
    """
    folder = root / ".local" / "hooks" / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted = hashlib.sha256(requirements.read_bytes() + repr((sys.version, list(options))).encode()).hexdigest()
    done = folder / _DONE
    if python.exists() and done.exists() and done.read_text(encoding="utf-8") == wanted:
        return python
    say(f"making an environment in {folder}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _run(
        [sys.executable, "-m", "venv", str(folder)],
        "this Python cannot make an environment: install its package for that (on Debian and Ubuntu python3-venv)",
    )
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", *options]
    _run(
        [str(python), *install, "-r", str(requirements)],
        f"pip could not install {requirements.name}: look at the network",
    )
    # Written last: one that was interrupted half-way is made anew.
    done.write_text(wanted, encoding="utf-8")
    return python


def _run(words: Sequence[str], remedy: str) -> None:
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HookFailed(f"{remedy} ({type(error).__name__})") from None
    if done.returncode:
        raise HookFailed(f"{remedy}, then run the same azd command again")
