"""`make run`: Azurite, settings, seed, the app, what to try next, `.local/run.json` for tools; Ctrl-C stops it all."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from cryptography.fernet import Fernet

from devhost.azurite import DEFAULT_PORTS, AzuriteFailed, azurite, development_connection_string, listens
from devhost.install import ROOT, NotInstalled, find_node
from devhost.keys import KeyStore, new_key_value
from devhost.launch import keys_folder, start_host, wait_until_ready
from devhost.localsettings import add_missing, apply_local_settings
from devhost.private import make_private_folder, write_private
from devhost.seed import Seed, seed
from shared.errors import HubError
from shared.settings import Settings

LOCAL = ROOT / ".local"
RUN_FILE = LOCAL / "run.json"
_STORAGE = "AzureWebJobsStorage"
_HOOK_KEY = "ARCGIS_HOOK_KEY"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """Ctrl-C, or a request to end, before the app ran. A BaseException, so that no `except Exception` swallows it."""


def main() -> int:
    """Run until Ctrl-C (0) or until the app ends (its exit code). Returns 1 if it could not be started."""
    for number in _SIGNALS:
        signal.signal(number, _stop)
    try:
        return _run(_port(os.environ.get("PORT", "").strip() or "7071"))
    except Stopped:
        return 0
    except (HubError, AzuriteFailed, NotInstalled, OSError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise ValueError(f"PORT must be a number from 1 to 65535 (got '{text}')")
    if listens(int(text)):
        raise ValueError(f"port {text} is in use: choose another with `make run PORT=...`")
    return int(text)


def _run(port: int) -> int:
    url = f"http://localhost:{port}"
    make_private_folder(LOCAL)
    # One that exists was left by a run that was killed.
    RUN_FILE.unlink(missing_ok=True)
    find_node()
    _prepare_environment(url)
    with _storage() as storage:
        seeded = seed(Settings.read(os.environ), os.environ, LOCAL / "api_key")
        code = _make_keys()
        with _app(port) as app:
            if not wait_until_ready(url, app.process):
                sys.stderr.write(f"the app does not answer at {url}/api/health: its log says why\n")
                return app.ended()
            with _run_file(url, code, seeded, storage):
                _print_first_steps(url, code, seeded)
                return app.ended()


def _prepare_environment(url: str) -> None:
    """Variables that are set win, then local.settings.json, which is copied from the example if it is missing."""
    settings = ROOT / "local.settings.json"
    if not settings.exists():
        shutil.copy(ROOT / "local.settings.json.example", settings)
    add_missing(settings, {"SECRETS_KEY": lambda: Fernet.generate_key().decode(), _HOOK_KEY: new_key_value})
    apply_local_settings(ROOT, os.environ)
    os.environ.setdefault("PUBLIC_URL", url)


def _make_keys() -> str:
    """The host key. The key for feature services of ArcGIS is made to open the function that they call."""
    keys = KeyStore(keys_folder(LOCAL))
    # As the app itself reads it.
    if hook_key := os.environ.get(_HOOK_KEY, "").strip():
        keys.set_function_key("WebhookConnections", "arcgis", hook_key)
    return keys.ensure_host_key()


@contextmanager
def _storage() -> Iterator[str]:
    """The connection string. If the settings ask for Azurite and none listens yet, one is started."""
    given = os.environ.get(_STORAGE, "").strip()
    if given.strip("; ").lower() != "usedevelopmentstorage=true":
        yield given
    elif all(map(listens, DEFAULT_PORTS)):
        yield development_connection_string(DEFAULT_PORTS)
    else:
        with azurite(ports=DEFAULT_PORTS, location=LOCAL / "azurite-data") as own:
            yield own.connection_string


class _App:
    """The running host. Signals are passed on to it."""

    def __init__(self, port: int) -> None:
        self._waiting: list[int] = []
        self._is_stopped = False
        for number in _SIGNALS:
            signal.signal(number, lambda number, _: self._waiting.append(number))
        self.process = start_host(ROOT, port, LOCAL, os.environ)
        for number in _SIGNALS:
            signal.signal(number, lambda number, _: self._hand_on(number))
        # Those that came while it was being started.
        for early in self._waiting:
            self._hand_on(early)

    def ended(self) -> int:
        """Wait until it ends. Returns 0 if it was asked to end, else its exit code."""
        code = self.process.wait()
        return 0 if self._is_stopped else code

    def _hand_on(self, number: int) -> None:
        self._is_stopped = True
        self.process.send_signal(number)


@contextmanager
def _app(port: int) -> Iterator[_App]:
    """The running host; it has ended afterwards."""
    app = _App(port)
    try:
        yield app
    finally:
        app.process.terminate()
        app.process.wait()


@contextmanager
def _run_file(url: str, code: str, seeded: Seed, storage: str) -> Iterator[None]:
    """`.local/run.json`, which exists while the app runs."""
    content = {
        "url": url,
        "code": code,
        "api_key": seeded.api_key,
        "manager": dict(seeded.manager),
        "storage": storage,
    }
    # A tool that waits for it must never read half of it.
    write_private(RUN_FILE, json.dumps(content, indent=2) + "\n")
    try:
        yield
    finally:
        RUN_FILE.unlink(missing_ok=True)


def _print_first_steps(url: str, code: str, seeded: Seed) -> None:
    sys.stdout.write(f"""
The hub runs at {url}. Post the sample connection:

  curl -i "{url}/api/webhooks/incoming/dynamicscrm/connection?code={code}" \\
    -H "Content-Type: application/json" --data-binary @ConnectionWebhook/sample.dat

It is stored once, and listed a moment later:

  curl "{url}/api/v1/events?code={code}" -H "Authorization: Bearer {seeded.api_key}"

Ctrl-C stops everything.

""")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
