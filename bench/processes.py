"""Programs that a benchmark starts and ends, and connections to them."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import requests

from devhost.install import ROOT

_READY_SECONDS = 60
_END_SECONDS = 5


class Sessions:
    """A connection for each thread, kept open."""

    def __init__(self) -> None:
        self._local = threading.local()

    @property
    def own(self) -> requests.Session:
        """This thread's."""
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        session: requests.Session = self._local.session
        return session


@contextmanager
def running(command: list[str], environment: Mapping[str, str], log: int) -> Iterator[int]:
    """A program in a process group of its own, whose id it gives; until the end of the block.

    `log` is a file descriptor.
    """
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            # Celery waits for what hangs.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(port: int) -> None:
    """Wait until something listens there; raises TimeoutError."""
    give_up_at = time.monotonic() + _READY_SECONDS
    while time.monotonic() < give_up_at:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"nobody listens at port {port}")


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
