"""A development host as a child process, as the tests see it: an address, keys, a log, and its end."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from devhost.keys import KeyStore
from devhost.launch import keys_folder

ROOT = Path(__file__).parent.parent.parent
_PATIENCE_SECONDS = 60.0


def eventually(condition: Callable[[], bool], seconds: float = _PATIENCE_SECONDS) -> bool:
    """Whether the condition comes true in time."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.02)
    return True


def begin(command: Sequence[str], said: Path, **environment: str) -> "subprocess.Popen[bytes]":
    """Start it as a shell in the foreground would: it takes SIGINT, and has a group of its own, like a job."""
    with said.open("wb") as output:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            # As from a shell, though `make test` may have started this.
            env={**{name: value for name, value in os.environ.items() if not name.startswith("MAKE")}, **environment},
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )


def runs(pid: int) -> bool:
    """Whether this process is there, and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@dataclass(frozen=True)
class RunningHost:
    """A host that answers at `url`, over the app in `root`."""

    url: str
    root: Path
    keys: KeyStore
    log_file: Path
    process: "subprocess.Popen[bytes]"

    @property
    def log(self) -> str:
        """What it said so far."""
        return self.log_file.read_text(encoding="utf-8")

    @property
    def host_key(self) -> str:
        """A key that opens every function."""
        return self.keys.ensure_host_key()

    @property
    def master_key(self) -> str:
        """The key that opens everything."""
        content = json.loads((keys_folder(self.root / ".local") / "host.json").read_text(encoding="utf-8"))
        return str(content["masterKey"]["value"])

    def call(self, path: str, method: str = "GET", **arguments: object) -> requests.Response:
        """Call a function; `path` comes behind /api, `arguments` are those of `requests`."""
        return self.page(f"/api/{path}", method, **arguments)

    def page(self, path: str, method: str = "GET", **arguments: object) -> requests.Response:
        """Call anything."""
        return requests.request(method, self.url + path, timeout=60, **arguments)  # type: ignore[arg-type] # handed on

    def lines(self, name: str) -> list[str]:
        """What functions of the app noted in this file of theirs."""
        file = self.root / name
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def end(self, number: int = signal.SIGINT, seconds: float = 60) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(seconds)


def start(root: Path, log_file: Path, *arguments: str, **settings: str) -> "subprocess.Popen[bytes]":
    """Start a host on a free port."""
    command = [sys.executable, "-m", "devhost", "--root", str(root), "--port", "0", *arguments]
    with log_file.open("ab") as log:
        return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}, stderr=log)


@contextmanager
def running_host(root: Path, *arguments: str, **settings: str) -> Iterator[RunningHost]:
    """A host over the app in `root`; killed, unless it has ended, when the test is over."""
    log_file = root / "log"
    log_file.write_bytes(b"")
    process = start(root, log_file, *arguments, **settings)
    try:
        assert eventually(lambda: _address(log_file) != "" or process.poll() is not None)
        url = _address(log_file)
        assert url, log_file.read_text(encoding="utf-8")
        keys = KeyStore(keys_folder(root / ".local"))
        yield RunningHost(url, root, keys, log_file, process)
    finally:
        process.kill()
        process.wait()


def _address(log_file: Path) -> str:
    _, _, behind = log_file.read_text(encoding="utf-8").partition("devhost: listening at ")
    line, end, _ = behind.partition("\n")
    return line if end else ""
