"""Which function keys there are, what they open, and what is to be done about one. Decides only; touches nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from infra.hooks.vault import digest


@dataclass(frozen=True)
class FunctionKey:
    """A key with the functions that it opens, and the secret of the vault through which the app gets it, if it does."""

    name: str
    functions: tuple[str, ...]
    secret: str | None = None

    def within(self, deployed: Collection[str]) -> FunctionKey:
        """The same key for those of its functions that this version of the app has."""
        return FunctionKey(self.name, tuple(name for name in self.functions if name in deployed), self.secret)


# What opens the functions that Dataverse posts to is known to Dataverse and to nobody else.
DYNAMICS = FunctionKey("dynamics", ("ConnectionWebhook", "DynamicsWebhook"))
ARCGIS = FunctionKey("arcgis", ("WebhookConnections",), "arcgis-hook-key")
CONSOLE = FunctionKey(
    "console",
    ("Events", "WebhookAdmin", "WebhookAgent", "WebhookConnections", "ArcGisConnections", "DynamicsRegistration"),
    "console-key",
)
KEYS = (DYNAMICS, ARCGIS, CONSOLE)


@dataclass(frozen=True)
class KeyPlan:
    """The value of a key, None if one has to be made; the functions that lack it; those that must keep another one."""

    value: str | None
    lacking: tuple[str, ...]
    different: tuple[str, ...] = ()


def plan_key(key: FunctionKey, found: Mapping[str, str | None], vaulted: str | None) -> KeyPlan:
    """What is to be done about a key.

    `found` has what each of its functions has under this name, None for nothing; `vaulted` is the digest of the value
    in the vault, if one is there. A key that the app itself uses becomes the same everywhere: the vault's, else the
    first one. Any other key is in the hands of a sender, who would be locked out: what is there stays as it is.
    """
    values = [value for value in found.values() if value is not None]
    if not values:
        return KeyPlan(None, tuple(found))
    if key.secret is None:
        lacking = tuple(name for name, value in found.items() if value is None)
        return KeyPlan(
            values[0], lacking, tuple(name for name, value in found.items() if value not in {None, values[0]})
        )
    chosen = next((value for value in values if digest(value) == vaulted), values[0])
    return KeyPlan(chosen, tuple(name for name, value in found.items() if value != chosen))
