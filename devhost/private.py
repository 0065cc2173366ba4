"""Files and folders that only the user who runs the app may read: keys, and the data of development."""

import os
import tempfile
from pathlib import Path

_FOLDER = 0o700
_FILE = 0o600
OTHERS_NOTHING = 0o077
"""The umask of a process whose files only its user may read."""


def make_private_folder(folder: Path) -> None:
    """Make a private folder, and the missing ones above it. A folder that exists becomes private."""
    if not folder.parent.exists():
        make_private_folder(folder.parent)
    folder.mkdir(mode=_FOLDER, exist_ok=True)
    _close(folder, _FOLDER)


def make_private(path: Path) -> None:
    """Make a file private, or a folder with all that is in it. Links in it are not followed."""
    _close(path, _FOLDER if path.is_dir() else _FILE)
    for folder, folders, files in os.walk(path):
        inner = [Path(folder, name) for name in (*folders, *files)]
        for one in (one for one in inner if not one.is_symlink()):
            _close(one, _FOLDER if one.is_dir() else _FILE)


def write_private(file: Path, text: str) -> None:
    """Write a private file as a whole: a reader sees all of the old one, or all of the new one."""
    # A name of its own, for two processes may write at once; made for its owner alone.
    handle, new = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    Path(new).replace(file)


def _close(path: Path, mode: int) -> None:
    # Only if needed, because a user may read a folder that they do not own, and could not change its mode.
    if path.stat().st_mode & OTHERS_NOTHING:
        path.chmod(mode)
