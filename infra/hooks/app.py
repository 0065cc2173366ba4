"""The function app as the management plane shows it: functions, their keys, references to the vault, a restart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from infra.hooks.arm import Arm

_VERSION = "2024-04-01"
_REFERENCES_VERSION = "2022-03-01"
_REFERENCES = "config/configreferences/appsettings"
_ROLE = "Website Contributor or Contributor"


class App:
    """The app with this resource id."""

    def __init__(self, arm: Arm, app_id: str) -> None:
        self._arm = arm
        self._id = app_id

    def is_stopped(self) -> bool:
        """Whether somebody has stopped the app."""
        properties = self._arm.get(self._id, _VERSION, to="look at the app", role=_ROLE).get("properties")
        return isinstance(properties, dict) and properties.get("state") == "Stopped"

    def functions(self) -> frozenset[str]:
        """The names of the functions that the platform found in what was deployed."""
        document = self._arm.get(f"{self._id}/functions", _VERSION, to="list the functions", role=_ROLE)
        return frozenset(str(item.get("name", "")).rpartition("/")[2] for item in _items(document))

    def keys(self, function: str) -> Mapping[str, str]:
        """The values of a function's keys, by their names."""
        document = self._arm.ask(
            f"{self._id}/functions/{function}/listkeys", _VERSION, to=f"read the keys of {function}", role=_ROLE
        )
        # The answer is the keys themselves, or, as the type in Azure's SDKs has it, holds them.
        properties = document.get("properties")
        values = properties if isinstance(properties, dict) else document
        return {name: value for name, value in values.items() if isinstance(value, str)}

    def set_key(self, function: str, name: str, value: str | None) -> None:
        """Give a function a key; without a value the platform makes one."""
        properties = {"name": name} if value is None else {"name": name, "value": value}
        self._arm.put(
            f"{self._id}/functions/{function}/keys/{name}",
            _VERSION,
            {"properties": properties},
            to=f"give {function} the key {name}",
            role=_ROLE,
            until_found=True,
        )

    def references(self) -> Mapping[str, str]:
        """How the references to the vault stand, by their settings: `Resolved`, `SecretNotFound`, ..."""
        document = self._arm.get(
            f"{self._id}/{_REFERENCES}", _REFERENCES_VERSION, to="read how the vault references stand", role=_ROLE
        )
        return dict(map(_reference, _items(document)))

    def refresh_references(self) -> None:
        """Have the platform fetch what the references lead to."""
        self._arm.post(
            f"{self._id}/{_REFERENCES}/refresh", _REFERENCES_VERSION, to="refresh the vault references", role=_ROLE
        )

    def restart(self) -> None:
        """Start the app anew: it reads its settings once."""
        self._arm.post(f"{self._id}/restart", _VERSION, to="restart the app", role=_ROLE)


def _items(document: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    value = document.get("value")
    yield from (item for item in (value if isinstance(value, list) else []) if isinstance(item, dict))


def _reference(item: Mapping[str, object]) -> tuple[str, str]:
    properties = item.get("properties")
    status = properties.get("status") if isinstance(properties, dict) else None
    # Some answers have no name; the id always ends in it.
    return str(item.get("name") or item.get("id", "")).rpartition("/")[2], str(status or "unknown")
