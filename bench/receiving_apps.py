"""The apps that are compared as receivers of webhooks: the hub, and Debian's `webhook` (adnanh/webhook)."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.install import WEBHOOK_PACKAGES, debian_packages, version_of
from bench.load import Run, offer
from bench.processes import Sessions, free_port, running, wait_for
from bench.receiving import SAMPLE
from bench.senders import CREATED, HubSender, hub_sender

EVENTS = 300
_WARM_UP = 20
_PATIENCE_SECONDS = 60.0
_KEY = "a key of the benchmark"
_HOOK = "connection"


@dataclass(frozen=True)
class ReceivingResult:
    """What one receiver did; `stored` counts what it kept of what it accepted. `waits`: it answered afterwards."""

    name: str
    settings: str
    run: Run
    stored: int
    waits: bool


def hub_receiving(folder: Path) -> ReceivingResult:
    """Key, payload, role and duplicate judged; announced and stored before the answer."""
    with hub_sender(folder) as sender:
        offer(sender.post, _WARM_UP)
        accepted = offer(sender.post, EVENTS)
        # The listing is written by dispatch, a moment after the answer.
        kept = _kept(accepted, sender.listed)
        return ReceivingResult("hub", HubSender.settings, Run(EVENTS, accepted, {}, {}), kept, waits=True)


def webhook_receiving(folder: Path, *, waits: bool) -> ReceivingResult:
    """Key compared; a command appends the connection's id to a file, before the answer if it `waits` for it."""
    with _webhook(folder, waits=waits) as (url, version):
        sessions = Sessions()

        def post(mark: str) -> bool:
            body = json.dumps({**SAMPLE, "PrimaryEntityId": mark})
            headers = {"Content-Type": "application/json"}
            return sessions.own.post(url, body, headers=headers, timeout=30).status_code == CREATED

        offer(post, _WARM_UP)
        accepted = offer(post, EVENTS)
        # A command that is not awaited goes on after the answer.
        stored = _kept(accepted, lambda: set((folder / "stored").read_text(encoding="utf-8").split()))
    name = "webhook, its command awaited" if waits else "webhook"
    return ReceivingResult(name, f"{version}, defaults", Run(EVENTS, accepted, {}, {}), stored, waits=waits)


def _kept(accepted: Mapping[str, object], look: Callable[[], set[str]]) -> int:
    """How many of the accepted events are kept, once all are or time is up."""
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while not accepted.keys() <= (found := look()) and time.monotonic() < give_up_at:
        time.sleep(0.5)
    return len(found & accepted.keys())


@contextmanager
def _webhook(folder: Path, *, waits: bool) -> Iterator[tuple[str, str]]:
    """Its address for posts, and its version; raises NotAvailable."""
    program = str(debian_packages(WEBHOOK_PACKAGES) / "usr" / "bin" / "webhook")
    version = version_of([program, "-version"])
    folder.mkdir(parents=True, exist_ok=True)
    command, hooks, port = folder / "store", folder / "hooks.json", free_port()
    command.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$1\" >> {folder / 'stored'}\n", encoding="utf-8")
    command.chmod(0o700)
    hooks.write_text(json.dumps([_hook(command, waits=waits)]), encoding="utf-8")
    arguments = [program, "-hooks", str(hooks), "-ip", "127.0.0.1", "-port", str(port)]
    with (folder / "log").open("wb") as log, running(arguments, os.environ, log.fileno()):
        wait_for(port)
        yield f"http://127.0.0.1:{port}/hooks/{_HOOK}?code={_KEY}", version


def _hook(command: Path, *, waits: bool) -> dict[str, object]:
    key = {"type": "value", "value": _KEY, "parameter": {"source": "url", "name": "code"}}
    return {
        "id": _HOOK,
        "execute-command": str(command),
        "pass-arguments-to-command": [{"source": "payload", "name": "PrimaryEntityId"}],
        "trigger-rule": {"match": key},
        "success-http-response-code": CREATED,
        "include-command-output-in-response": waits,
    }
