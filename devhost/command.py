"""`python -m devhost`: reads the command line, binds the port, runs the host."""

import argparse
import logging
import os
import socket
import sys
from pathlib import Path

import uvicorn

from devhost.app import DevelopmentHost, HostOptions
from devhost.hostjson import BadHostJson
from devhost.keys import BadKeys
from devhost.launch import keys_folder
from devhost.localsettings import BadLocalSettings, apply_local_settings
from devhost.private import make_private_folder
from devhost.server import Server

# Per request these would say what is said anyway, and addresses with keys in them.
_TOO_TALKATIVE = ("azure.core.pipeline.policies.http_logging_policy", "azure.functions", "uvicorn", "urllib3")


def run() -> int:
    """Run the host. Returns 0 after Ctrl-C, 1 if the app cannot be started."""
    arguments = _arguments()
    root = arguments.root.resolve()
    keys = arguments.keys.resolve() if arguments.keys else keys_folder(root / ".local")
    _log_to_stderr()
    try:
        listening = _listen(arguments.host, arguments.port)
        port = listening.getsockname()[1]
        # As with Core Tools, an app finds itself in its own folder.
        os.chdir(root)
        if not arguments.keys:
            make_private_folder(root / ".local")
        apply_local_settings(root, os.environ)
        _set_platform_variables(root, port)
        options = HostOptions(root, f"http://{arguments.host}:{port}", keys, arguments.lease_seconds)
        host = DevelopmentHost(options, os.environ)
    except (OSError, OverflowError, BadHostJson, BadLocalSettings, BadKeys) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    config = uvicorn.Config(host.asgi, log_config=None, access_log=False, interface="asgi3", lifespan="on", ws="none")
    Server(config, on_stop=host.stop_polling, grace_seconds=arguments.grace_seconds).run(sockets=[listening])
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m devhost", description="Runs a function app for development.")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="folder of the app (default: the current one)")
    parser.add_argument("--port", type=int, default=7071, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--keys", type=Path, help="folder of the keys (default: below .local in the app's folder)")
    parser.add_argument("--lease-seconds", type=int, default=60, help="how long a message in work stays invisible")
    parser.add_argument("--grace-seconds", type=float, default=10, help="how long what runs may take after Ctrl-C")
    return parser.parse_args()


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for name in _TOO_TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError as error:
        raise OSError(f"port {port} of {host} cannot be used ({error.strerror}): choose another with --port") from None
    return listening


def _set_platform_variables(root: Path, port: int) -> None:
    """What Core Tools set for an app (docs/sources/functions.md 3)."""
    os.environ["AzureWebJobsScriptRoot"] = str(root)  # noqa: SIM112 - the platform's spelling
    os.environ["AZURE_FUNCTIONS_ENVIRONMENT"] = "Development"
    os.environ["WEBSITE_HOSTNAME"] = f"localhost:{port}"
    os.environ.setdefault("FUNCTIONS_WORKER_RUNTIME", "python")
