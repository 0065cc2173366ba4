"""A deployment of the project's own functions on the fake of Azure, and a way to run hooks as azd does."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.arm import APP, TOKEN, VAULT, FakeArm, Secret
from tests.fakes.azd import write_azd
from tests.support.paths import ROOT

FOLDERS = sorted(path.parent.name for path in ROOT.glob("*/function.json"))


@dataclass(frozen=True)
class Ended:
    """How a hook ended."""

    code: int
    out: str
    err: str


class Azd:
    """Runs hooks as azd does: the script of azure.yaml, in an environment of azd's variables."""

    def __init__(self, folder: Path, arm: FakeArm) -> None:
        self.folder = folder
        self.arm = arm
        self.project = ROOT
        self.environment = {
            "PATH": f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin",
            "HOME": str(folder),
            "HOOK_PAUSE_SCALE": "0",
            "ARM_ENDPOINT": arm.url,
            "AZURE_ENV_NAME": "test",
            "AZURE_LOCATION": "westeurope",
            "AZURE_TENANT_ID": "7d1a2c46-5a5b-4f0e-9c3c-2f9e0c7b6a10",
            "AZURE_RESOURCE_GROUP": "rg-test",
            "AZURE_KEY_VAULT_NAME": "kv-abcdefghijklm",
            "AZURE_KEY_VAULT_ID": VAULT,
            "SERVICE_HUB_NAME": "func-abcdefghijklm",
            "SERVICE_HUB_ID": APP,
            "SERVICE_HUB_URI": arm.url,
            "STORAGE_TABLE_URI": "https://stabcdefghijklm.table.core.windows.net/",
            "STORAGE_QUEUE_URI": "https://stabcdefghijklm.queue.core.windows.net/",
            "HUB_IDENTITY_CLIENT_ID": "0a6b3c1d-94a8-4be2-8f37-6d1f5c2e9b44",
            "HUB_IDENTITY_PRINCIPAL_ID": "5f0b4c8e-2d6a-4c5e-9a53-7b1c0e4d9a21",
            "HUB_IDENTITY_NAME": "id-abcdefghijklm",
        }
        # The hooks take any Python from 3.9 on; the tests make sure that there is one.
        (folder / "python3").symlink_to(sys.executable)
        self.journal = write_azd(folder, token=TOKEN)

    def run(self, hook: str, **variables: str | None) -> Ended:
        """Run a hook with other variables, where None stands for an unset one. No secret may be in what it prints."""
        environment = {name: value for name, value in {**self.environment, **variables}.items() if value is not None}
        done = subprocess.run(
            [str(self.project / "infra" / "hooks" / f"{hook}.sh")],
            env=environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        ended = Ended(done.returncode, done.stdout, done.stderr)
        shown = ended.out + ended.err
        assert not [value for value in self.arm.values() if value in shown]
        assert "Traceback" not in shown
        return ended

    def fails(self, hook: str, **variables: str | None) -> str:
        """Run a hook that ends with exit code 1 and one sentence on standard error; returns the sentence."""
        ended = self.run(hook, **variables)
        assert (ended.code, ended.err.count("\n")) == (1, 1), ended
        assert ended.err.startswith("error: ")
        return ended.err.strip()

    def succeeds(self, hook: str, **variables: str | None) -> str:
        """Run a hook that ends well, with nothing on standard error; returns what it printed."""
        ended = self.run(hook, **variables)
        assert (ended.code, ended.err) == (0, ""), ended
        return ended.out


@pytest.fixture(scope="session")
def arm_process() -> Iterator[FakeArm]:
    with FakeArm() as running:
        yield running


@pytest.fixture
def arm(arm_process: FakeArm) -> FakeArm:
    """The management plane, with an empty vault and nothing deployed."""
    arm_process.reset()
    return arm_process


@pytest.fixture
def azd(tmp_path: Path, arm: FakeArm) -> Azd:
    return Azd(tmp_path, arm)


@pytest.fixture
def deployed(arm: FakeArm) -> FakeArm:
    """The same after postprovision and the deployment of the project's functions: no key is made yet."""
    arm.deploy(FOLDERS)
    arm.secrets["secrets-key"] = Secret("a key that seals")
    arm.fetched["secrets-key"] = 1
    return arm
