"""`python -m devhost`: runs the function app of a folder until Ctrl-C."""

import argparse
import logging
import os
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from devhost.app import DevelopmentHost, HostOptions
from devhost.hostjson import BadHostJson
from devhost.launch import keys_folder
from devhost.localsettings import BadLocalSettings, apply_local_settings


def main() -> int:
    """Run; 0 after Ctrl-C, 1 where the app cannot be started."""
    arguments = _arguments()
    root = arguments.root.resolve()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    # Per request these would say what is said anyway, and addresses with keys in them.
    for name in ("azure.core.pipeline.policies.http_logging_policy", "azure.functions", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # uvicorn raises a signal again once it has stopped; to end by Ctrl-C is to end well.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    url = f"http://{arguments.host}:{arguments.port}"
    try:
        listening = _listen(arguments.host, arguments.port)
        apply_local_settings(root, os.environ)
        _set_platform_variables(root, arguments.port)
        keys = arguments.keys or keys_folder(root / ".local")
        options = HostOptions(root, url, keys, arguments.lease_seconds, arguments.grace_seconds)
        host = DevelopmentHost(options, os.environ)
    except (OSError, BadHostJson, BadLocalSettings) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    # The time for requests; that for messages is the host's own.
    config = uvicorn.Config(
        host.asgi(), log_config=None, access_log=False, timeout_graceful_shutdown=int(arguments.grace_seconds)
    )
    uvicorn.Server(config).run(sockets=[listening])
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m devhost", description="Runs a function app for development.")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="folder of the app (default: the current one)")
    parser.add_argument("--port", type=int, default=7071)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--keys", type=Path, help="folder of the keys (default: below .local in the app's folder)")
    parser.add_argument("--lease-seconds", type=int, default=60, help="how long a message in work stays invisible")
    parser.add_argument("--grace-seconds", type=float, default=10, help="how long what runs may take after Ctrl-C")
    return parser.parse_args()


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        raise OSError(f"port {port} of {host} cannot be used ({error.strerror}); --port takes another") from None
    return listening


def _set_platform_variables(root: Path, port: int) -> None:
    """What Core Tools set for an app (facts/functions.md 3)."""
    os.environ["AzureWebJobsScriptRoot"] = str(root)  # noqa: SIM112 - the platform's spelling
    os.environ["AZURE_FUNCTIONS_ENVIRONMENT"] = "Development"
    os.environ["WEBSITE_HOSTNAME"] = f"localhost:{port}"
    os.environ.setdefault("FUNCTIONS_WORKER_RUNTIME", "python")


if __name__ == "__main__":
    sys.exit(main())
