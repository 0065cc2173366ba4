"""Gives the app's identity application permissions of Microsoft Graph, with the rights of `az login`.

    python -m infra.hooks.graph_permissions PRINCIPAL-ID PERMISSION...

No hook runs this: it needs an administrator of Entra (Privileged Role Administrator). A permission that the identity
has is left alone, so it can be run again.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.hooks.failure import HookFailed, run_hook, say

_GRAPH = "00000003-0000-0000-c000-000000000000"
_SECONDS = 120


def grant(principal: str, permissions: Sequence[str], graph_url: str) -> None:
    """Give the service principal with this object id each of these permissions; raises HookFailed."""
    base = f"{graph_url}/v1.0/servicePrincipals"
    # Ids of roles are looked up by their names: an id in this file could not be checked by a reader.
    graph = _az("get", f"{base}(appId='{_GRAPH}')")
    roles = {role["value"]: role["id"] for role in _list(graph, "appRoles")}
    if unknown := sorted(set(permissions) - set(roles)):
        raise HookFailed(f"Graph has no application permission {', '.join(unknown)}: look at the spelling")
    assigned = {item["appRoleId"] for item in _list(_az("get", f"{base}/{principal}/appRoleAssignments"), "value")}
    for name in permissions:
        if roles[name] in assigned:
            say(f"{name}: the identity has it")
            continue
        body = {"principalId": principal, "resourceId": graph["id"], "appRoleId": roles[name]}
        _az("post", f"{base}/{principal}/appRoleAssignments", body)
        say(f"{name}: granted")


def _list(document: Mapping[str, object], member: str) -> list[dict[str, str]]:
    value = document.get(member)
    return value if isinstance(value, list) else []


def _az(method: str, url: str, body: object = None) -> Mapping[str, object]:
    az = shutil.which("az")
    if az is None:
        raise HookFailed("az is not on PATH: install the Azure CLI (https://aka.ms/azure-cli), then `az login`")
    with tempfile.TemporaryDirectory() as folder:
        words = [az, "rest", "--method", method, "--url", url, "--output", "json"]
        if body is not None:
            # A file: on Windows quotes in an argument of a batch file are lost.
            file = Path(folder) / "body.json"
            file.write_text(json.dumps(body), encoding="utf-8")
            words += ["--headers", "Content-Type=application/json", "--body", f"@{file}"]
        try:
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as error:
            raise HookFailed(f"az did not answer ({type(error).__name__}): try again") from None
    if done.returncode:
        raise HookFailed(
            f"az could not {method} {url}: sign in with `az login` as an administrator of Entra"
            " (Privileged Role Administrator), then try again"
        )
    try:
        document = json.loads(done.stdout or b"{}")
    except ValueError:
        document = {}
    return document if isinstance(document, dict) else {}


def _main(environment: Mapping[str, str]) -> None:
    principal, *permissions = sys.argv[1:] or [""]
    if not principal or not permissions:
        raise HookFailed("usage: python -m infra.hooks.graph_permissions PRINCIPAL-ID PERMISSION...")
    grant(principal, permissions, environment.get("GRAPH_URL") or "https://graph.microsoft.com")


if __name__ == "__main__":
    sys.exit(run_hook(_main))
