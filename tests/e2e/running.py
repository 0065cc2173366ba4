"""The running app, as the e2e tests see it: an address, keys, and its storage."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from cryptography.fernet import Fernet

from devhost.keys import KeyStore
from devhost.launch import keys_folder, start_host, wait_until_ready
from devhost.seed import Seed, seed
from shared.hub.hub import Hub
from shared.settings import Settings

ROOT = Path(__file__).parent.parent.parent
SAMPLE = (ROOT / "ConnectionWebhook" / "sample.dat").read_bytes()
CONNECTION_PATH = "webhooks/incoming/dynamicscrm/connection"
# Set in full, so that what a developer's own local.settings.json says changes nothing.
_EXAMPLE: dict[str, str] = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]
_OWN_SETTINGS = {"SECRETS_KEY": Fernet.generate_key().decode()}


@dataclass(frozen=True)
class RunningApp:
    """An app that answers at `url`; `code` is a host key, `seed` its manager with their API key."""

    url: str
    code: str
    seed: Seed
    hub: Hub
    process: "subprocess.Popen[bytes]"

    def post(self, body: bytes, *, code: str | None = None, **headers: str) -> requests.Response:
        """Post a Dataverse webhook; headers' underscores stand for hyphens."""
        given = {"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
        params = {"code": self.code if code is None else code}
        return requests.post(f"{self.url}/api/{CONNECTION_PATH}", body, params=params, headers=given, timeout=30)

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
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {**os.environ, **_EXAMPLE, **_OWN_SETTINGS, "AzureWebJobsStorage": connection_string}
    environment |= {"PUBLIC_URL": url, **settings}
    hub = Hub.assemble(Settings.read(environment))
    seeded = seed(hub.settings, environment, folder / "api_key")
    code = KeyStore(keys_folder(folder)).ensure_host_key()
    process = start_host(ROOT, port, folder, environment, lease_seconds=lease_seconds)
    try:
        assert wait_until_ready(url, process), "the app did not come up"
        yield RunningApp(url, code, seeded, hub, process)
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
