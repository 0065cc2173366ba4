"""A running hub for benchmarks and soak: hosts and an Azurite of its own, which can be made to fail and to recover."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography.fernet import Fernet

from bench.cpu import cpu_seconds
from bench.processes import free_port
from bench.storage_log import StorageLog
from devhost.azurite import Azurite, Ports, azurite
from devhost.install import ROOT
from devhost.keys import KeyStore
from devhost.launch import keys_folder, wait_until_ready
from devhost.seed import Seed, seed
from shared.hub.hub import Hub
from shared.settings import Settings

_LEASE_SECONDS = 60
_END_SECONDS = 15


class Site:
    """Runs from `with` to its end, with these app settings; storage and logs are below `folder`.

    A message that a killed host held stays hidden for `lease_seconds`. Several `instances` share `url`, and have an
    address of their own each, in `urls`.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str],
        *,
        lease_seconds: int = _LEASE_SECONDS,
        instances: int = 1,
        command: Sequence[str] = (sys.executable, "-m", "devhost"),
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._lease_seconds = lease_seconds
        self._command = command
        self._storage = ExitStack()
        self._azurite: Azurite
        self._hosts: dict[int, subprocess.Popen[bytes]] = {}
        self._port = free_port()
        self._own_ports = [free_port() for _ in range(instances)] if instances > 1 else [self._port]
        self.url = _url(self._port)
        self.urls = [_url(port) for port in self._own_ports]
        self.hub: Hub
        self.seed: Seed
        self.code = ""

    @property
    def connection_string(self) -> str:
        """Of its storage; the same after a restart."""
        return self._azurite.connection_string

    @property
    def host_log(self) -> Path:
        """What all of its hosts write."""
        return self._folder / "host.log"

    @property
    def storage_log(self) -> StorageLog:
        """What its storage is asked for, from now on."""
        return StorageLog(self._folder / "access.log")

    def cpu_seconds(self) -> float:
        """The processor time that its hosts, which are its workers too, have used so far; without storage."""
        return cpu_seconds(host.pid for host in self._hosts.values())

    def start_host(self, number: int = 0) -> None:
        """Start an instance and wait until it answers; raises RuntimeError if it does not."""
        command = [*self._command, "--root", str(ROOT), "--port", str(self._port)]
        command += ["--keys", str(keys_folder(self._folder)), "--lease-seconds", str(self._lease_seconds)]
        if len(self.urls) > 1:
            command += ["--own-port", str(self._own_ports[number])]
        with self.host_log.open("ab") as log:
            host = subprocess.Popen(  # noqa: S603 - our own arguments
                command, cwd=ROOT, env=self._environment, stderr=log, start_new_session=True
            )
        self._hosts[number] = host
        if not wait_until_ready(self.urls[number], host):
            raise RuntimeError(f"the host did not come up; see {self.host_log}")

    def kill_host(self, number: int = 0) -> None:
        """End an instance at once, as a crash would."""
        if (host := self._hosts.pop(number, None)) is not None:
            host.kill()
            host.wait()

    def end_hosts(self) -> None:
        """Ask all instances to end, and wait until they have."""
        for host in self._hosts.values():
            host.terminate()
        for number, host in list(self._hosts.items()):
            try:
                host.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill_host(number)

    def pause_storage(self, seconds: float) -> None:
        """Let storage accept connections but answer nothing for so long."""
        self._azurite.pause()
        time.sleep(seconds)
        self._azurite.resume()

    def restart_storage(self) -> None:
        """End storage as a shutdown would, with what it holds written down, and start it at the same place."""
        ports = self._azurite.ports
        self._storage.close()
        self._azurite = self._storage.enter_context(self._start_storage(ports))

    def _start_storage(self, ports: Ports | None = None) -> AbstractContextManager[Azurite]:
        return azurite(ports, self._folder / "storage", access_log=self._folder / "access.log")

    def __enter__(self) -> Self:
        self._azurite = self._storage.enter_context(self._start_storage())
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
        try:
            for number in range(len(self.urls)):
                self.start_host(number)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number in list(self._hosts):
            self.kill_host(number)
        self._storage.close()


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"
