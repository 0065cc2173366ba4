"""The hub on this machine, for `make run`: Azurite, settings, seed, the app, and what to try next.

`.local/run.json` tells tools of it while it runs; Ctrl-C stops it all.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from cryptography.fernet import Fernet

from devhost.azurite import (
    DEFAULT_PORTS,
    Azurite,
    AzuriteFailed,
    Ports,
    azurite,
    development_connection_string,
    listens,
)
from devhost.console import open_functions, sign_in_link
from devhost.install import ROOT, NotInstalled, find_node
from devhost.instances import Instances, running_instances
from devhost.keys import KeyStore, new_key_value
from devhost.launch import is_core_tools, keys_folder, start_host
from devhost.localsettings import add_missing, apply_local_settings
from devhost.ports import check_sharing, free_port
from devhost.private import make_private_folder, write_private
from devhost.seed import Seed, seed
from devhost.signals import Stopped, stop_on_signals
from shared.errors import HubError
from shared.settings import Settings

LOCAL = ROOT / ".local"
RUN_FILE = LOCAL / "run.json"
_STORAGE = "AzureWebJobsStorage"
_HOOK_KEY = "ARCGIS_HOOK_KEY"
_CONSOLE_KEY = "CONSOLE_KEY"
_MAX_INSTANCES = 16
_RULE = "=" * 78
_RETENTION_SCHEDULE = "0 30 3 * * *"


def run(azurite_ports: Ports = DEFAULT_PORTS) -> int:
    """Run until Ctrl-C (0) or until the app ends (its exit code). Returns 1 if it could not be started or go on.

    Where the settings ask for Azurite, it is the one on `azurite_ports`, started if there is none.
    """
    try:
        stop_on_signals()
        return _run(_port(_given("PORT", "7071")), _instances(_given("INSTANCES", "1")), azurite_ports)
    except Stopped:
        return 0
    except (HubError, AzuriteFailed, NotInstalled, OSError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1


def _given(name: str, default: str) -> str:
    return os.environ.get(name, "").strip() or default


def _instances(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= _MAX_INSTANCES):
        raise ValueError(f"INSTANCES must be a number from 1 to {_MAX_INSTANCES} (got '{text}')")
    if int(text) > 1:
        check_sharing()
        if is_core_tools():
            raise ValueError(
                "INSTANCES needs the development host: take Core Tools (func) from PATH, or run one instance"
            )
    return int(text)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise ValueError(f"PORT must be a number from 1 to 65535 (got '{text}')")
    if listens(int(text)):
        raise ValueError(f"port {text} is in use: choose another with `make run PORT=...`")
    return int(text)


def _run(port: int, count: int, azurite_ports: Ports) -> int:
    url = f"http://localhost:{port}"
    make_private_folder(LOCAL)
    # One that exists was left by a run that was killed.
    RUN_FILE.unlink(missing_ok=True)
    find_node()
    _prepare_environment(url)
    with _storage(azurite_ports) as (storage, own_azurite):
        seeded = seed(Settings.read(os.environ), os.environ, LOCAL / "api_key")
        code, master_key = _make_keys()
        with _app(port, count) as app:
            if not app.are_ready():
                if not app.is_stopped:
                    sys.stderr.write(f"the app does not answer at {url}/api/health: its log says why\n")
                return app.given_up()
            with _run_file(url, code, master_key, seeded, storage, app) as write:
                _print_first_steps(url, code, seeded, app)
                return app.ended(write, lambda: _azurite_lost(own_azurite) if own_azurite else "")


def _prepare_environment(url: str) -> None:
    """Variables that are set win, then local.settings.json, which is copied from the example if it is missing."""
    settings = ROOT / "local.settings.json"
    if not settings.exists():
        shutil.copy(ROOT / "local.settings.json.example", settings)
    makers = {
        "SECRETS_KEY": lambda: Fernet.generate_key().decode(),
        _HOOK_KEY: new_key_value,
        _CONSOLE_KEY: new_key_value,
    }
    # Where a timer's schedule is missing, the host leaves the function out: files of earlier versions have none.
    add_missing(settings, {**makers, "RETENTION_SCHEDULE": lambda: _RETENTION_SCHEDULE})
    apply_local_settings(ROOT, os.environ)
    os.environ.setdefault("PUBLIC_URL", url)


def _make_keys() -> tuple[str, str]:
    """The host key and the master key. The key for feature services of ArcGIS is made to open what they call."""
    keys = KeyStore(keys_folder(LOCAL))
    # As the app itself reads it.
    if hook_key := os.environ.get(_HOOK_KEY, "").strip():
        keys.set_function_key("WebhookConnections", "arcgis", hook_key)
    if console_key := os.environ.get(_CONSOLE_KEY, "").strip():
        open_functions(keys, console_key)
    return keys.ensure_host_key(), keys.ensure_master_key()


@contextmanager
def _storage(ports: Ports) -> Iterator[tuple[str, Azurite | None]]:
    """The connection string. If the settings ask for Azurite and none listens yet, one is started, and given too."""
    given = os.environ.get(_STORAGE, "").strip()
    if given.strip("; ").lower() != "usedevelopmentstorage=true":
        yield given, None
        return
    # Seed and app are told the ports, which the short form leaves to whoever reads it.
    os.environ[_STORAGE] = development_connection_string(ports)
    if all(map(listens, ports)):
        sys.stderr.write(f"Using the Azurite that runs already, at the ports {', '.join(map(str, ports))}\n")
        yield os.environ[_STORAGE], None
    else:
        with azurite(ports=ports, location=LOCAL / "azurite-data") as own:
            yield own.connection_string, own


def _app(port: int, count: int) -> AbstractContextManager[Instances]:
    """The running hosts: a single one on the port alone, several sharing it, with a port of its own each."""
    own_ports = [None] if count == 1 else [free_port() for _ in range(count)]
    urls = [f"http://localhost:{own_port or port}" for own_port in own_ports]
    return running_instances(urls, lambda number: start_host(ROOT, port, LOCAL, os.environ, own_port=own_ports[number]))


@contextmanager
def _run_file(
    url: str, code: str, master_key: str, seeded: Seed, storage: str, app: Instances
) -> Iterator[Callable[[], None]]:
    """`.local/run.json`, which exists while the app runs; to be called when other processes run than before."""

    def write() -> None:
        content = {
            "url": url,
            "code": code,
            "master_key": master_key,
            "api_key": seeded.api_key,
            "manager": dict(seeded.manager),
            "storage": storage,
            "instances": [{"url": own_url, "pid": pid} for own_url, pid in app.pids],
        }
        # A tool that waits for it must never read half of it.
        write_private(RUN_FILE, json.dumps(content, indent=2) + "\n")

    write()
    try:
        yield write
    finally:
        RUN_FILE.unlink(missing_ok=True)


def _print_first_steps(url: str, code: str, seeded: Seed, app: Instances) -> None:
    sys.stdout.write(f"""
{_RULE}
The console, signed in (this link is yours alone):

  {sign_in_link(url, seeded.api_key)}

The hub runs at {url}{_in_processes(app)}. Post the sample connection:

  curl -i "{url}/api/webhooks/incoming/dynamicscrm/connection?code={code}" \\
    -H "Content-Type: application/json" --data-binary @ConnectionWebhook/sample.dat

It is stored once, and listed a moment later:

  curl "{url}/api/v1/events?code={code}" -H "Authorization: Bearer {seeded.api_key}"

Ctrl-C stops everything.
{_RULE}

""")
    sys.stdout.flush()


def _azurite_lost(own: Azurite) -> str:
    """What to say where the Azurite of this run has ended by itself; empty where it runs."""
    if (how := own.how_it_ended) is None:
        return ""
    # Not started anew: it writes its data now and then, so what the app was told is stored may be gone with it.
    return f"error: Azurite has ended {how}, and the hub cannot work without storage: start `make run` again"


def _in_processes(app: Instances) -> str:
    if len(app.urls) == 1:
        return ""
    return f" in {len(app.urls)} processes, each also at an address of its own ({', '.join(app.urls)})"
