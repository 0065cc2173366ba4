"""After azd has deployed: looks whether the app runs, makes its function keys, and says what is left to do."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from infra.hooks.app import App
from infra.hooks.arm import Arm
from infra.hooks.clock import Clock
from infra.hooks.deployment import Deployment, read_deployment
from infra.hooks.failure import HookFailed, run_hook, say
from infra.hooks.functions import ROOT, function_folders, wait_for_functions
from infra.hooks.health import is_well, wait_until_well
from infra.hooks.key_steps import ensure_keys
from infra.hooks.next_steps import next_steps
from infra.hooks.references import sentence, unresolved, wait_for_references
from infra.hooks.vault import Vault

_SECONDS_FOR_REFERENCES = 180


def postdeploy(environment: Mapping[str, str], root: Path = ROOT) -> None:
    """Bring what was deployed into use. Where all is done already, nothing is written."""
    deployment = read_deployment(environment)
    clock = Clock.read(environment)
    arm = Arm.of(deployment, clock)
    app = App(arm, deployment.app_id)
    folders = function_folders(root)
    if app.is_stopped():
        # As docs/deploy.md has it for an upgrade: it is started when the new version is there.
        say("the app is stopped, and was not looked at: start it, then run `azd hooks run postdeploy`")
        return
    _wait_until_running(app, deployment, folders, clock)
    say("function keys:")
    is_written = ensure_keys(app, Vault(arm, deployment.vault_id, deployment.vault_name), folders)
    _bring_secrets_into_use(app, deployment, clock, is_written=is_written)
    for line in next_steps(environment, deployment, folders):
        say(line)


def _wait_until_running(app: App, deployment: Deployment, folders: frozenset[str], clock: Clock) -> None:
    was_well = is_well(deployment.app_url, clock)
    wait_for_functions(app, folders, clock)
    if not was_well:
        wait_until_well(deployment.app_url, clock)


def _bring_secrets_into_use(app: App, deployment: Deployment, clock: Clock, *, is_written: bool) -> None:
    """Have the app read the vault anew if it was written to, or if the app lacks something of it."""
    if is_written or unresolved(app.references()):
        app.refresh_references()
        left = wait_for_references(app, clock, _SECONDS_FOR_REFERENCES)
        if left:
            raise HookFailed(sentence(left))
        app.restart()
        wait_until_well(deployment.app_url, clock)
    say("vault references: resolved")


if __name__ == "__main__":
    sys.exit(run_hook(postdeploy))
