"""After azd has provisioned: makes SECRETS_KEY once, and waits until the app's identity may read it.

The key seals secrets at rest. A new one in its place would make all of them unreadable, so one that is there is never
written again, and when it is uncertain whether one is there the hook fails.
"""

from __future__ import annotations

import base64
import secrets
import sys
from collections.abc import Mapping

from infra.hooks.app import App
from infra.hooks.arm import Arm
from infra.hooks.clock import Clock
from infra.hooks.deployment import read_deployment
from infra.hooks.failure import HookFailed, run_hook, say
from infra.hooks.references import REQUIRED, wait_for_references
from infra.hooks.vault import Vault

SECRET = "secrets-key"  # noqa: S105 - its name
_SECONDS_FOR_ROLES = 180


def postprovision(environment: Mapping[str, str]) -> None:
    """Make sure that the vault has SECRETS_KEY and that the app gets it."""
    deployment = read_deployment(environment)
    clock = Clock.read(environment)
    arm = Arm.of(deployment, clock)
    _ensure_secrets_key(Vault(arm, deployment.vault_id, deployment.vault_name))
    _wait_for_roles(App(arm, deployment.app_id), clock)


def _ensure_secrets_key(vault: Vault) -> None:
    if vault.digest_of(SECRET) is not None:
        say(f"{SECRET}: is in the key vault, and stays as it is")
        return
    # A Fernet key: 32 random bytes in URL-safe base64.
    vault.write(SECRET, base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(), "SECRETS_KEY of the app")
    say(f"{SECRET}: made, and written to the key vault")


def _wait_for_roles(app: App, clock: Clock) -> None:
    """Wait until the app's identity may read the vault: then its other roles, assigned before, have spread too.

    Without that the first deployment fails, for it is this identity that stores the package.
    """
    left = wait_for_references(app, clock, _SECONDS_FOR_ROLES, only=REQUIRED)
    if not left:
        say("roles: the app's identity reads the key vault")
    elif left[REQUIRED] == "no reference":
        raise HookFailed(
            f"{REQUIRED} is no reference to the key vault: run `azd provision` again, which writes all settings"
        )
    else:
        # No reason to stop: before the first deployment the platform may not know yet, and postdeploy looks again.
        say(
            f"roles: {REQUIRED} is {left[REQUIRED]} so far; going on."
            " If the deployment fails with 403, run `azd deploy` again"
        )


if __name__ == "__main__":
    sys.exit(run_hook(postprovision))
