"""local.settings.json becomes environment variables, but never over one that is set."""

import json
from pathlib import Path

import pytest

from devhost.localsettings import BadLocalSettings, apply_local_settings


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
    with pytest.raises(BadLocalSettings, match="the value of A must be a text"):
        applied(tmp_path, f'{{"Values": {{"A": {value}}}}}')


@pytest.mark.parametrize("content", ["", "{", "[]", '{"Values": [1]}', '{"Values": "A"}'])
def test_a_file_of_another_shape_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(BadLocalSettings, match=r"local\.settings\.json"):
        applied(tmp_path, content)
