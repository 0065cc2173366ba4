"""Makes the function keys that are missing, and puts into the vault those that the app needs."""

from __future__ import annotations

from collections.abc import Collection

from infra.hooks.app import App
from infra.hooks.failure import HookFailed, say
from infra.hooks.keys import KEYS, FunctionKey, plan_key
from infra.hooks.vault import Vault, digest


def ensure_keys(app: App, vault: Vault, deployed: Collection[str]) -> bool:
    """Make sure that each key opens its functions. Returns whether the vault was written to.

    No value leaves this process but to Azure. Where nothing is missing nothing is written.
    """
    present = [key.within(deployed) for key in KEYS]
    written = [_ensure(app, vault, key) for key in present if key.functions]
    return any(written)


def _ensure(app: App, vault: Vault, key: FunctionKey) -> bool:
    found = {function: app.keys(function).get(key.name) for function in key.functions}
    vaulted = None if key.secret is None else vault.digest_of(key.secret)
    plan = plan_key(key, found, vaulted)
    value, lacking = plan.value, plan.lacking
    if value is None:
        value, lacking = _made(app, key.functions[0], key.name), lacking[1:]
    for function in lacking:
        app.set_key(function, key.name, value)
    _report(key, plan.lacking, plan.different)
    if key.secret is None or vaulted == digest(value):
        return False
    vault.write(key.secret, value, f"function key {key.name} of the app")
    say(f"  {key.secret}: written to the key vault")
    return True


def _made(app: App, function: str, name: str) -> str:
    app.set_key(function, name, None)
    value = app.keys(function).get(name)
    if value is None:
        raise HookFailed(
            f"Azure took the key {name} of {function}, and does not show it: run `azd hooks run postdeploy`"
        )
    return value


def _report(key: FunctionKey, lacking: Collection[str], different: Collection[str]) -> None:
    if lacking:
        say(f"  {key.name}: now opens {', '.join(lacking)}")
    else:
        say(f"  {key.name}: opens {', '.join(key.functions)}")
    if different:
        say(
            f"  {key.name}: {', '.join(different)} has another value than {key.functions[0]}. Both stay as they are,"
            " since Dataverse may know either"
        )
