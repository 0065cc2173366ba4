"""Waits until the platform has fetched what the app's settings refer to in the vault."""

from __future__ import annotations

from collections.abc import Mapping

from infra.hooks.app import App
from infra.hooks.clock import Clock, Patience

REQUIRED = "SECRETS_KEY"

_PAUSE = 15
_RESOLVED = "Resolved"
_ADVICE = {
    "AccessToKeyVaultDenied": "the app's identity needs the role Key Vault Secrets User on the vault",
    "MSINotEnabled": "the app's keyVaultReferenceIdentity must be its user-assigned identity",
    "UnauthorizedClient": "the app's keyVaultReferenceIdentity must be its user-assigned identity",
    "VaultNotFound": "the vault's name may have been purged, or its network closed: references need its public address",
    "SecretNotFound": "the secret is not in the vault",
    "InvalidSyntax": "the setting was changed by hand",
}


def unresolved(statuses: Mapping[str, str]) -> Mapping[str, str]:
    """Settings whose reference is not resolved, with what the platform says about each; SECRETS_KEY if it is none."""
    found = {setting: status for setting, status in statuses.items() if status != _RESOLVED}
    return found if REQUIRED in statuses else {**found, REQUIRED: "no reference"}


def wait_for_references(app: App, clock: Clock, seconds: float, *, only: str | None = None) -> Mapping[str, str]:
    """Which references are unresolved after at most so many seconds; with `only`, whether that setting's is.

    They are refreshed again and again: once the identity's role has spread, the next refresh succeeds.
    """
    patience = Patience(clock, seconds)
    while True:
        left = {name: status for name, status in unresolved(app.references()).items() if only in (None, name)}
        if not left or not patience.pause(_PAUSE):
            return left
        app.refresh_references()


def sentence(left: Mapping[str, str]) -> str:
    """Which references are not resolved, and what helps."""
    named = ", ".join(f"{setting} ({status})" for setting, status in sorted(left.items()))
    advice = sorted({_ADVICE[status] for status in left.values() if status in _ADVICE})
    hint = f": {'; '.join(advice)}" if advice else ""
    return (
        f"these settings are not fetched from the key vault: {named}{hint}; run `azd provision`, then"
        " `azd hooks run postdeploy`"
    )
