"""`make run`: Azurite, settings, seed, the app, what to try next, `.local/run.json` for tools; Ctrl-C stops it all."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from cryptography.fernet import Fernet

from devhost.azurite import azurite, development_connection_string, listens
from devhost.install import ROOT, find_node
from devhost.keys import KeyStore
from devhost.launch import keys_folder, start_host, wait_until_ready
from devhost.localsettings import add_missing, apply_local_settings
from devhost.seed import Seed, seed
from shared.errors import HubError
from shared.hub import Hub
from shared.settings import Settings

LOCAL = ROOT / ".local"
RUN_FILE = LOCAL / "run.json"
_STORAGE = "AzureWebJobsStorage"
_AZURITE_PORTS = (10000, 10001, 10002)


class Stopped(Exception):
    """Ctrl-C, or a request to end, before the app ran."""


def main() -> int:
    """Run until Ctrl-C or until the app ends; the app's exit code, 1 where it could not be started."""
    port = os.environ.get("PORT") or "7071"
    try:
        return _run(int(port))
    except (HubError, OSError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    finally:
        RUN_FILE.unlink(missing_ok=True)


def _run(port: int) -> int:
    url = f"http://localhost:{port}"
    LOCAL.mkdir(mode=0o700, exist_ok=True)
    find_node()
    _prepare_environment(url)
    with _storage() as storage:
        seeded = seed(Hub.assemble(Settings.read(os.environ)), os.environ, LOCAL / "api_key")
        code = KeyStore(keys_folder(LOCAL)).ensure_host_key()
        with _app(port) as app:
            if wait_until_ready(url, app):
                _write_run_file(url, code, seeded, storage)
                _print_first_steps(url, code, seeded)
            return app.wait()


def _prepare_environment(url: str) -> None:
    """What is set already wins, then local.settings.json, which is made from the example where there is none."""
    settings = ROOT / "local.settings.json"
    if not settings.exists():
        shutil.copy(ROOT / "local.settings.json.example", settings)
    add_missing(settings, {"SECRETS_KEY": lambda: Fernet.generate_key().decode()})
    apply_local_settings(ROOT, os.environ)
    os.environ.setdefault("PUBLIC_URL", url)


@contextmanager
def _storage() -> Iterator[str]:
    """The connection string; with it Azurite, where the settings ask for it and none listens yet."""
    given = os.environ.get(_STORAGE, "")
    if given.strip("; ").lower() != "usedevelopmentstorage=true":
        yield given
    elif all(map(listens, _AZURITE_PORTS)):
        yield development_connection_string(_AZURITE_PORTS)
    else:
        with azurite(ports=_AZURITE_PORTS, location=LOCAL / "azurite-data") as own:
            yield own.connection_string


@contextmanager
def _app(port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """The running host; Ctrl-C and a request to end are handed on to it, once each."""
    app = start_host(ROOT, port, LOCAL, os.environ)

    def hand_on(number: int, _frame: FrameType | None) -> None:
        if app.poll() is None:
            app.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, hand_on)
    try:
        yield app
    finally:
        if app.poll() is None:
            app.terminate()
        app.wait()


def _write_run_file(url: str, code: str, seeded: Seed, storage: str) -> None:
    content = {
        "url": url,
        "code": code,
        "api_key": seeded.api_key,
        "manager": dict(seeded.manager),
        "storage": storage,
    }
    RUN_FILE.touch(mode=0o600)
    RUN_FILE.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


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
