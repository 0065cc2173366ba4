"""`make infra`: compiles with whichever compiler is there, takes no warning, and says whether main.json is current."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PROGRAM = ROOT / "infra" / "compile.py"
GENERATOR = {"_generator": {"name": "bicep", "version": "1", "templateHash": "1"}}
TEMPLATE = {
    "metadata": GENERATOR,
    "resources": {"site": {"properties": {"template": {"metadata": GENERATOR, "resources": []}}}},
}
# A compiler, or the Azure CLI: it prints what files in its folder hold, ends as they say, and notes how it was called.
FAKE = """#!{python}
import os, sys
from pathlib import Path
folder = Path(__file__).parent
[verb] = [word for word in sys.argv[1:] if word in ("lint", "build", "version")]

def held(what):
    file = folder / f"{{verb}}.{{what}}"
    return file.read_text() if file.exists() else ""

if verb != "version":
    with (folder / "calls").open("a") as calls:
        print(Path(__file__).name, *sys.argv[1:], os.environ["AZURE_BICEP_CHECK_VERSION"], file=calls)
sys.stdout.write(held("stdout"))
sys.stderr.write(held("stderr"))
sys.exit(int(held("exit") or 0))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A template with its main.json, and a folder `bin` for compilers that print that same template."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "main.bicep").write_text("// a template")
    (tmp_path / "main.json").write_text(json.dumps(TEMPLATE))
    prints(tmp_path, "build.stdout", json.dumps(TEMPLATE))
    return tmp_path


def prints(folder: Path, name: str, text: str) -> None:
    (folder / "bin" / name).write_text(text)


def install(folder: Path, name: str) -> str:
    program = folder / "bin" / name
    program.write_text(FAKE.format(python=sys.executable))
    program.chmod(0o755)
    return str(program)


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROGRAM), *arguments, str(folder)]
    environment = {"PATH": str(folder / "bin"), **environment}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def calls(folder: Path) -> list[str]:
    return (folder / "bin" / "calls").read_text().splitlines()


def test_without_a_compiler_it_says_where_to_get_one(folder: Path) -> None:
    done = run(folder)
    assert done.returncode == 1
    assert "a Bicep compiler is needed" in done.stderr
    assert "https://learn.microsoft.com/azure/azure-resource-manager/bicep/install" in done.stderr


def test_a_compiler_that_is_named_and_not_there_is_told(folder: Path) -> None:
    install(folder, "bicep")
    done = run(folder, BICEP="/nowhere/bicep")
    assert done.returncode == 1
    assert "BICEP is '/nowhere/bicep'" in done.stderr


def test_a_current_template_passes(folder: Path) -> None:
    install(folder, "bicep")
    done = run(folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "main.json is current" in done.stdout


def test_the_compiler_that_is_named_comes_before_the_one_on_path_and_that_before_the_azure_cli(folder: Path) -> None:
    install(folder, "az")
    install(folder, "bicep")
    assert run(folder, BICEP=install(folder, "mine")).returncode == run(folder).returncode == 0
    assert [call.split()[0] for call in calls(folder)] == ["mine", "mine", "bicep", "bicep"]


def test_the_azure_cli_compiles_too_and_is_told_not_to_speak_of_newer_versions(folder: Path) -> None:
    install(folder, "az")
    assert run(folder).returncode == 0
    source = folder / "main.bicep"
    assert calls(folder) == [
        f"az bicep lint --file {source} false",
        f"az bicep build --file {source} --stdout false",
    ]


def test_an_azure_cli_without_a_compiler_is_none(folder: Path) -> None:
    install(folder, "az")
    prints(folder, "version.exit", "1")
    done = run(folder)
    assert done.returncode == 1
    assert "a Bicep compiler is needed" in done.stderr


@pytest.mark.parametrize("name", ["lint.stderr", "lint.stdout", "build.stderr"])
def test_a_warning_is_shown_and_fails_although_the_compiler_succeeds(folder: Path, name: str) -> None:
    install(folder, "bicep")
    prints(folder, name, "main.bicep(1,1) : Warning no-unused-params: ...")
    done = run(folder)
    assert done.returncode == 1
    assert "Warning no-unused-params" in done.stderr


@pytest.mark.parametrize("verb", ["lint", "build"])
def test_an_error_of_the_compiler_is_shown(folder: Path, verb: str) -> None:
    install(folder, "bicep")
    prints(folder, f"{verb}.exit", "1")
    prints(folder, f"{verb}.stderr", "main.bicep(1,1) : Error BCP018: ...")
    done = run(folder)
    assert done.returncode == 1
    assert "Error BCP018" in done.stderr


@pytest.mark.parametrize("held", [None, "not JSON", json.dumps({**TEMPLATE, "outputs": {}})])
def test_what_is_not_current_fails_and_stays_as_it_is(folder: Path, held: str | None) -> None:
    install(folder, "bicep")
    committed = folder / "main.json"
    committed.unlink() if held is None else committed.write_text(held)
    done = run(folder)
    assert done.returncode == 1
    assert "make infra WRITE=1" in done.stderr
    assert (committed.read_text() if committed.exists() else None) == held


def test_another_version_of_the_compiler_makes_nothing_stale(folder: Path) -> None:
    install(folder, "bicep")
    newer = json.dumps(TEMPLATE).replace('"version": "1"', '"version": "2"').replace('Hash": "1"', 'Hash": "2"')
    prints(folder, "build.stdout", newer)
    assert run(folder).returncode == 0


def test_it_writes_when_it_is_told_to_and_is_current_then(folder: Path) -> None:
    install(folder, "bicep")
    prints(folder, "build.stdout", json.dumps({**TEMPLATE, "outputs": {}}))
    assert run(folder, "--write").returncode == run(folder).returncode == 0
    assert json.loads((folder / "main.json").read_text())["outputs"] == {}
    assert (folder / "main.json").read_bytes().endswith(b"}\n")


def test_make_runs_it() -> None:
    def recipe(*arguments: str) -> str:
        command = ["make", "-n", "infra", *arguments]
        # Else this one would be part of the make that runs the tests.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        printed = done.stdout
        return printed.splitlines()[-1].strip()

    assert recipe().endswith("-m infra.compile")
    assert recipe("WRITE=1").endswith("-m infra.compile --write")


if "BICEP" in os.environ:

    def test_the_template_compiles_without_a_word_and_the_committed_one_is_current() -> None:
        done = subprocess.run([sys.executable, str(PROGRAM)], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")

    def test_a_template_with_a_parameter_that_nobody_uses_is_refused(tmp_path: Path) -> None:
        (tmp_path / "main.bicep").write_text("param unused string = 'x'\n")
        done = run(tmp_path, BICEP=os.environ["BICEP"], PATH=os.environ["PATH"])
        assert done.returncode == 1
        assert "no-unused-params" in done.stderr
