"""A running hub for benchmarks and soak: a host and an Azurite of its own, which can be made to fail and to recover."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography.fernet import Fernet

from bench.processes import free_port
from devhost.azurite import Azurite, azurite
from devhost.install import ROOT
from devhost.keys import KeyStore
from devhost.launch import keys_folder, wait_until_ready
from devhost.seed import Seed, seed
from shared.hub.hub import Hub
from shared.settings import Settings

_LEASE_SECONDS = 60


class Site:
    """Runs from `with` to its end, with these app settings; storage and logs are below `folder`.

    A message that a killed host held stays hidden for `lease_seconds`.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str], *, lease_seconds: int = _LEASE_SECONDS) -> None:
        self._folder = folder
        self._settings = settings
        self._lease_seconds = lease_seconds
        self._storage = ExitStack()
        self._azurite: Azurite
        self._host: subprocess.Popen[bytes] | None = None
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.hub: Hub
        self.seed: Seed
        self.code = ""

    @property
    def connection_string(self) -> str:
        """Of its storage; the same after a restart."""
        return self._azurite.connection_string

    def start_host(self) -> None:
        """Start the host and wait until it answers; raises RuntimeError if it does not."""
        command = [sys.executable, "-m", "devhost", "--root", str(ROOT), "--port", str(self._port)]
        command += ["--keys", str(keys_folder(self._folder)), "--lease-seconds", str(self._lease_seconds)]
        with (self._folder / "host.log").open("ab") as log:
            self._host = subprocess.Popen(  # noqa: S603 - our own arguments
                command, cwd=ROOT, env=self._environment, stderr=log, start_new_session=True
            )
        if not wait_until_ready(self.url, self._host):
            raise RuntimeError(f"the host did not come up; see {self._folder / 'host.log'}")

    def kill_host(self) -> None:
        """End it at once, as a crash would."""
        if self._host is not None:
            self._host.kill()
            self._host.wait()

    def pause_storage(self, seconds: float) -> None:
        """Let storage accept connections but answer nothing for so long."""
        self._azurite.pause()
        time.sleep(seconds)
        self._azurite.resume()

    def restart_storage(self) -> None:
        """End storage as a shutdown would, with what it holds written down, and start it at the same place."""
        ports = self._azurite.ports
        self._storage.close()
        self._azurite = self._storage.enter_context(azurite(ports, self._folder / "storage"))

    def __enter__(self) -> Self:
        self._azurite = self._storage.enter_context(azurite(location=self._folder / "storage"))
        self._environment = {
            **os.environ,
            # As docs/settings.md recommends.
            "PYTHON_THREADPOOL_THREAD_COUNT": "192",
            **self._settings,
            "AzureWebJobsStorage": self.connection_string,
            "PUBLIC_URL": self.url,
            "SECRETS_KEY": Fernet.generate_key().decode(),
        }
        self.hub = Hub.assemble(Settings.read(self._environment))
        self.seed = seed(self.hub.settings, self._environment, self._folder / "api_key")
        self.code = KeyStore(keys_folder(self._folder)).ensure_host_key()
        self.start_host()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill_host()
        self._storage.close()
