"""The function key that commands about Dynamics need."""

import os

import typer

KEY_VARIABLE = "DYNAMICS_WEBHOOK_KEY"


def function_key(app: str) -> str:
    """The key of an app, which a message calls `app`, from the environment; raises BadParameter if there is none.

    It is not an option, since the arguments of a process are visible to everybody on the machine.
    """
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not key:
        raise typer.BadParameter(f"the environment variable {KEY_VARIABLE} is required: a function key of {app}")
    return key
