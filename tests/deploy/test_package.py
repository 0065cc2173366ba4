"""The package: what is in it, and that it runs with nothing but what requirements.txt names."""

import json
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from contextlib import nullcontext
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from deploy.lock import APP, Lock, write_lock
from deploy.package import PACKAGES, TARGET, built_files, check_wheels, deployed_files, install_packages, write_zip
from deploy.requirements import PLATFORMS, parse_requirements
from deploy.tool import LOCAL, ROOT, Failed, install_environment, uv
from tests.deploy.wheels import write_wheel
from tests.support.kept import kept

LOCKED = ROOT / APP.locked
FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("*/function.json"))
AZURE = dict(PLATFORMS[0])
# The worker's runtime, which comes with the platform, and what devhost needs to start it.
WITH_THE_PLATFORM = ("azure-functions-runtime-v1==", "cronsim==")
SETTINGS: dict[str, str] = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]
LINUX_WHEELS = (platform.system(), platform.machine()) == ("Linux", "x86_64")


def tracked(*folders: str) -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--", *folders],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {*listed.stdout.splitlines()}


def test_the_app_is_deployed_and_nothing_else() -> None:
    wanted = tracked("shared", *FUNCTIONS) | {"host.json", "requirements.txt"}
    assert {name for name, _ in deployed_files(ROOT)} >= wanted
    assert {name.partition("/")[0] for name, _ in deployed_files(ROOT)} == {name.partition("/")[0] for name in wanted}


def test_nothing_switches_the_deployed_app_to_the_other_programming_model() -> None:
    assert not [name for name, _ in deployed_files(ROOT) if name.endswith("function_app.py")]


LEFTOVERS = (
    ".azure/hub/.env",
    ".coverage.1",
    ".env",
    ".env.local",
    ".git/config",
    ".hypothesis/examples/x",
    ".local/keys.json",
    ".mypy_cache/x.json",
    ".python_packages/lib/site-packages/old.py",
    ".venv/bin/python",
    "infra_env/bin/python",
    "admin/__main__.py",
    "azure.yaml",
    "function.zip",
    "hub.export",
    "shared/hub.export",
    "shared/private.key",
    "infra/main.json",
    "local.settings.json",
    "mutants/shared/x.py",
    "node_modules/x/index.js",
    "pyproject.toml",
    "requirements.in",
    "requirements-dev.txt",
    "shared/__pycache__/x.cpython-313.pyc",
    "shared/web/node_modules/x.js",
    "tests/test_x.py",
)
DEPLOYED = (
    "Health/function.json",
    "host.json",
    "requirements.txt",
    "shared/admin/page.py",
    "shared/docs/requirements-dev.txt",
    "shared/mutants.py",
    "shared/tests/README.md",
    "shared/venv.py",
)


def test_of_a_developers_tree_only_the_app_is_deployed_whatever_folders_below_shared_are_called(tmp_path: Path) -> None:
    for name in (*LEFTOVERS, *DEPLOYED):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "venv").symlink_to(ROOT / "tests")
    shutil.copy(ROOT / ".funcignore", tmp_path)
    assert sorted(name for name, _ in deployed_files(tmp_path)) == sorted(DEPLOYED)


