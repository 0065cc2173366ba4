"""Secrets of the key vault, by the management plane: that writes them and never gives a value back."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

from infra.hooks.arm import Arm, Conflict
from infra.hooks.failure import HookFailed

_VERSION = "2023-07-01"
_ROLE = "Key Vault Contributor or Contributor"
_DIGEST_TAG = "sha256"


def digest(value: str) -> str:
    """12 hex digits of a value's SHA-256: they tell two random keys apart, and tell nothing about either."""
    return hashlib.sha256(value.encode()).hexdigest()[:12]


class Vault:
    """The vault with this resource id."""

    def __init__(self, arm: Arm, vault_id: str, name: str) -> None:
        self._arm = arm
        self._id = vault_id
        self._name = name

    def digest_of(self, secret: str) -> str | None:
        """The digest that a secret was written with, '' if it has none; None if there is no such secret."""
        found = self._arm.find(
            self._path(secret), _VERSION, to=f"look for {secret} in the key vault {self._name}", role=_ROLE
        )
        if found is None:
            return None
        tags = found.get("tags")
        return str(tags.get(_DIGEST_TAG, "")) if isinstance(tags, dict) else ""

    def write(self, secret: str, value: str, content: str) -> None:
        """Write a secret, or a new version of it. `content` says to readers of the vault what it is."""
        body = {"tags": {_DIGEST_TAG: digest(value)}, "properties": {"value": value, "contentType": content}}
        to = f"write {secret} into the key vault {self._name}"
        try:
            self._arm.put(self._path(secret), _VERSION, body, to=to, role=_ROLE)
        except Conflict:
            raise HookFailed(
                f"cannot {to}: a deleted secret has this name; bring it back with `az keyvault secret recover"
                f" --vault-name {self._name} --name {secret}`, which wants the role Key Vault Secrets Officer, then run"
                " the same azd command again"
            ) from None

    def _path(self, secret: str) -> str:
        return f"{self._id}/secrets/{quote(secret)}"
