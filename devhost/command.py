"""`python -m devhost`: reads the command line, binds the port, runs the host."""

import argparse
import logging
import os
import sys
from pathlib import Path

import uvicorn

from devhost.app import DevelopmentHost, HostOptions
from devhost.hostjson import BadHostJson
from devhost.keys import BadKeys
from devhost.launch import keys_folder
from devhost.localsettings import BadLocalSettings, apply_local_settings
from devhost.ports import listen
from devhost.private import make_private_folder
from devhost.server import Server

# Per request these would say what is said anyway, and addresses with keys in them.
_TOO_TALKATIVE = ("azure.core.pipeline.policies.http_logging_policy", "azure.functions", "uvicorn", "urllib3")


def run() -> int:
    """Run the host. Returns 0 after Ctrl-C, 1 if the app cannot be started."""
    arguments = _arguments()
    root = arguments.root.resolve()
    keys = arguments.keys.resolve() if arguments.keys else keys_folder(root / ".local")
    is_shared = arguments.own_port is not None
    _log_to_stderr(is_shared=is_shared)
    try:
        sockets = [listen(arguments.host, arguments.port, is_shared=is_shared)]
        port = sockets[0].getsockname()[1]
        if is_shared:
            sockets.append(listen(arguments.host, arguments.own_port))
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
    Server(config, on_stop=host.stop_polling, grace_seconds=arguments.grace_seconds).run(sockets=sockets)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m devhost", description="Runs a function app for development.")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="folder of the app (default: the current one)")
    parser.add_argument("--port", type=int, default=7071, help="0 takes a free one")
    parser.add_argument(
        "--own-port", type=int, help="share --port with other instances of the app, and be reachable here as well"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--keys", type=Path, help="folder of the keys (default: below .local in the app's folder)")
    parser.add_argument("--lease-seconds", type=int, default=60, help="how long a message in work stays invisible")
    parser.add_argument("--grace-seconds", type=float, default=10, help="how long what runs may take after Ctrl-C")
    return parser.parse_args()


def _log_to_stderr(*, is_shared: bool) -> None:
    # Of several instances that write to one terminal, each line tells which one it is from.
    who = "%(process)d " if is_shared else ""
    text = f"%(asctime)s {who}%(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.INFO, format=text, stream=sys.stderr)
    for name in _TOO_TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def _set_platform_variables(root: Path, port: int) -> None:
    """What Core Tools set for an app (docs/sources/functions.md 3)."""
    os.environ["AzureWebJobsScriptRoot"] = str(root)  # noqa: SIM112 - the platform's spelling
    os.environ["AZURE_FUNCTIONS_ENVIRONMENT"] = "Development"
    os.environ["WEBSITE_HOSTNAME"] = f"localhost:{port}"
    os.environ.setdefault("FUNCTIONS_WORKER_RUNTIME", "python")