def test_what_is_left_out_is_never_taken_in_again() -> None:
    # azd's own reading of such a line differs from git's.
    assert not [line for line in (ROOT / ".funcignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"]


def test_a_package_is_the_same_whenever_it_is_made(tmp_path: Path) -> None:
    files = {}
    for name in ("b/two.py", "a.py"):
        files[name] = tmp_path / name
        files[name].parent.mkdir(exist_ok=True)
        files[name].write_text(name, encoding="utf-8")
    write_zip(files, tmp_path / "one.zip")
    os.utime(files["a.py"], (10**9, 10**9))
    files["a.py"].chmod(0o700)
    write_zip(dict(reversed(files.items())), tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as package:
        assert [(one.filename, package.read(one)) for one in package.infolist()] == [
            ("a.py", b"a.py"),
            ("b/two.py", b"b/two.py"),
        ]
    assert list(tmp_path.glob("*.part")) == []


@pytest.mark.parametrize(("tag", "is_fine"), [("manylinux_2_28_x86_64", True), ("win_amd64", False)])
def test_a_wheel_for_another_machine_does_not_count(tmp_path: Path, tag: str, is_fine: bool) -> None:
    write_wheel(tmp_path, "wires", "1.0", tag=tag)
    (tmp_path / "small.in").write_text("wires==1.0\n", encoding="utf-8")
    options = ("--offline", "--no-index", f"--find-links={tmp_path}")
    write_lock(Lock("small.in", "small.txt"), root=tmp_path, options=options)
    with nullcontext() if is_fine else pytest.raises(Failed, match="wires"):
        check_wheels(TARGET, locked=tmp_path / "small.txt", options=options)


@pytest.fixture(scope="module")
def programs() -> Path:
    """The programs of an environment with requirements.txt alone."""
    return install_environment(LOCAL / "package-test", LOCKED)


@pytest.fixture(scope="module")
def build() -> Path:
    """A folder with the packages for the machines in Azure, as they stand in the zip."""
    wanted = LOCKED.read_text(encoding="utf-8")
    return kept("package-test-build", wanted, lambda folder: install_packages(folder / PACKAGES, TARGET))


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the worker's runtime, which comes with the platform, and with what starts it here."""
    pins = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in pins if line.startswith(WITH_THE_PLATFORM)]
    options = ("pip", "install", "--no-deps", "--link-mode=copy")
    runtime = kept("package-test-tools", "\n".join(wanted), lambda folder: uv(*options, "--target", folder, *wanted))
    folder = tmp_path_factory.mktemp("tools")
    ours = shutil.ignore_patterns("__pycache__", "npm")
    shutil.copytree(ROOT / "devhost", folder / "devhost", ignore=ours)
    shutil.copytree(runtime, folder, dirs_exist_ok=True)
    return folder


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """The package as the platform unpacks it."""
    return unpack(dict(deployed_files(ROOT)), tmp_path)


def unpack(files: dict[str, Path], folder: Path) -> Path:
    write_zip(files, folder / "package.zip")
    with zipfile.ZipFile(folder / "package.zip") as package:
        package.extractall(folder / "wwwroot")
    return folder / "wwwroot"


def probe(program: Path, folder: Path, *more: Path, storage: str, **settings: str) -> dict[str, Any]:
    """What tests/deploy/probe.py tells of the package in `folder`."""
    environment = {"PATH": os.environ["PATH"], **SETTINGS, "AzureWebJobsStorage": storage, **settings}
    requests = [
        {"function": "Health", "body": ""},
        {"function": "DynamicsWebhook", "body": sample("DynamicsWebhook")},
    ]
    probed = subprocess.run(
        [program, "-I", "-W", "error", ROOT / "tests" / "deploy" / "probe.py", folder, *more],
        cwd=folder,
        env=environment,
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert probed.returncode == 0, probed.stderr
    told: dict[str, Any] = json.loads(probed.stdout)
    return told


def sample(function: str) -> str:
    return (ROOT / function / "sample.dat").read_text(encoding="utf-8")


NOBODY = "http://127.0.0.1:1"
INSIGHTS = f"InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint={NOBODY}/"
TELEMETRY = {"OTEL_EXPORTER_OTLP_ENDPOINT": NOBODY, "APPLICATIONINSIGHTS_CONNECTION_STRING": INSIGHTS}


@pytest.mark.parametrize("settings", [{}, {"OPENTELEMETRY": "true", **TELEMETRY}], ids=["plain", "telemetry"])
def test_the_package_runs_with_requirements_txt_alone(
    settings: dict[str, str], unpacked: Path, programs: Path, tools: Path, connection_string: str
) -> None:
    told = probe(programs / "python", unpacked, tools, storage=connection_string, **settings)
    assert told["failures"] == {}
    assert (told["functions"], told["left out"]) == (FUNCTIONS, {})
    # What is missing for telemetry is an error in the log, and no event fails for it.
    assert (told["statuses"], told["errors"]) == ([200, 201], [])
    assert told["shared"] == str(unpacked / "shared")
    assert Path(told["functions library"]).is_relative_to(programs.parent)


def test_without_storage_it_answers_and_stores_nothing(unpacked: Path, programs: Path, tools: Path) -> None:
    nobody = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;{}"
    ends = "".join(f"{kind}Endpoint=http://127.0.0.1:1/a;" for kind in ("Blob", "Queue", "Table"))
    told = probe(programs / "python", unpacked, tools, storage=nobody.format(ends))
    assert told["statuses"] == [200, 503]


def test_every_requirement_has_a_wheel_for_the_machines_in_azure(build: Path) -> None:
    installed = {entry.metadata["Name"] for entry in distributions(path=[str(build / PACKAGES)])}
    locked = parse_requirements(LOCKED.read_text(encoding="utf-8"))
    there = {entry.name for entry in locked if (mark := entry.requirement.marker) is None or mark.evaluate(AZURE)}
    assert {canonicalize_name(name) for name in installed} == there


def test_a_package_that_was_built_here_runs_without_anything_installed(
    tmp_path: Path, build: Path, tools: Path, connection_string: str
) -> None:
    if not LINUX_WHEELS:
        # The wheels for Azure would not load here: those of this machine stand for them.
        build = tmp_path / "build"
        install_packages(build / PACKAGES, None)
    folder = unpack(dict(deployed_files(ROOT)) | built_files(build), tmp_path)
    uv("venv", "--python", sys.executable, tmp_path / "bare")
    program = tmp_path / "bare" / "bin" / "python"
    told = probe(program, folder, tools, folder / PACKAGES, storage=connection_string)
    assert (told["failures"], told["functions"], told["statuses"]) == ({}, FUNCTIONS, [200, 201])
    assert Path(told["functions library"]).is_relative_to(folder / PACKAGES)


def test_the_command_says_what_it_has_packed(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "deploy.package", "--offline", "--output", str(tmp_path / "app.zip")]
    printed = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    with zipfile.ZipFile(tmp_path / "app.zip") as package:
        names = package.namelist()
    assert names == sorted(name for name, _ in deployed_files(ROOT))
    assert printed.startswith(f"{tmp_path / 'app.zip'}: {len(names)} files, ")


def test_a_build_leaves_out_its_own_marks_and_the_programs_of_this_machine(tmp_path: Path) -> None:
    below = tmp_path / PACKAGES
    (below / "bin").mkdir(parents=True)
    for path in (below / ".lock", below / "bin" / "six", below / "six.py", tmp_path / ".wanted"):
        path.touch()
    assert built_files(tmp_path) == {f"{PACKAGES.as_posix()}/six.py": below / "six.py"}
