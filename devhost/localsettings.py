"""`local.settings.json` as Core Tools read it: its values become environment variables unless they are set already."""

import json
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path

from devhost.private import make_private


class BadLocalSettings(ValueError):
    """The file is there and cannot be used."""


def apply_local_settings(root: Path, environment: MutableMapping[str, str]) -> None:
    """Put the `Values` of the app in `root` into the environment. A variable that is set wins, even an empty one.

    Raises BadLocalSettings; a missing file is no settings.
    """
    file = root / "local.settings.json"
    if not file.exists():
        return
    try:
        values = dict(json.loads(file.read_text(encoding="utf-8-sig")).get("Values") or {})
    except (ValueError, AttributeError, TypeError) as error:
        raise BadLocalSettings(f"local.settings.json is no JSON object with an object Values: {error}") from None
    for name, value in values.items():
        if not isinstance(value, str):
            raise BadLocalSettings(f"local.settings.json: the value of {name} must be a text")
        environment.setdefault(name, value)


def add_missing(file: Path, makers: Mapping[str, Callable[[], str]]) -> None:
    """Write values into the file that it lacks: secrets of this machine, which every tool then finds there.

    The file becomes private, before it holds them.
    """
    make_private(file)
    content = json.loads(file.read_text(encoding="utf-8-sig"))
    values = content.setdefault("Values", {})
    missing = {name: make() for name, make in makers.items() if not values.get(name)}
    if missing:
        values.update(missing)
        file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
