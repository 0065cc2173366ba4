"""local.settings.json becomes environment variables, but never over one that is set."""

import json
import os
from pathlib import Path

import pytest

from devhost.localsettings import BadLocalSettings, add_missing, apply_local_settings


def applied(root: Path, content: str, **environment: str) -> dict[str, str]:
    (root / "local.settings.json").write_text(content, encoding="utf-8")
    apply_local_settings(root, environment)
    return environment


def test_values_become_variables(tmp_path: Path) -> None:
    assert applied(tmp_path, json.dumps({"Values": {"A": "1", "B": ""}})) == {"A": "1", "B": ""}


@pytest.mark.parametrize("already", ["2", ""])
def test_a_variable_that_is_set_wins_even_an_empty_one(tmp_path: Path, already: str) -> None:
    assert applied(tmp_path, '{"Values": {"A": "1"}}', A=already) == {"A": already}


def test_a_missing_file_is_no_settings(tmp_path: Path) -> None:
    apply_local_settings(tmp_path, environment := {"A": "1"})
    assert environment == {"A": "1"}


@pytest.mark.parametrize("content", ["{}", '{"Values": {}}', '{"Values": null}', '\ufeff{"IsEncrypted": false}'])
def test_a_file_without_values_is_no_settings(tmp_path: Path, content: str) -> None:
    assert applied(tmp_path, content) == {}


@pytest.mark.parametrize("value", ["1", "true", "null", "{}", "[]"])
def test_a_value_that_is_no_text_is_named(tmp_path: Path, value: str) -> None:
    with pytest.raises(BadLocalSettings, match="the value of A must be a string"):
        applied(tmp_path, f'{{"Values": {{"A": {value}}}}}')


@pytest.mark.parametrize("content", ["", "{", "[]", '{"Values": [1]}', '{"Values": "A"}'])
def test_a_file_of_another_shape_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(BadLocalSettings, match=r"local\.settings\.json"):
        applied(tmp_path, content)


def test_missing_values_are_added_to_a_new_file_in_the_place_of_the_old_one(tmp_path: Path) -> None:
    file, old = tmp_path / "local.settings.json", tmp_path / "old"
    file.write_text('{"Values": {"A": "1", "B": ""}}', encoding="utf-8")
    os.link(file, old)
    add_missing(file, {"A": lambda: "2", "B": lambda: "3"})
    assert json.loads(file.read_text(encoding="utf-8")) == {"Values": {"A": "1", "B": "3"}}
    # Whoever has the old one open reads it to its end.
    assert old.read_text(encoding="utf-8") == '{"Values": {"A": "1", "B": ""}}'


def test_a_file_that_lacks_nothing_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "local.settings.json"
    file.write_text('{"Values": {"A": "1"}}', encoding="utf-8")
    before = file.stat()
    add_missing(file, {"A": lambda: "2"})
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
