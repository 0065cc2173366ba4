"""Hands a forge's variables to the steps of a workflow: `python -m deploy.variables >> "$GITHUB_ENV"`.

Each variable that is set is handed on, whatever it is called, so that a new parameter of the template needs no change
here. One that is empty is not: azd would take the empty text for a value, and not the template's default.
"""

import json
import os
import sys
import uuid
from collections.abc import Mapping


def main() -> int:
    """Print the variables in `VARIABLES`, an object of names and texts in JSON. Returns 0."""
    for name, value in given_variables(os.environ.get("VARIABLES", "{}")).items():
        # A value of several lines ends where this text stands alone, which nobody can guess.
        end = uuid.uuid4().hex
        sys.stdout.write(f"{name}<<{end}\n{value}\n{end}\n")
    return 0


def given_variables(text: str) -> Mapping[str, str]:
    """The variables that are not empty. `text` is an object of names and texts in JSON."""
    variables: dict[str, str] = json.loads(text)
    return {name: value for name, value in variables.items() if value.strip()}


if __name__ == "__main__":
    sys.exit(main())
