"""Azurite as a child process: storage for development and tests."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devhost.private import OTHERS_NOTHING, make_private, make_private_folder
from devhost.signals import held_signals, how_it_ended

_ROOT = Path(__file__).resolve().parent.parent
_ACCOUNT = "devstoreaccount1"
# Azurite's well-known key, the same on every machine; it protects nothing.
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_READY_SECONDS = 60

type Ports = tuple[int, int, int]

DEFAULT_PORTS: Ports = (10000, 10001, 10002)
"""Where everybody looks for it, by the connection string `UseDevelopmentStorage=true`."""


class AzuriteFailed(RuntimeError):
    """Azurite is not installed, or did not start."""


@dataclass(frozen=True)
class Azurite:
    """A running Azurite; `ports` are those of blobs, queues and tables."""

    ports: Ports
    process: "subprocess.Popen[bytes]"

    @property
    def pid(self) -> int:
        """Its process id, and that of its process group."""
        return self.process.pid

    @property
    def how_it_ended(self) -> str | None:
        """How it ended, `by SIGKILL` for instance; None while it runs."""
        code = self.process.poll()
        return None if code is None else how_it_ended(code)

    @property
    def connection_string(self) -> str:
        """For the well-known account, which every Azurite has unless AZURITE_ACCOUNTS names others only."""
        return development_connection_string(self.ports)

    def connection_string_for(self, account: str, key: str) -> str:
        """For an account that AZURITE_ACCOUNTS named when it was started."""
        return _connection_string(self.ports, account, key)

    def pause(self) -> None:
        """Let it accept connections and answer nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after `pause`."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self.process.kill()
        self.process.wait()


@contextmanager
def azurite(
    ports: Ports | None = None, location: Path | None = None, *, access_log: Path | None = None
) -> Iterator[Azurite]:
    """Azurite on these ports (by default on free ones), in memory or with its data in `location`.

    A line for each request that it answers is appended to `access_log`.

    It runs in a process group of its own, so that a Ctrl-C in the terminal does not end it before the app has stopped.
    Its data, also what an earlier one left in `location`, are for nobody else of this machine to read.
    Raises AzuriteFailed where it is not installed or does not come up.
    """
    chosen = ports or _free_ports()
    if location is not None:
        make_private_folder(location)
        make_private(location)
    process: subprocess.Popen[bytes] | None = None
    try:
        with (access_log or Path(os.devnull)).open("ab") as output, held_signals():
            process = subprocess.Popen(  # noqa: S603 - our own arguments
                _command(chosen, location, is_silent=access_log is None),
                start_new_session=True,
                stdout=output,
                umask=OTHERS_NOTHING,
            )
        running = Azurite(chosen, process)
        _wait_until_ready(running)
        yield running
    finally:
        if process is not None:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End it, paused or not."""
    process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def development_connection_string(ports: Ports) -> str:
    """For the well-known account of an Azurite on these ports."""
    return _connection_string(ports, _ACCOUNT, _KEY)


def _connection_string(ports: Ports, account: str, key: str) -> str:
    services = zip(("Blob", "Queue", "Table"), ports, strict=True)
    endpoints = ";".join(f"{service}Endpoint=http://127.0.0.1:{port}/{account}" for service, port in services)
    return f"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={key};{endpoints}"


def _command(ports: Ports, location: Path | None, *, is_silent: bool) -> list[str]:
    own = _ROOT / ".local" / "azurite" / "node_modules" / ".bin" / "azurite"
    program = os.environ.get("AZURITE") or (str(own) if own.exists() else shutil.which("azurite"))
    if not program:
        raise AzuriteFailed("Azurite is not installed: run `make azurite`")
    numbers = zip(("--blobPort", "--queuePort", "--tablePort"), map(str, ports), strict=True)
    data = ["--inMemoryPersistence"] if location is None else ["--location", str(location)]
    said = ["--silent"] if is_silent else []
    # Azure's storage keeps idle connections for minutes, Azurite for 5 s by itself: a write that meets the end of one
    # fails.
    kept = (part for name in ("blob", "queue", "table") for part in (f"--{name}KeepAliveTimeout", "240"))
    switches = [*said, "--disableTelemetry", "--skipApiVersionCheck", *kept, *data]
    return [program, *switches, *(part for pair in numbers for part in pair)]


def _wait_until_ready(running: Azurite) -> None:
    give_up_at = time.monotonic() + _READY_SECONDS
    while not all(map(listens, running.ports)):
        if running.process.poll() is not None or time.monotonic() > give_up_at:
            raise AzuriteFailed(f"Azurite did not start on the ports {', '.join(map(str, running.ports))}")
        time.sleep(0.05)


def listens(port: int) -> bool:
    """Whether something accepts connections on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_ports() -> Ports:
    with socket.socket() as blob, socket.socket() as queue, socket.socket() as table:
        for each in (blob, queue, table):
            each.bind(("127.0.0.1", 0))
        return blob.getsockname()[1], queue.getsockname()[1], table.getsockname()[1]
