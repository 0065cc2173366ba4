"""Packs what is deployed: `python -m deploy.package [--local-build] [--offline] [--output ZIP]`.

The zip has what `azd` would pack by the same `.funcignore`; Azure builds it from requirements.txt. With `--local-build`
it has the packages too, for a deployment without that build.
"""

import argparse
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from pathspec import GitIgnoreSpec

from deploy.lock import APP, faults_of
from deploy.tool import LOCAL, ROOT, Failed, uv
from infra.hooks.packed import NEVER_PACKED, strangers
from page.install import are_installed, known_files

PACKAGES = Path(".python_packages", "lib", "site-packages")
"""Where the worker looks for packages, below the app's root."""

TARGET = "x86_64-manylinux_2_28"
"""The platform that Azure runs the app on, as uv names it."""

_BUILD = LOCAL / "package"
_MOMENT = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o100644


def main() -> int:
    """Write the zip. Returns 0 if it is there and can be built for Azure."""
    parser = argparse.ArgumentParser(prog="python -m deploy.package", description="Packs what is deployed.")
    parser.add_argument("--local-build", action="store_true", help="put the packages in, for Linux on x86-64")
    parser.add_argument("--offline", action="store_true", help="do not ask the registry whether it has all wheels")
    parser.add_argument("--output", type=Path, default=LOCAL / "package.zip", help="by default .local/package.zip")
    asked = parser.parse_args()
    try:
        if faults := faults_of(APP):
            raise Failed("\n".join([f"{APP.locked} is not made from {APP.asked} (`make lock`):", *faults]))
        if not are_installed(known_files()):
            raise Failed(
                "the console's libraries are missing, or not those of page/files.json: `make page` installs them"
            )
        if found := strangers(ROOT):
            named = ", ".join(map(repr, found))
            raise Failed(f"{named} would be deployed: move it elsewhere, or name it in .funcignore")
        files = dict(deployed_files(ROOT))
        if asked.local_build:
            shutil.rmtree(_BUILD, ignore_errors=True)
            install_packages(_BUILD / PACKAGES, TARGET)
            files |= built_files(_BUILD)
        elif not asked.offline:
            check_wheels(TARGET)
        write_zip(files, asked.output)
    except (Failed, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(f"{asked.output}: {len(files)} files, {asked.output.stat().st_size:,} bytes\n")
    return 0


def deployed_files(root: Path) -> Iterator[tuple[str, Path]]:
    """The files below `root` that are deployed: their names in the zip, and where they lie."""
    lines = (root / ".funcignore").read_text(encoding="utf-8").splitlines()
    ignored = GitIgnoreSpec.from_lines([*lines, *NEVER_PACKED])
    for folder, folders, names in root.walk():
        below = folder.relative_to(root)
        # A folder that is left out is not entered: it may be large, or a link to the system's own.
        folders[:] = sorted(name for name in folders if not ignored.match_file(f"{(below / name).as_posix()}/"))
        for name in sorted(names):
            path = (below / name).as_posix()
            if not ignored.match_file(path):
                yield path, folder / name


def built_files(folder: Path) -> dict[str, Path]:
    """The packages that were installed below `folder`, as they stand in the zip."""
    packages = folder / PACKAGES
    # Programs begin with the path of this machine's Python, and nobody starts them there.
    ours = {packages / ".lock", *packages.glob("bin/*")}
    files = {path for path in packages.rglob("*") if path.is_file()} - ours
    return {path.relative_to(folder).as_posix(): path for path in files}


def install_packages(folder: Path, platform: str | None) -> None:
    """Install what requirements.txt names into this folder, from wheels alone; raises Failed.

    `platform` is uv's name of the machine that runs it, None is this one.
    """
    uv("pip", "install", "--link-mode=copy", "--target", folder, *_wheels_for(platform), ROOT / APP.locked)


def check_wheels(platform: str, *, locked: Path = ROOT / APP.locked, options: tuple[str, ...] = ()) -> None:
    """Ask the registry whether it has wheels of all requirements for this platform; raises Failed if not.

    `options` are more of uv's, such as where to look for packages.
    """
    uv("pip", "install", "--dry-run", "--target", _BUILD, *options, *_wheels_for(platform), locked)


def _wheels_for(platform: str | None) -> list[str]:
    python = (ROOT / ".python-version").read_text(encoding="utf-8").strip()
    options = ["--require-hashes", "--only-binary=:all:", f"--python-version={python}"]
    return [*options, *([f"--python-platform={platform}"] if platform else []), "--requirements"]


def write_zip(files: dict[str, Path], target: Path) -> None:
    """Write these files into a zip, which is the same, byte by byte, whenever and by whom it is made."""
    target.parent.mkdir(exist_ok=True)
    unfinished = target.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as package:
        for name, path in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = _FILE_MODE << 16
            package.writestr(entry, path.read_bytes())
    unfinished.replace(target)


if __name__ == "__main__":
    sys.exit(main())
