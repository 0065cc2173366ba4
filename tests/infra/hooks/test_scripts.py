"""The scripts that azd calls, and what every hook keeps to: an old Python, its library alone, azd's environment."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.hooks.conftest import Azd
from tests.support.paths import ROOT

FOLDER = ROOT / "infra" / "hooks"
MODULES = sorted(FOLDER.glob("*.py"))
HOOKS = ("preprovision", "postprovision", "prepackage", "postdeploy")
EACH_HOOK = pytest.mark.parametrize("hook", HOOKS)


@EACH_HOOK
def test_a_hook_that_azd_did_not_start_ends_with_a_sentence_and_touches_nothing(azd: Azd, hook: str) -> None:
    assert "AZURE_ENV_NAME is not set" in azd.fails(hook, AZURE_ENV_NAME=None)
    assert azd.arm.journal == []
    assert azd.journal.read_text() == ""


@EACH_HOOK
def test_an_empty_name_of_the_environment_counts_as_none(azd: Azd, hook: str) -> None:
    assert "AZURE_ENV_NAME is not set" in azd.fails(hook, AZURE_ENV_NAME=" ")


@EACH_HOOK
def test_a_hook_may_be_executed_and_has_line_ends_that_a_shell_takes(hook: str) -> None:
    # azd executes the file itself.
    assert os.access(FOLDER / f"{hook}.sh", os.X_OK)
    assert b"\r" not in (FOLDER / f"{hook}.sh").read_bytes()
    assert "*.sh text eol=lf" in (FOLDER / ".gitattributes").read_text(encoding="utf-8")


@EACH_HOOK
def test_the_script_for_windows_runs_the_same_hook_and_hands_on_its_exit_code(hook: str) -> None:
    assert f'python.sh" {hook}\n' in (FOLDER / f"{hook}.sh").read_text(encoding="utf-8")
    lines = (FOLDER / f"{hook}.ps1").read_text(encoding="utf-8").splitlines()
    assert lines == [f"& (Join-Path $PSScriptRoot 'python.ps1') {hook}", "exit $LASTEXITCODE"]


def test_both_scripts_call_python_alike() -> None:
    posix, windows = ((FOLDER / f"python.{kind}").read_text(encoding="utf-8") for kind in ("sh", "ps1"))
    check = "import sys; sys.exit(sys.version_info < (3, 9))"
    assert check in posix
    assert check in windows
    assert '-m "infra.hooks.$1"' in posix
    assert '-m "infra.hooks.$Name"\n    exit $LASTEXITCODE' in windows
    assert windows.endswith("exit 1\n")
    assert re.findall(r"@\('([^)]*)'\)", windows) == ["py', '-3", "python3", "python"]


def test_a_machine_without_python_is_told_so(azd: Azd, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for program in ("sh", "dirname"):
        (bare / program).symlink_to(shutil.which(program) or "")
    assert "Python 3.9 or later is needed" in azd.fails("preprovision", PATH=str(bare))


def test_a_python_that_is_too_old_is_passed_over(azd: Azd) -> None:
    azd.folder.joinpath("python").symlink_to(sys.executable)
    azd.folder.joinpath("python3").unlink()
    azd.folder.joinpath("python3").write_text("#!/bin/sh\nexit 1\n")
    azd.folder.joinpath("python3").chmod(0o755)
    assert "ready to provision" in azd.succeeds("preprovision")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.stem))
def test_a_module_is_one_that_an_old_python_reads_and_needs_nothing_but_its_library(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
    imported = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    imported += [str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    foreign = {name for name in imported if name.split(".")[0] not in sys.stdlib_module_names}
    assert all(name.startswith("infra.hooks.") for name in foreign)
    # An annotation like `str | None` is no syntax error in 3.9, but fails when it is evaluated.
    assert path.name == "__init__.py" or "__future__" in imported


def run_hook_that_raises(what: str) -> subprocess.CompletedProcess[str]:
    program = f"""
import sys
from infra.hooks.failure import run_hook
def hook(environment):
    raise {what}
sys.exit(run_hook(hook))
"""
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_fault_of_the_hook_itself_shows_no_traceback_and_no_value() -> None:
    done = run_hook_that_raises('ValueError("a key")')
    assert done.returncode == 1
    assert done.stderr == "error: the hook itself is at fault (ValueError): please report this\n"


def test_an_interruption_says_that_it_may_be_repeated() -> None:
    done = run_hook_that_raises("KeyboardInterrupt")
    assert done.returncode == 130
    assert done.stderr == "error: interrupted; it is safe to run the same command again\n"


@pytest.mark.parametrize("scale", ["fast", "-1", "2", "nan"])
def test_a_wrong_scale_of_pauses_is_told(azd: Azd, scale: str) -> None:
    assert "HOOK_PAUSE_SCALE" in azd.fails("postprovision", HOOK_PAUSE_SCALE=scale)
