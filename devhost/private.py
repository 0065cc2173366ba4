"""Folders and files that only their owner may read: `.local` holds keys, and storage with payloads in it."""

from pathlib import Path


def make_private_folder(folder: Path) -> None:
    """Make the folder, and those above it that are missing; one that is there becomes its owner's alone too."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def make_contents_private(folder: Path) -> None:
    """Take from everybody else what an earlier version left readable in a folder that is there."""
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o700 if path.is_dir() else 0o600)
