"""`python -m admin console`, with a browser that notes what it is asked to open."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.admin.command import ROOT, Run

LINK = "http://localhost:1/api/console#key=hub_a"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the program, for it looks for the running hub beside itself; and a browser."""
    for name in ("admin", "devhost", "shared"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "npm"))
    (tmp_path / "browser").write_text('#!/bin/sh\necho "$1" > opened\n', encoding="utf-8")
    (tmp_path / "browser").chmod(0o755)
    return tmp_path


def runs_here(project: Path) -> None:
    """As `make run` leaves it while the hub runs."""
    (project / ".local").mkdir(mode=0o755)
    told = json.dumps({"url": "http://localhost:1", "api_key": "hub_a"})
    (project / ".local" / "run.json").write_text(told, encoding="utf-8")


def console(project: Path, *arguments: str) -> Run:
    environment = {**os.environ, "BROWSER": f"{project}/browser %s", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "admin", "console", *arguments]
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return Run(done.returncode, done.stdout, done.stderr)


def test_a_browser_opens_the_console_signed_in_and_no_argument_has_the_key(project: Path) -> None:
    runs_here(project)
    run = console(project)
    assert (run.code, run.out) == (0, "opened http://localhost:1/api/console\n")
    opened = (project / "opened").read_text(encoding="utf-8").strip()
    assert "hub_a" not in opened
    file = Path(unquote(urlsplit(opened).path))
    assert file.stat().st_mode & 0o777 == 0o600
    assert re.findall(r'content="0; url=([^"]+)"', file.read_text(encoding="utf-8")) == [LINK]


def test_the_link_is_printed_where_there_is_no_browser(project: Path) -> None:
    runs_here(project)
    assert console(project, "--print") == Run(0, f"{LINK}\n", "")
    assert not (project / "opened").exists()


def test_another_hub_is_opened_without_a_key(project: Path) -> None:
    runs_here(project)
    assert console(project, "--url", "https://hub.example/").code == 0
    assert (project / "opened").read_text(encoding="utf-8") == "https://hub.example/api/console\n"


def test_without_a_running_hub_it_says_what_to_do(project: Path) -> None:
    run = console(project)
    assert (run.code, run.err) == (
        1,
        "error: no hub runs here: start one with `make run`, or name another with --url\n",
    )
