"""Hands a forge's variables to the steps of a workflow: `python -m deploy.variables >> "$GITHUB_ENV"`.

Each variable of infra/main.parameters.json is handed on, so that a new parameter of the template needs no change here,
and what says where to go and who signs in. Any other is left out: one called PATH or LD_PRELOAD would choose the
programs of the steps that follow. One that is empty is left out too: azd would take the empty text for a value, and not
the template's default.
"""

import json
import os
import re
import sys
import uuid
from collections.abc import Mapping

from deploy.tool import ROOT

_WHERE = frozenset({"ARM_ENDPOINT", "AZURE_CLIENT_ID", "AZURE_SUBSCRIPTION_ID", "AZURE_TENANT_ID"})
_VARIABLE = re.compile(r"\$\{(\w+)\}")


def main() -> int:
    """Print the variables in `VARIABLES`, an object of names and texts in JSON. Returns 0."""
    for name, value in given_variables(os.environ.get("VARIABLES", "{}"), known_variables()).items():
        # A value of several lines ends where this text stands alone, which nobody can guess.
        end = uuid.uuid4().hex
        sys.stdout.write(f"{name}<<{end}\n{value}\n{end}\n")
    return 0


def known_variables() -> frozenset[str]:
    """The names of those that azd and the hooks read."""
    file = ROOT / "infra" / "main.parameters.json"
    return _WHERE | frozenset(_VARIABLE.findall(file.read_text(encoding="utf-8")))


def given_variables(text: str, known: frozenset[str]) -> Mapping[str, str]:
    """Those of the `known` variables that are not empty. `text` is an object of names and texts in JSON."""
    variables: dict[str, str] = json.loads(text)
    return {name: value for name, value in variables.items() if name in known and value.strip()}


if __name__ == "__main__":
    sys.exit(main())
