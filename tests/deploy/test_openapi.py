"""The present document against the released one, and against Redocly's rules."""

import json
import os
import subprocess
import sys
from pathlib import Path

from deploy.breaking import breaking_changes, unannounced
from deploy.openapi import CHANGELOG, RELEASED, released_text
from deploy.tool import LOCAL, ROOT
from devhost.install import Packages, find_node, install_packages
from shared.api.contract.document import openapi_document

REDOCLY = Packages("Redocly", ROOT / "deploy" / "tools" / "redocly", LOCAL / "redocly", "make test")
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
"""Nothing is told to anybody, and no newer version is looked for."""


def test_nothing_breaks_without_a_migration_note() -> None:
    changes = breaking_changes(json.loads(RELEASED.read_text(encoding="utf-8")), openapi_document())
    assert [str(one) for one in unannounced(changes, CHANGELOG.read_text(encoding="utf-8"))] == []


def test_the_released_document_is_of_the_form_that_is_written() -> None:
    released = RELEASED.read_text(encoding="utf-8")
    assert released == released_text(json.loads(released))


def test_the_command_says_that_nothing_is_unannounced() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.openapi"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "not announced" in done.stdout, done.stderr) == (0, False, "")


def test_redocly_finds_nothing(tmp_path: Path) -> None:
    find_node()
    install_packages(REDOCLY)
    (tmp_path / "openapi.json").write_text(json.dumps(openapi_document()), encoding="utf-8")
    config = REDOCLY.source / "redocly.yaml"
    command = ["node", str(REDOCLY.folder / "node_modules/@redocly/cli/bin/cli.js"), "lint", "openapi.json"]
    done = subprocess.run(
        [*command, "--config", str(config), "--format", "json"],
        cwd=tmp_path,
        env={**os.environ, **QUIET},
        capture_output=True,
        text=True,
        check=False,
    )
    told = json.loads(done.stdout)
    assert (done.returncode, told["totals"]["errors"], told["totals"]["warnings"], told["problems"]) == (0, 0, 0, [])
