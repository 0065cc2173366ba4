import os
import stat
from pathlib import Path

import pytest

from devhost.azurite import azurite
from devhost.private import make_contents_private, make_private_folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_is_its_owners_whatever_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o000)
    try:
        make_private_folder(tmp_path / "new")
    finally:
        os.umask(before)
    assert mode(tmp_path / "new") == 0o700


@pytest.mark.parametrize("given", [0o755, 0o777, 0o750])
def test_a_folder_that_is_there_becomes_its_owners(tmp_path: Path, given: int) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    folder.chmod(given)
    make_private_folder(folder)
    assert mode(folder) == 0o700


def test_what_an_earlier_version_left_readable_becomes_its_owners(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir(mode=0o755)
    (tmp_path / "inner" / "rows.json").write_text("{}")
    outside = tmp_path.parent / "outside.json"
    outside.write_text("{}")
    outside.chmod(0o644)
    (tmp_path / "inner" / "link").symlink_to(outside)
    make_contents_private(tmp_path)
    assert [mode(tmp_path / "inner"), mode(tmp_path / "inner" / "rows.json"), mode(outside)] == [0o700, 0o600, 0o644]


def test_nobody_else_reads_the_data_of_azurite(tmp_path: Path) -> None:
    old = tmp_path / "data" / "old.json"
    old.parent.mkdir(mode=0o755)
    old.write_text("{}")
    with azurite(location=tmp_path / "data"):
        paths = [tmp_path / "data", *(tmp_path / "data").rglob("*")]
        assert old in paths
        assert {path.name for path in paths if mode(path) & 0o077} == set()
