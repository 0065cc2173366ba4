import shutil
from pathlib import Path

import pytest

from tests.infra.hooks.conftest import FOLDERS, Azd
from tests.support.paths import ROOT

HASHED = """# made by a tool
anyio==4.11.0 \\
    --hash=sha256:aaaa \\
    --hash=sha256:bbbb
    # via x
h11==0.16.0 ; python_version > "3" \\
    --hash=sha256:cccc
"""


@pytest.fixture
def azd(azd: Azd, tmp_path: Path) -> Azd:
    """The same with a small project of its own."""
    azd.project = tmp_path / "project"
    shutil.copytree(ROOT / "infra" / "hooks", azd.project / "infra" / "hooks")
    (azd.project / "infra" / "__init__.py").touch()
    (azd.project / "host.json").touch()
    shutil.copy(ROOT / ".funcignore", azd.project)
    (azd.project / "requirements.txt").write_text(HASHED)
    (azd.project / "Health").mkdir()
    (azd.project / "Health" / "function.json").touch()
    return azd


def test_a_folder_that_can_run_in_azure_is_packaged(azd: Azd) -> None:
    assert azd.succeeds("prepackage") == "package: 1 functions\n"


def test_this_project_can_run_in_azure(azd: Azd) -> None:
    azd.project = ROOT
    assert azd.succeeds("prepackage") == f"package: {len(FOLDERS)} functions\n"


def test_it_needs_nobody_who_is_signed_in(azd: Azd) -> None:
    (azd.folder / "azd").unlink()
    azd.succeeds("prepackage")


@pytest.mark.parametrize("name", ["host.json", ".funcignore", "requirements.txt"])
def test_a_file_that_is_missing_is_told(azd: Azd, name: str) -> None:
    (azd.project / name).unlink()
    assert f"{name} is missing" in azd.fails("prepackage")


def test_a_file_that_makes_it_an_app_of_the_other_model_is_told(azd: Azd) -> None:
    (azd.project / "function_app.py").touch()
    assert "function_app.py lies in the root" in azd.fails("prepackage")


@pytest.mark.parametrize(
    "name", ["id_rsa", "callers.csv", "backup.json", "users.xlsx", "a\nb", "tries/x.py", "Old/host.json"]
)
def test_what_is_no_part_of_the_app_is_not_deployed_whatever_it_is_called(azd: Azd, name: str) -> None:
    (azd.project / name).parent.mkdir(exist_ok=True)
    (azd.project / name).touch()
    assert f"{name.partition('/')[0]!r} would be deployed" in azd.fails("prepackage")


@pytest.mark.parametrize(
    "name", [".env", "hub.export", "local.settings.json", ".azure/test/.env", "notes.md", "hub.pem"]
)
def test_what_is_never_deployed_may_stay(azd: Azd, name: str) -> None:
    (azd.project / name).parent.mkdir(parents=True, exist_ok=True)
    (azd.project / name).touch()
    azd.succeeds("prepackage")


def test_a_folder_without_functions_is_told(azd: Azd) -> None:
    shutil.rmtree(azd.project / "Health")
    assert "no folder of" in azd.fails("prepackage")


def test_one_requirement_without_a_hash_among_others_is_told_by_its_name(azd: Azd) -> None:
    (azd.project / "requirements.txt").write_text(f"{HASHED}idna==3.20\n")
    assert "requirements.txt has hashes, but none for idna==3.20" in azd.fails("prepackage")


def test_requirements_without_any_hash_are_taken(azd: Azd) -> None:
    (azd.project / "requirements.txt").write_text("# as they are\nidna==3.20\nh11==0.16.0\n")
    azd.succeeds("prepackage")
