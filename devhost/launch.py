"""Starts the app's host as a child: Core Tools' `func start` if that is installed, else `python -m devhost`."""

import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import IO

_READY_SECONDS = 90


def keys_folder(temp: Path) -> Path:
    """The folder in which either host keeps its keys, if `temp` is its folder for temporary files."""
    return temp / "secrets" / "functions" / "secrets"


def is_core_tools() -> bool:
    """Whether the app runs under Core Tools, of which no two can share a port."""
    return shutil.which("func") is not None


def start_host(
    root: Path,
    port: int,
    temp: Path,
    environment: Mapping[str, str],
    *,
    own_port: int | None = None,
    lease_seconds: int = 60,
    log: IO[bytes] | None = None,
) -> "subprocess.Popen[bytes]":
    """The app in `root` on 127.0.0.1:port, in a process group of its own: its parent decides whether to pass Ctrl-C on.

    Its keys are files below `temp`. With `own_port` it shares `port` with other instances, and listens there as well. A
    message in work stays invisible for `lease_seconds`. Core Tools can be told neither. What it writes goes to `log`,
    or, without one, where its parent writes. Raises OSError where the host cannot be started.
    """
    core_tools = shutil.which("func")
    switches = ["--port", str(port)]
    if core_tools is None:
        options = ["--keys", str(keys_folder(temp)), "--lease-seconds", str(lease_seconds)]
        options += [] if own_port is None else ["--own-port", str(own_port)]
        command = [sys.executable, "-m", "devhost", "--root", str(root), *options, *switches]
    elif own_port is not None:
        raise OSError(f"{core_tools} runs one instance only: without it on PATH, the development host runs several")
    else:
        command = [core_tools, "start", *_core_tools_switches(core_tools), *switches]
    # Core Tools look for files of keys below TMPDIR.
    files = {"AzureWebJobsSecretStorageType": "files", **({"TMPDIR": str(temp)} if core_tools else {})}
    own = {**environment, **files}
    return subprocess.Popen(command, cwd=root, env=own, stdout=log, stderr=log, start_new_session=True)  # noqa: S603


def wait_until_ready(url: str, app: "subprocess.Popen[bytes]") -> bool:
    """Wait until Health answers. Returns False if the app ends before, or takes too long."""
    give_up_at = time.monotonic() + _READY_SECONDS
    # Not through a proxy that the environment names: this is our own address.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while app.poll() is None and time.monotonic() < give_up_at:
        try:
            with opener.open(f"{url}/api/health", timeout=2):
                return True
        except OSError:
            time.sleep(0.1)
    return False


def _core_tools_switches(core_tools: str) -> list[str]:
    """Switches to check keys, which version 5 spells otherwise, and to start no Azurite of their own."""
    version = subprocess.run([core_tools, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    if version.returncode:
        raise OSError(f"{core_tools} --version failed: repair the Core Tools, or remove them from PATH")
    return ["--enableAuth"] if version.stdout.strip().startswith("4") else ["--enable-auth", "--no-azurite"]
