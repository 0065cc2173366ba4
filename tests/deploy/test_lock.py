"""The lock files: how they are made, and whether those of the repository are current."""

from pathlib import Path

import pytest

from deploy.lock import APP, TOOLS, Lock, faults_of, write_lock
from deploy.requirements import parse_requirements
from deploy.tool import ROOT, Failed
from tests.deploy.wheels import write_wheel

SMALL = Lock("small.in", "small.txt")
ALL = pytest.mark.parametrize("lock", [APP, *TOOLS], ids=lambda lock: lock.locked)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with wheels, and a file that asks for one of them."""
    (tmp_path / "wheels").mkdir()
    write_wheel(tmp_path / "wheels", "web", "1.0", requires=("wires", 'colour; sys_platform == "win32"'))
    write_wheel(tmp_path / "wheels", "wires", "1.0")
    write_wheel(tmp_path / "wheels", "colour", "1.0", tag="win_amd64")
    (tmp_path / "small.in").write_text("# Why.\nweb==1.0\n", encoding="utf-8")
    return tmp_path


def write(folder: Path, *, upgrade: bool = False) -> dict[str, str]:
    """Make the lock file; gives its entries with their markers."""
    options = ("--no-index", "--find-links", str(folder / "wheels"), "--offline")
    write_lock(SMALL, root=folder, upgrade=upgrade, options=options)
    entries = parse_requirements((folder / "small.txt").read_text(encoding="utf-8"))
    assert all(entry.hashes for entry in entries)
    return {f"{entry.name} {entry.version}": str(entry.requirement.marker or "") for entry in entries}


def test_a_lock_has_what_every_system_needs_with_hashes(folder: Path) -> None:
    assert write(folder) == {"web 1.0": "", "wires 1.0": "", "colour 1.0": 'sys_platform == "win32"'}


def test_a_lock_says_how_it_was_made_and_not_where(folder: Path) -> None:
    write(folder)
    text = (folder / "small.txt").read_text(encoding="utf-8")
    assert text.startswith("# Made by `make lock` from small.in: change that one.\n#    uv pip compile --universal ")
    assert str(folder) not in text


def test_what_is_locked_stays_until_newer_is_asked_for(folder: Path) -> None:
    write(folder)
    first = (folder / "small.txt").read_bytes()
    write_wheel(folder / "wheels", "wires", "1.1")
    assert "wires 1.0" in write(folder)
    assert (folder / "small.txt").read_bytes() == first
    assert "wires 1.1" in write(folder, upgrade=True)


def test_what_cannot_be_had_leaves_the_lock_as_it_was(folder: Path) -> None:
    write(folder)
    before = (folder / "small.txt").read_bytes()
    (folder / "small.in").write_text("web==2.0\n", encoding="utf-8")
    with pytest.raises(Failed, match=r"^uv failed:\n(.|\n)*web==2.0"):
        write(folder)
    assert (folder / "small.txt").read_bytes() == before


def test_requirements_txt_is_made_from_requirements_in() -> None:
    assert faults_of(APP) == []


def test_the_worker_is_not_locked_for_it_comes_with_the_platform() -> None:
    names = {entry.name for entry in parse_requirements((ROOT / APP.locked).read_text(encoding="utf-8"))}
    assert not {name for name in names if name.startswith(("azure-functions-worker", "azure-functions-runtime"))}


@ALL
def test_every_entry_is_pinned_with_a_hash_of_each_file(lock: Lock) -> None:
    text = (ROOT / lock.locked).read_text(encoding="utf-8")
    entries = {entry.name: entry for entry in parse_requirements(text)}
    assert all(entry.version and entry.hashes for entry in entries.values())
    asked = parse_requirements((ROOT / lock.asked).read_text(encoding="utf-8"))
    assert {entry.name: entry.version for entry in asked}.items() <= {
        name: entry.version for name, entry in entries.items()
    }.items()


@ALL
def test_a_lock_names_no_registry_and_no_folder_of_a_machine(lock: Lock) -> None:
    text = (ROOT / lock.locked).read_text(encoding="utf-8")
    assert "://" not in text
    assert not [line for line in text.splitlines() if line.startswith(("-", "/")) or " @ " in line or " /" in line]
