"""What keys open, and the files that they stand in."""

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import characters, text

from devhost.keys import BadKeys, KeyStore, Level


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    """Keys in files that stand in Functions' own format: master M, host key H, key F of the function Work."""
    named = {"name": "default", "encrypted": False}
    master = {"name": "master", "value": "M", "encrypted": False}
    host = {"masterKey": master, "functionKeys": [{**named, "value": "H"}], "systemKeys": []}
    (tmp_path / "host.json").write_text(json.dumps(host), encoding="utf-8")
    (tmp_path / "work.json").write_text(json.dumps({"keys": [{**named, "value": "F"}]}), encoding="utf-8")
    return KeyStore(tmp_path)


def test_a_functions_key_opens_that_function_only(keys: KeyStore) -> None:
    levels = [keys.level("F", function) for function in ("Work", "WORK", "Other", None)]
    assert levels == [Level.FUNCTION, Level.FUNCTION, Level.NOTHING, Level.NOTHING]


def test_a_host_key_opens_every_function(keys: KeyStore) -> None:
    assert [keys.level("H", function) for function in ("Work", "Other", None)] == [Level.FUNCTION] * 3


def test_the_master_key_opens_everything(keys: KeyStore) -> None:
    assert [keys.level("M", function) for function in ("Work", None)] == [Level.ADMIN] * 2


@pytest.mark.parametrize("key", ["", "h", "HH", "H ", "default", "master"])
def test_other_texts_open_nothing(keys: KeyStore, key: str) -> None:
    assert keys.level(key, "Work") is Level.NOTHING


def test_a_named_key_stands_beside_the_others_and_replaces_its_equal(keys: KeyStore) -> None:
    keys.set_function_key("Work", "mine", "old")
    keys.set_function_key("Work", "mine", "new")
    assert [keys.level(key, "work") for key in ("F", "new", "old")] == [Level.FUNCTION, Level.FUNCTION, Level.NOTHING]


def test_an_empty_value_opens_nothing(keys: KeyStore) -> None:
    keys.set_function_key("Work", "empty", "")
    assert keys.level("", "Work") is Level.NOTHING


def test_files_are_made_for_their_owner_only_and_generated_keys_are_long(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path / "keys")
    keys.ensure_function_keys(["One", "Two"])
    assert len(keys.ensure_host_key()) > 40
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()}
    assert files == {"host.json": 0o600, "one.json": 0o600, "two.json": 0o600}
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_keys_are_made_once(tmp_path: Path) -> None:
    assert KeyStore(tmp_path).ensure_host_key() == KeyStore(tmp_path).ensure_host_key()


def test_a_host_file_without_a_default_key_gets_one_and_keeps_the_others(tmp_path: Path, keys: KeyStore) -> None:
    file = tmp_path / "host.json"
    file.write_text(file.read_text(encoding="utf-8").replace("default", "other"), encoding="utf-8")
    made = keys.ensure_host_key()
    assert [keys.level(key, "Work") for key in (made, "H", "M")] == [Level.FUNCTION, Level.FUNCTION, Level.ADMIN]
    assert keys.ensure_host_key() == made


def test_a_file_that_was_changed_is_read_again(tmp_path: Path, keys: KeyStore) -> None:
    assert keys.level("F", "Work") is Level.FUNCTION
    KeyStore(tmp_path).set_function_key("Work", "default", "G")
    assert [keys.level(key, "Work") for key in ("F", "G")] == [Level.NOTHING, Level.FUNCTION]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"keys": [{"name": "default"}]}', '{"keys": 1}'])
def test_a_file_that_holds_no_keys_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "work.json").write_text(content, encoding="utf-8")
    with pytest.raises(BadKeys, match=r"work\.json has no usable keys"):
        KeyStore(tmp_path).level("x", "Work")


def test_a_file_that_is_broken_later_leaves_the_keys_that_were_read(tmp_path: Path, keys: KeyStore) -> None:
    assert keys.level("F", "Work") is Level.FUNCTION
    (tmp_path / "work.json").write_text("{", encoding="utf-8")
    assert keys.level("F", "Work") is Level.FUNCTION


def test_no_random_text_opens_anything(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path)
    keys.ensure_host_key()

    @given(text(characters(categories=None, exclude_categories=())))
    def opens_nothing(key: str) -> None:
        assert keys.level(key, "Work") is Level.NOTHING

    opens_nothing()
