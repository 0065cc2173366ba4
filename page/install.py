"""Installs what the console's page takes from npm: `python -m page.install [--write]`.

`npm/package-lock.json` pins the packages, `files.json` names each file with its hash. They go into
`Console/static/vendor`, a folder for each package with its version in the name and the package's licence in it, from
where the function answers them. Where all are there already, nothing is asked of anybody.

With `--write` the hashes are written anew, for whoever raises a version. azd runs this with the machine's Python, which
may be an old one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from devhost.install import ROOT, NotInstalled, Packages, find_node, install_packages
from devhost.signals import STOPPED_CODE, Stopped, stop_on_signals

VENDOR = ROOT / "Console" / "static" / "vendor"
FILES = ROOT / "page" / "files.json"
PACKAGES = Packages("the console's page", ROOT / "page" / "npm", ROOT / ".local" / "npm-page", "make run")


@dataclass(frozen=True)
class VendorFile:
    """A file below the vendor folder, and where in which package it comes from."""

    file: str
    package: str
    version: str
    license: str
    source: str
    sha256: str


def main() -> int:
    """Install the files. Returns 0 if they are there afterwards, each as it was committed, and 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m page.install", description="Installs the page's libraries.")
    parser.add_argument("--write", action="store_true", help="write the hashes of what npm has into page/files.json")
    try:
        stop_on_signals()
        wanted = known_files()
        if parser.parse_args().write:
            _install_packages()
            write_hashes(wanted, PACKAGES.folder)
        elif not are_installed(wanted):
            _install_packages()
            copy_files(wanted, PACKAGES.folder)
    except Stopped:
        return STOPPED_CODE
    except (NotInstalled, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def known_files(list_file: Path = FILES) -> list[VendorFile]:
    """The files that belong there, as the list names them."""
    return [VendorFile(**entry) for entry in json.loads(list_file.read_text(encoding="utf-8"))]


def are_installed(wanted: Sequence[VendorFile], vendor: Path = VENDOR) -> bool:
    """Whether these files are there, each with its hash, and no other beside them."""
    found = {path.relative_to(vendor).as_posix(): path for path in vendor.rglob("*") if path.is_file()}
    return found.keys() == {one.file for one in wanted} and all(_hash(found[one.file]) == one.sha256 for one in wanted)


def copy_files(wanted: Sequence[VendorFile], packages: Path, vendor: Path = VENDOR) -> None:
    """Put them there in place of all that is there now; raises NotInstalled if a hash is another one."""
    for one in wanted:
        if _hash(_source(one, packages)) != one.sha256:
            raise NotInstalled(f"{one.file} of {one.package} {one.version} is not what page/files.json says")
    shutil.rmtree(vendor, ignore_errors=True)
    for one in wanted:
        target = vendor / one.file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_source(one, packages), target)


def write_hashes(wanted: Sequence[VendorFile], packages: Path, list_file: Path = FILES) -> None:
    """Write the list with the hashes that these packages have."""
    entries = [asdict(replace(one, sha256=_hash(_source(one, packages)))) for one in wanted]
    list_file.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")


def _install_packages() -> None:
    find_node()
    install_packages(PACKAGES)


def _source(one: VendorFile, packages: Path) -> Path:
    return packages / "node_modules" / one.package / one.source


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
