"""Commands as a person types them, in the shell that their machine has. Decides only; touches nothing."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_PLAIN = re.compile(r"[\w./\\:=-]+")
# To PowerShell each of these is the quote that begins and ends a text.
_POWERSHELL_QUOTE = re.compile("['\u2018\u2019\u201a\u201b]")
# On Windows a variable cannot be empty: PowerShell would remove it.
_POWERSHELL_BLANK = " "


@dataclass(frozen=True)
class Command:
    """A program with its arguments, and variables that it alone gets. A variable may be what another command prints.

    An empty variable is one space on Windows; the hub takes either for one that is not set.
    """

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
            yield f"$env:{name} = {_powershell_quoted(value or _POWERSHELL_BLANK)}"
    yield _powershell_words(command.words)


def _powershell_words(words: Sequence[str]) -> str:
    # A quoted text at the beginning is a value; `&` makes it a command.
    call = "" if _PLAIN.fullmatch(words[0]) else "& "
    return call + " ".join(word if _PLAIN.fullmatch(word) else _powershell_quoted(word) for word in words)


def _powershell_quoted(word: str) -> str:
    doubled = _POWERSHELL_QUOTE.sub(lambda quote: quote[0] * 2, word)
    return f"'{doubled}'"
