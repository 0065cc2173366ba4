"""The running app, as the e2e tests see it: an address, keys, and its storage."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Self

import requests
from cryptography.fernet import Fernet

from devhost.console import open_functions
from devhost.keys import KeyStore, new_key_value
from devhost.launch import is_core_tools, keys_folder, start_host, wait_until_ready
from devhost.ports import free_port
from devhost.seed import Seed, seed
from shared.hub.hub import Hub
from shared.settings import Settings

ROOT = Path(__file__).parent.parent.parent
SAMPLE = (ROOT / "ConnectionWebhook" / "sample.dat").read_bytes()
CONNECTION_PATH = "webhooks/incoming/dynamicscrm/connection"
DYNAMICS_PATH = "webhooks/incoming/dynamicscrm"
# Set in full, so that what a developer's own local.settings.json says changes nothing.
_EXAMPLE: dict[str, str] = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]
# No run of tests must meet the nightly work by chance.
_OWN_SETTINGS = {
    "SECRETS_KEY": Fernet.generate_key().decode(),
    "RETENTION_SCHEDULE": "0 0 0 1 1 *",
    "CONSOLE_KEY": new_key_value(),
}


ORIGINS: set[str] = set()
"""Where apps of these tests answer, or did."""


@dataclass(frozen=True)
class Instance:
    """One process of the app, and where it alone answers."""

    url: str
    process: "subprocess.Popen[bytes]"


@dataclass(frozen=True)
class RunningApp:
    """An app that answers at `url`; `code` is a host key, `seed` its manager with their API key.

    `receiving_path` is where `post` sends webhooks of Dataverse.

    Several instances share `url`, over one storage; `at` is one of them, `kill` ends one.
    """

    url: str
    code: str
    seed: Seed
    hub: Hub
    master_key: str
    instances: tuple[Instance, ...]
    receiving_path: str = CONNECTION_PATH

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The process of the first instance."""
        return self.instances[0].process

    def at(self, number: int) -> Self:
        """The same app, called at its instance with this number, counted from 0."""
        instance = self.instances[number]
        return replace(self, url=instance.url, instances=(instance,))

    def kill(self, number: int) -> None:
        """End the instance with this number as a crash would, and wait until it is gone."""
        process = self.instances[number].process
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def post(self, body: bytes, *, code: str | None = None, **headers: str) -> requests.Response:
        """Post a Dataverse webhook; headers' underscores stand for hyphens."""
        given = {"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
        params = {"code": self.code if code is None else code}
        return requests.post(f"{self.url}/api/{self.receiving_path}", body, params=params, headers=given, timeout=30)

    def get(self, path: str, *, api_key: str | None = None, **params: str) -> requests.Response:
        """Get with the host key and the seeded manager's API key."""
        headers = {"Authorization": f"Bearer {api_key or self.seed.api_key}"}
        return requests.get(f"{self.url}/api/{path}", {"code": self.code, **params}, headers=headers, timeout=30)

    def send(self, method: str, path: str, document: object = None, **params: str) -> requests.Response:
        """Send a JSON document (none where it is None) with the host key and the seeded manager's API key."""
        headers = {"Authorization": f"Bearer {self.seed.api_key}"}
        url, given = f"{self.url}/api/{path}", {"code": self.code, **params}
        return requests.request(method, url, params=given, json=document, headers=headers, timeout=60)


@contextmanager
def running_app(
    connection_string: str, folder: Path, *, lease_seconds: int = 60, **settings: str
) -> Iterator[RunningApp]:
    """The app on a free port, over this storage, seeded; ended and its exit awaited when the test is over."""
    with running_instances(1, connection_string, folder, lease_seconds=lease_seconds, **settings) as running:
        yield running


@contextmanager
def logging_app(connection_string: str, folder: Path, log: IO[bytes], **settings: str) -> Iterator[RunningApp]:
    """The same, and all that it writes goes to `log`."""
    with _running(1, connection_string, folder, settings, log=log) as running:
        yield running


@contextmanager
def running_instances(
    count: int, connection_string: str, folder: Path, *, lease_seconds: int = 60, **settings: str
) -> Iterator[RunningApp]:
    """The same in several processes, which have a port of their own each, and share another.

    Under Core Tools, which share none, the port of the first stands for it.
    """
    with _running(count, connection_string, folder, settings, lease_seconds=lease_seconds) as running:
        yield running


@contextmanager
def _running(
    count: int,
    connection_string: str,
    folder: Path,
    settings: Mapping[str, str],
    *,
    lease_seconds: int = 60,
    log: IO[bytes] | None = None,
) -> Iterator[RunningApp]:
    own_ports = [free_port() for _ in range(count)]
    is_shared = count > 1 and not is_core_tools()
    port = free_port() if is_shared else own_ports[0]
    url = _url(port)
    environment = {**os.environ, **_EXAMPLE, **_OWN_SETTINGS, "AzureWebJobsStorage": connection_string}
    environment |= {"PUBLIC_URL": url, **settings}
    hub = Hub.assemble(Settings.read(environment))
    seeded = seed(hub.settings, environment, folder / "api_key")
    keys = KeyStore(keys_folder(folder))
    open_functions(keys, environment["CONSOLE_KEY"])
    code, master_key = keys.ensure_host_key(), keys.ensure_master_key()
    with ExitStack() as stack:
        started = []
        for own_port in own_ports:
            process = start_host(
                ROOT,
                port if is_shared else own_port,
                folder,
                environment,
                own_port=own_port if is_shared else None,
                lease_seconds=lease_seconds,
                log=log,
            )
            stack.callback(_end, process)
            started.append(Instance(_url(own_port), process))
        assert all(wait_until_ready(one.url, one.process) for one in started), "the app did not come up"
        ORIGINS.update({url, *(one.url for one in started)})
        yield RunningApp(url, code, seeded, hub, master_key, tuple(started))


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait(30)
