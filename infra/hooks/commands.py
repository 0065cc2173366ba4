"""Commands as a person types them, in the shell that their machine has. Decides only; touches nothing."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_PLAIN = re.compile(r"[\w./\\:=-]+")


@dataclass(frozen=True)
class Command:
    """A program with its arguments, and variables that it alone gets. A variable may be what another command prints."""

    words: Sequence[str]
    variables: Mapping[str, str | Command] = field(default_factory=dict)


def typed(command: Command, *, on_windows: bool) -> Iterator[str]:
    """The lines to type: for PowerShell on Windows, else for any POSIX shell."""
    return _powershell(command) if on_windows else _posix(command)


def json_argument(value: object, *, on_windows: bool) -> str:
    """JSON as an argument of `az`, which on Windows is a batch file and loses quotes that are not escaped."""
    text = json.dumps(value)
    return text.replace('"', '\\"') if on_windows else text


def _posix(command: Command) -> Iterator[str]:
    for name, value in command.variables.items():
        if isinstance(value, Command):
            yield f'{name}="$({shlex.join(value.words)})" \\'
        else:
            yield f"{name}={shlex.quote(value) if value else ''} \\"
    yield shlex.join(command.words)


def _powershell(command: Command) -> Iterator[str]:
    for name, value in command.variables.items():
        if isinstance(value, Command):
            yield f"$env:{name} = {_powershell_words(value.words)}"
        else:
            yield f"$env:{name} = {_powershell_quoted(value)}"
    yield _powershell_words(command.words)


def _powershell_words(words: Sequence[str]) -> str:
    return " ".join(word if _PLAIN.fullmatch(word) else _powershell_quoted(word) for word in words)


def _powershell_quoted(word: str) -> str:
    doubled = word.replace("'", "''")
    return f"'{doubled}'"
