"""Function and host keys, in files of the platform's own format: facts/functions.md 2.

`host.json` holds the master key and the host keys, `<function in lower case>.json` the keys of one function. Missing
files are made with generated keys; files that were changed are read again.
"""

import hmac
import json
import secrets
from collections.abc import Iterable
from enum import IntEnum
from pathlib import Path
from typing import Any

DEFAULT_KEY = "default"


class Level(IntEnum):
    """What a key opens."""

    NOTHING = 0
    FUNCTION = 1
    ADMIN = 2


class KeyStore:
    """The keys in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, tuple[int, Any]] = {}

    def level(self, key: str, function: str | None = None) -> Level:
        """What this key opens, of this function where one is given."""
        host = self._file("host")
        if _matches(key, [host["masterKey"]]):
            return Level.ADMIN
        own = self._file(function)["keys"] if function else []
        return Level.FUNCTION if _matches(key, [*host["functionKeys"], *own]) else Level.NOTHING

    def ensure_host_key(self) -> str:
        """The host key `default`, which opens every function; it is made where it is missing."""
        return next(str(key["value"]) for key in self._file("host")["functionKeys"] if key["name"] == DEFAULT_KEY)

    def ensure_function_keys(self, functions: Iterable[str]) -> None:
        """Make the files of these functions where they are missing."""
        for function in functions:
            self._file(function)

    def set_function_key(self, function: str, name: str, value: str) -> None:
        """Give a function a named key of a chosen value, beside those it has."""
        others = [key for key in self._file(function)["keys"] if key["name"] != name]
        self._write(self._path(function), {"keys": [*others, {"name": name, "value": value, "encrypted": False}]})

    def _file(self, name: str) -> Any:  # noqa: ANN401 - JSON of the platform's own shape
        path = self._path(name)
        if not path.exists():
            self._write(path, _new_host_file() if name == "host" else {"keys": [_new_key(DEFAULT_KEY)]})
        changed_at = path.stat().st_mtime_ns
        if self._read.get(path, (0, None))[0] != changed_at:
            self._read[path] = (changed_at, json.loads(path.read_text(encoding="utf-8")))
        return self._read[path][1]

    def _path(self, name: str) -> Path:
        return self._folder / f"{name.lower()}.json"

    def _write(self, path: Path, content: Any) -> None:  # noqa: ANN401 - as above
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _matches(key: str, known: Iterable[dict[str, str]]) -> bool:
    given = key.encode("utf-8", "surrogateescape")
    # All are compared, so that the time tells nothing about which one came close.
    return any([hmac.compare_digest(given, one["value"].encode()) for one in known if one["value"]])


def _new_host_file() -> dict[str, object]:
    return {"masterKey": _new_key("master"), "functionKeys": [_new_key(DEFAULT_KEY)], "systemKeys": []}


def _new_key(name: str) -> dict[str, object]:
    return {"name": name, "value": secrets.token_urlsafe(32) + "==", "encrypted": False}
