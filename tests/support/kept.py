"""What takes long to install: it stays below `.local` from one run of the tests to the next."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from devhost.private import make_private_folder
from tests.support.paths import ROOT

_DONE = ".wanted"


def kept(name: str, wanted: str, make: Callable[[Path], object]) -> Path:
    """A folder below `.local` that `make` fills; it stays while `wanted`, a text that says what for, is the same.

    Others may ask for the same at once: the first one counts.
    """
    folder = ROOT / ".local" / name
    if not _is_there(folder, wanted):
        make_private_folder(folder.parent)
        own = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder.parent))
        make(own)
        (own / _DONE).write_text(wanted, encoding="utf-8")
        _put(own, folder, wanted)
    return folder


def _put(own: Path, folder: Path, wanted: str) -> None:
    try:
        own.rename(folder)
    except OSError:
        if _is_there(folder, wanted):
            shutil.rmtree(own)
            return
        # What is there is of another version.
        shutil.rmtree(folder, ignore_errors=True)
        own.rename(folder)


def _is_there(folder: Path, wanted: str) -> bool:
    done = folder / _DONE
    return done.exists() and done.read_text(encoding="utf-8") == wanted
