"""Before azd provisions: looks whether it can succeed. Writes nothing."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from infra.hooks.azd import check_version
from infra.hooks.deployment import environment_name
from infra.hooks.failure import HookFailed, run_hook, say
from infra.hooks.functions import ROOT

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DATAVERSE = re.compile(r"https://[a-z0-9.-]+/?", re.IGNORECASE)


def preprovision(environment: Mapping[str, str], root: Path = ROOT) -> None:
    """Check azd, the region, and what the environment says about settings."""
    name = environment_name(environment)
    version = check_version()
    faults = [*_faults_of_region(environment, allowed_regions(root)), *_faults_of_settings(environment)]
    if faults:
        raise HookFailed("; ".join(faults))
    say(f"azd {version}, environment {name}: ready to provision")


def allowed_regions(root: Path) -> frozenset[str]:
    """The regions that the template takes; none where it does not restrict them."""
    file = root / "infra" / "main.json"
    if not file.exists():
        return frozenset()
    location = json.loads(file.read_text(encoding="utf-8")).get("parameters", {}).get("location", {})
    return frozenset(map(str, location.get("allowedValues", [])))


def _faults_of_region(environment: Mapping[str, str], allowed: frozenset[str]) -> Iterator[str]:
    # Where it is not set yet, azd asks, and offers the allowed ones alone.
    region = environment.get("AZURE_LOCATION", "").replace(" ", "").lower()
    if region and allowed and region not in allowed:
        yield (
            f"AZURE_LOCATION is {region}, where Flex Consumption is not offered: choose one of"
            f" {', '.join(sorted(allowed))} with `azd env set AZURE_LOCATION NAME`"
        )


def _faults_of_settings(environment: Mapping[str, str]) -> Iterator[str]:
    directory = environment.get("ROLE_DIRECTORY") or "table"
    if directory not in {"table", "graph"}:
        yield f"ROLE_DIRECTORY is {directory!r}: `azd env set ROLE_DIRECTORY` to table or graph"
    dataverse = environment.get("DATAVERSE_URL", "")
    if dataverse and not _DATAVERSE.fullmatch(dataverse):
        yield f"DATAVERSE_URL is {dataverse!r}: an address such as https://contoso.crm4.dynamics.com is needed"
    if directory == "graph":
        for name in ("DATAVERSE_URL", "SHAREPOINT_SITE_ID"):
            if not environment.get(name):
                yield f"ROLE_DIRECTORY is graph, which needs {name} too: `azd env set {name} VALUE`"
    for name in ("DYNAMICS_ORGANIZATIONS", "CONSOLE_CLIENT_ID", "ENTRA_TENANT_ID", "ENTRA_CLIENT_ID"):
        entries = [entry.strip() for entry in environment.get(name, "").split(",") if entry.strip()]
        if not all(_GUID.fullmatch(entry) for entry in entries):
            yield f"{name} is {environment[name]!r}: a GUID is needed"


if __name__ == "__main__":
    sys.exit(run_hook(preprovision))
