"""What only its owner may read: modes of files and folders, whatever the umask is."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from devhost.azurite import azurite
from devhost.install import Packages, find_node, install_packages
from devhost.keys import KeyStore
from devhost.localsettings import add_missing
from devhost.private import make_private, make_private_folder, write_private
from shared.settings import Settings
from shared.storage.account import StorageAccount
from tests.devhost.hosting import eventually


@pytest.fixture(autouse=True, params=[0o000, 0o022], ids=["umask 000", "umask 022"])
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> str:
    return f"{path.stat().st_mode & 0o777:o}"


def modes(folder: Path) -> dict[str, str]:
    """Of all that is below a folder, and of itself, by its path from there."""
    return {str(path.relative_to(folder)): mode(path) for path in (folder, *folder.rglob("*"))}


def test_a_folder_and_those_above_it_that_are_missing_are_made_private(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    make_private_folder(tmp_path / "a" / "b")
    assert modes(tmp_path) == {".": "755", "a": "700", "a/b": "700"}


def test_a_folder_that_is_there_becomes_private_and_keeps_what_is_in_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "kept").touch(0o644)
    make_private_folder(tmp_path)
    assert mode(tmp_path) == "700"
    assert (tmp_path / "kept").exists()


def test_what_is_stricter_already_stays_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "file").chmod(0o400)
    make_private(tmp_path / "file")
    assert mode(tmp_path / "file") == "400"


def test_all_that_is_in_a_folder_becomes_private_but_what_a_link_leads_to(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch()
    (tmp_path / "elsewhere").chmod(0o644)
    folder = tmp_path / "data"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "file").touch()
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "broken").symlink_to(tmp_path / "nowhere")
    make_private(folder)
    assert [mode(folder), mode(folder / "inner"), mode(folder / "inner" / "file")] == ["700", "700", "600"]
    assert mode(tmp_path / "elsewhere") == "644"


def test_a_file_is_written_private_even_where_an_open_one_was_left(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text("old", encoding="utf-8")
    file.chmod(0o644)
    write_private(file, "new")
    assert (file.read_text(encoding="utf-8"), modes(tmp_path)) == ("new", {".": mode(tmp_path), "key.json": "600"})


def test_a_file_may_be_written_by_two_at_once(tmp_path: Path) -> None:
    file, texts = tmp_path / "key.json", [str(number) * 10_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: write_private(file, text), texts))
    assert (file.read_text(encoding="utf-8") in texts, sorted(modes(tmp_path))) == (True, [".", "key.json"])


def test_keys_and_their_folders_are_private(tmp_path: Path) -> None:
    KeyStore(tmp_path / "secrets" / "functions").ensure_host_key()
    assert modes(tmp_path / "secrets") == {".": "700", "functions": "700", "functions/host.json": "600"}


@pytest.mark.parametrize("values", ['{"A": "secret"}', "{}"])
def test_settings_become_private_whether_or_not_something_is_missing(tmp_path: Path, values: str) -> None:
    file = tmp_path / "local.settings.json"
    file.write_text(f'{{"Values": {values}}}', encoding="utf-8")
    file.chmod(0o644)
    add_missing(file, {"A": lambda: "made"})
    assert mode(file) == "600"


@pytest.mark.parametrize("make", [lambda local: None, lambda local: local.mkdir(mode=0o755)], ids=["new", "there"])
def test_where_packages_are_installed_the_folder_above_is_private(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(local := tmp_path / "local")
    source = tmp_path / "source"
    source.mkdir()
    (source / "package-lock.json").write_text("{}", encoding="utf-8")
    # As it stands after an installation, so that npm is not asked.
    (local / "azurite").mkdir(parents=True, exist_ok=True)
    (local / "azurite" / ".installed").write_text("{}", encoding="utf-8")
    install_packages(Packages("nothing", source, local / "azurite", "make nothing"))
    assert mode(local) == "700"


def test_the_data_of_azurite_are_private_also_those_that_an_older_one_left(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    (data / "left.json").write_text("{}", encoding="utf-8")
    (data / "left.json").chmod(0o644)
    find_node()
    with azurite(location=data) as running:
        storage = StorageAccount(Settings.read({"AzureWebJobsStorage": running.connection_string}).storage)
        storage.table("things").insert({"PartitionKey": "a", "RowKey": "b"})
        storage.queue("words").send("a word")
        assert eventually(lambda: (data / "__azurite_db_table__.json").exists())
        found = modes(data)
    assert found.pop(".") == "700"
    assert {name: found[name] for name in found if found[name] not in {"600", "700"}} == {}
    assert {"left.json", "__azurite_db_table__.json"} <= found.keys()
