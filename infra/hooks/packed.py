"""What at the root of the project would be deployed, and is no part of the app: a backup, a note, a folder of tries.

Whatever it is called: a list of what must not be deployed never has the next file that somebody leaves there.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

NEVER_PACKED = (".azure/", ".funcignore", "local.settings.json")
"""What azd leaves out whatever .funcignore says, as patterns of such a file."""

_APP = frozenset({"host.json", "requirements.txt", "shared"})


def strangers(root: Path) -> list[str]:
    """The names of files and folders in `root` that azd would pack and the app does not have, in their order."""
    return sorted(name for name in _packed(root) if name not in _APP and not _is_function(root / name))


def _packed(root: Path) -> Iterator[str]:
    text = (root / ".funcignore").read_text(encoding="utf-8-sig")
    lines = (line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))
    patterns = [*NEVER_PACKED, *lines]
    # Of a whole path only the first name matters here: a pattern with more names leaves out a part of a folder.
    names = [pattern.strip("/") for pattern in patterns if "/" not in pattern.strip("/")]
    for path in root.iterdir():
        if not any(fnmatchcase(path.name, name) for name in names):
            yield path.name


def _is_function(path: Path) -> bool:
    return path.is_dir() and (path / "function.json").is_file()
