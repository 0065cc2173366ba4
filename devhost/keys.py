"""Function and host keys, in files of the platform's own format: docs/sources/functions.md 2.

`host.json` holds the master key and the host keys, `<function in lower case>.json` the keys of one function. Missing
files are made with generated keys; files that were changed are read again.
"""

import hmac
import json
import logging
import secrets
from collections.abc import Iterable
from enum import IntEnum
from pathlib import Path
from typing import Any

from devhost.private import make_private_folder, write_private

DEFAULT_KEY = "default"
_HOST = "host"
# As the platform makes them: 40 bytes in URL-safe base64 end in "==".
_KEY_BYTES = 40

type Stamp = tuple[int, int, int]

log = logging.getLogger("devhost")


class BadKeys(ValueError):
    """A file of keys has no usable keys. The message names it."""


class Level(IntEnum):
    """What a key opens."""

    NOTHING = 0
    FUNCTION = 1
    ADMIN = 2


class KeyStore:
    """The keys in one folder. A file that cannot be read raises BadKeys, unless it could be read before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, tuple[Stamp, Any]] = {}

    def level(self, key: str, function: str | None = None) -> Level:
        """What this key opens, for this function if one is given."""
        host = self._file(_HOST)
        if _matches(key, [host["masterKey"]]):
            return Level.ADMIN
        own = self._file(function)["keys"] if function else []
        return Level.FUNCTION if _matches(key, [*host["functionKeys"], *own]) else Level.NOTHING

    def ensure_host_key(self) -> str:
        """The host key `default`, which opens every function. It is made if it is missing."""
        host = self._file(_HOST)
        for key in host["functionKeys"]:
            if key["name"] == DEFAULT_KEY:
                return str(key["value"])
        made = _new_key(DEFAULT_KEY)
        self._write(self._path(_HOST), {**host, "functionKeys": [*host["functionKeys"], made]})
        return str(made["value"])

    def ensure_master_key(self) -> str:
        """The master key, which opens everything, the host's own pages included. It is made if it is missing."""
        return str(self._file(_HOST)["masterKey"]["value"])

    def ensure_function_keys(self, functions: Iterable[str]) -> None:
        """Make the missing files of these functions."""
        for function in functions:
            self._file(function)

    def set_function_key(self, function: str, name: str, value: str) -> None:
        """Give a function one more key, with this name and value."""
        others = [key for key in self._file(function)["keys"] if key["name"] != name]
        self._write(self._path(function), {"keys": [*others, {"name": name, "value": value, "encrypted": False}]})

    def _file(self, name: str) -> Any:  # noqa: ANN401 - JSON of the platform's own shape
        path = self._path(name)
        try:
            stamp = _stamp(path)
        except FileNotFoundError:
            self._write(path, _new_host_file() if name == _HOST else {"keys": [_new_key(DEFAULT_KEY)]})
            stamp = _stamp(path)
        known = self._read.get(path)
        if known is None or known[0] != stamp:
            self._read[path] = (stamp, _content(path, known[1] if known else None))
        return self._read[path][1]

    def _path(self, name: str) -> Path:
        return self._folder / f"{name.lower()}.json"

    def _write(self, path: Path, content: Any) -> None:  # noqa: ANN401 - as above
        make_private_folder(self._folder)
        write_private(path, json.dumps(content, indent=2) + "\n")


def _stamp(path: Path) -> Stamp:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _content(path: Path, before: Any) -> Any:  # noqa: ANN401 - as above
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        keys = [content["masterKey"], *content["functionKeys"]] if path.stem == _HOST else content["keys"]
        if all(isinstance(key[part], str) for key in keys for part in ("name", "value")):
            return content
        reason = "a name or a value is no text"
    except (ValueError, KeyError, TypeError) as error:
        reason = type(error).__name__
    if before is None:
        raise BadKeys(f"{path} has no usable keys ({reason}): correct it, or delete it to have new keys made")
    # It is being edited by hand: what was read before holds until it is whole again.
    log.warning("%s holds no keys (%s); those of before still count", path, reason)
    return before


def _matches(key: str, known: Iterable[dict[str, str]]) -> bool:
    given = key.encode("utf-8", "surrogatepass")
    # All are compared, so that the time tells nothing about which one came close.
    return any([hmac.compare_digest(given, one["value"].encode()) for one in known if one["value"]])


def _new_host_file() -> dict[str, object]:
    return {"masterKey": _new_key("master"), "functionKeys": [_new_key(DEFAULT_KEY)], "systemKeys": []}


def new_key_value() -> str:
    """A new key, as the platform makes them."""
    return secrets.token_urlsafe(_KEY_BYTES) + "=="


def _new_key(name: str) -> dict[str, object]:
    return {"name": name, "value": new_key_value(), "encrypted": False}
