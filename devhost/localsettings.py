"""`local.settings.json`, read as Core Tools read it: its values become environment variables, unless these are set."""

import json
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path

from devhost.private import make_private, write_private


class BadLocalSettings(ValueError):
    """The file exists but cannot be used; the text says why."""


def apply_local_settings(root: Path, environment: MutableMapping[str, str]) -> None:
    """Put the `Values` of the app in `root` into the environment. A variable that is set wins, even an empty one.

    A missing file sets nothing. Raises BadLocalSettings.
    """
    file = root / "local.settings.json"
    if not file.exists():
        return
    try:
        values = dict(json.loads(file.read_text(encoding="utf-8-sig")).get("Values") or {})
    except (ValueError, AttributeError, TypeError) as error:
        raise BadLocalSettings(
            f"local.settings.json must be a JSON object, and its Values an object: {error}"
        ) from None
    for name, value in values.items():
        if not isinstance(value, str):
            raise BadLocalSettings(f"local.settings.json: the value of {name} must be a string")
        environment.setdefault(name, value)


def add_missing(file: Path, makers: Mapping[str, Callable[[], str]]) -> None:
    """Add the values that the file lacks: secrets of this machine, and others that every tool then finds there.

    The file becomes private before it holds them, and is written as a whole, so that no reader finds half of it.
    """
    make_private(file)
    content = json.loads(file.read_text(encoding="utf-8-sig"))
    values = content.setdefault("Values", {})
    missing = {name: make() for name, make in makers.items() if not values.get(name)}
    if missing:
        values.update(missing)
        write_private(file, json.dumps(content, indent=2) + "\n")
