"""azd, as the hooks call it: a small program that says its version and gives a token."""

import json
from pathlib import Path

_PROGRAM = """#!/bin/sh
case "$1" in
version) printf '%s' '{version}' ;;
auth) echo "$*" >> '{journal}'; printf '%s' '{token}'; exit {code} ;;
*) exit 2 ;;
esac
"""


def write_azd(folder: Path, *, token: str | None, version: str = "1.31.2") -> Path:
    """Write the program `azd` into a folder. With no token nobody is signed in. Returns the journal of its calls."""
    journal = folder / "azd.journal"
    answer = {"token": token, "expiresOn": "2099-01-01T00:00:00Z"}
    text = _PROGRAM.format(
        version=json.dumps({"azd": {"version": version, "commit": "0" * 40}}),
        token=json.dumps(answer) if token else "ERROR: not logged in, run `azd auth login` to login",
        code=0 if token else 1,
        journal=journal,
    )
    program = folder / "azd"
    program.write_text(text, encoding="utf-8")
    program.chmod(0o755)
    journal.touch()
    return journal
