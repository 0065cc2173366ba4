"""Before azd makes the package: installs the page's libraries, and says whether what azd zips can run in Azure."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from infra.hooks.deployment import environment_name
from infra.hooks.failure import HookFailed, run_hook, say
from infra.hooks.functions import ROOT, function_folders
from infra.hooks.own_environment import own_environment
from infra.hooks.packed import strangers

_NEEDED = ("host.json", "requirements.txt", ".funcignore")
_HASH = "--hash="
_SECONDS = 600


def prepackage(environment: Mapping[str, str], root: Path = ROOT) -> None:
    """Install what the page needs, and check the folder that azd zips."""
    environment_name(environment)
    if faults := list(_faults(root)):
        raise HookFailed("; ".join(faults))
    if (root / "page" / "install.py").is_file():
        _install_page(root)
    say(f"package: {len(function_folders(root))} functions")


def _install_page(root: Path) -> None:
    """Put the console's libraries in place, with an environment for Node if the machine has none."""
    has_node = shutil.which("node") and shutil.which("npm")
    # The machine's own Python may refuse packages (PEP 668).
    python = sys.executable if has_node else str(own_environment("page", root / "page" / "requirements.txt", root=root))
    words = [python, "-m", "page.install"]
    try:
        failed = subprocess.run(words, cwd=root, timeout=_SECONDS, check=False).returncode  # noqa: S603 - our own arguments
    except (OSError, subprocess.TimeoutExpired):
        failed = 1
    if failed:
        raise HookFailed(
            "the console's libraries could not be installed (see above): look at the network, and try again"
        )


def _faults(root: Path) -> Iterator[str]:
    for name in _NEEDED:
        if not (root / name).is_file():
            yield f"{name} is missing from {root}: restore it (without .funcignore, azd would zip everything)"
    if (root / ".funcignore").is_file() and (found := strangers(root)):
        named = ", ".join(map(repr, found))
        yield f"{named} would be deployed, and is no part of the app: move it out of {root}, or name it in .funcignore"
    if not function_folders(root):
        yield f"no folder of {root} has a function.json: run azd in the root of the project"
    # The platform would take the app for one of the other programming model, and find no function in it.
    if (root / "function_app.py").exists():
        yield "function_app.py lies in the root, and would hide all functions from the platform: move it elsewhere"
    if (root / "requirements.txt").is_file():
        yield from _faults_of_requirements((root / "requirements.txt").read_text(encoding="utf-8"))


def _faults_of_requirements(text: str) -> Iterator[str]:
    """pip wants hashes for all requirements as soon as one has them; the build in Azure would fail after minutes."""
    requirements = [line for line in _whole_lines(text) if line and not line.startswith(("#", "-"))]
    unhashed = [line.split()[0] for line in requirements if _HASH not in line]
    if 0 < len(unhashed) < len(requirements):
        yield f"requirements.txt has hashes, but none for {', '.join(unhashed)}: make it anew from requirements.in"


def _whole_lines(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", " ").splitlines():
        yield line.strip()


if __name__ == "__main__":
    sys.exit(run_hook(prepackage))
