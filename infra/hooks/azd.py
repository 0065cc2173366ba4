"""What the hooks ask azd for: its version, and a token for Azure's management plane."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence

from infra.hooks.failure import HookFailed

_SECONDS = 90
# From this one on it knows `remoteBuild`.
MIN_VERSION = (1, 23, 5)


def check_version() -> str:
    """The version of azd as text; raises HookFailed if it is older than azure.yaml wants."""
    document = _ask(["version"], "run `azd version` to see why")
    azd = document.get("azd")
    text = str(azd.get("version")) if isinstance(azd, dict) else ""
    numbers = re.match(r"(\d+)\.(\d+)\.(\d+)", text)
    if numbers is None:
        raise HookFailed("azd does not say its version: install it anew (https://aka.ms/azd)")
    if tuple(map(int, numbers.groups())) < MIN_VERSION:
        wanted = ".".join(map(str, MIN_VERSION))
        raise HookFailed(f"azd is version {text}, but {wanted} or later is needed: update it (https://aka.ms/azd)")
    return text


def token_for(resource: str, tenant: str = "") -> str:
    """An access token of whoever is signed in to azd, for a resource such as https://management.azure.com."""
    arguments = ["auth", "token", "--scope", f"{resource}/.default"]
    if tenant:
        arguments += ["--tenant-id", tenant]
    token = _ask(arguments, "sign in with `azd auth login`, then run the same azd command again").get("token")
    if not isinstance(token, str) or not token:
        raise HookFailed("azd gave no token: sign in with `azd auth login`, then run the same azd command again")
    return token


def _ask(arguments: Sequence[str], remedy: str) -> dict[str, object]:
    azd = shutil.which("azd")
    if azd is None:
        raise HookFailed("azd is not on PATH, and the hooks need it: install it (https://aka.ms/azd)")
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            [azd, *arguments, "--output", "json"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        # The exception's text would hold what azd printed so far.
        raise HookFailed(f"azd did not answer ({type(error).__name__}): {remedy}") from None
    if done.returncode:
        raise HookFailed(f"azd ended with code {done.returncode} instead of an answer: {remedy}")
    try:
        document = json.loads(done.stdout)
    except ValueError:
        document = None
    return document if isinstance(document, dict) else {}
