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
from infra.hooks.parameters import faults_of_parameters

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_GROUP = re.compile(r"[\w().-]{0,89}[\w()-]")
_ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")
_DATAVERSE = re.compile(r"https://[a-z0-9.-]+/?", re.IGNORECASE)


def preprovision(environment: Mapping[str, str], root: Path = ROOT) -> None:
    """Check azd, the region, and what the environment says about settings."""
    name = environment_name(environment)
    version = check_version()
    faults = [
        *_faults_of_region(environment, allowed_regions(root)),
        *_faults_of_group(environment, name),
        *faults_of_parameters(environment, root),
        *_faults_of_settings(environment),
    ]
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
    given = environment.get("AZURE_LOCATION", "").strip()
    region = given.replace(" ", "").lower()
    if region != given and region in allowed:
        # The template compares the names as they are, and other names would follow from another spelling.
        yield f"AZURE_LOCATION is {given!r}: write it as `azd env set AZURE_LOCATION {region}`"
    if region and allowed and region not in allowed:
        yield (
            f"AZURE_LOCATION is {region}, where Flex Consumption is not offered: choose one of"
            f" {', '.join(sorted(allowed))} with `azd env set AZURE_LOCATION NAME`"
        )


def _faults_of_group(environment: Mapping[str, str], name: str) -> Iterator[str]:
    given = environment.get("HUB_RESOURCE_GROUP", "").strip()
    group = given or f"rg-{name}"
    if not _GROUP.fullmatch(group):
        yield (
            f"the resource group cannot be called {group!r}: a name has letters, digits, and ()_.- of which the dot is"
            " not the last, 90 characters at most; choose one with `azd env set HUB_RESOURCE_GROUP NAME`"
        )


def _faults_of_settings(environment: Mapping[str, str]) -> Iterator[str]:
    directory = environment.get("ROLE_DIRECTORY") or "table"
    dataverse = environment.get("DATAVERSE_URL", "")
    if dataverse and not _DATAVERSE.fullmatch(dataverse):
        yield f"DATAVERSE_URL is {dataverse!r}: an address such as https://contoso.crm4.dynamics.com is needed"
    if directory == "graph":
        for name in ("DATAVERSE_URL", "SHAREPOINT_SITE_ID"):
            if not environment.get(name):
                yield f"ROLE_DIRECTORY is graph, which needs {name} too: `azd env set {name} VALUE`"
    for name in ("ALERT_EMAIL", "NOTICE_MAILBOX"):
        address = environment.get(name, "").strip()
        if address and not _ADDRESS.fullmatch(address):
            yield f"{name} is {address!r}: one mail address is needed; for several people take that of a group"
    yield from _faults_of_ids(environment)
    schedule = environment.get("RETENTION_SCHEDULE", "").split()
    if len(schedule) not in {0, 6}:
        # The platform leaves out a function whose schedule it does not understand.
        yield f"RETENTION_SCHEDULE is {' '.join(schedule)!r}: six fields are needed, such as 0 30 3 * * *"


def _faults_of_ids(environment: Mapping[str, str]) -> Iterator[str]:
    for name in ("DYNAMICS_ORGANIZATIONS", "CONSOLE_CLIENT_ID", "ENTRA_TENANT_ID", "ENTRA_CLIENT_ID"):
        value = environment.get(name, "").strip()
        parts = value.split(",") if name == "DYNAMICS_ORGANIZATIONS" else [value]
        entries = [part.strip() for part in parts if part.strip()]
        if not all(_GUID.fullmatch(entry) for entry in entries):
            yield f"{name} is {value!r}: a GUID is needed"


if __name__ == "__main__":
    sys.exit(run_hook(preprovision))
