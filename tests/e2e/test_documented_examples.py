"""What docs/superoffice.md tells its readers to type works as it is typed, and shows what it says."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from devhost.install import TEST_CLIENTS, find_node, install_packages
from tests.e2e.running import RunningApp
from tests.e2e.test_receiving import eventually
from tests.e2e.webhooks import register
from tests.fakes.receiver import Receiver
from tests.support.pages import blocks


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def filled_in(text: str, app: RunningApp, receiver: Receiver, id_: int = 1) -> str:
    """An example with what its reader has: addresses, keys, and the id of their webhook."""
    reader = {
        "http://localhost:7071": app.url,
        "http://127.0.0.1:8000": receiver.url,
        "API-KEY": app.seed.api_key,
        "KEY": app.code,
        "Webhook/1": f"Webhook/{id_}",
    }
    return re.sub("|".join(map(re.escape, reader)), lambda found: reader[found[0]], text)


def events(receiver: Receiver) -> list[str]:
    return [one.headers["x-superoffice-event"] for one in list(receiver.journal)]


def shell(command: str) -> Any:  # noqa: ANN401 - JSON of any kind
    """What a command prints: JSON, or None where it prints nothing."""
    bash = shutil.which("bash")
    assert bash
    done = subprocess.run([bash, "-c", command], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout) if done.stdout else None


def test_the_example_with_curl(app: RunningApp, receiver: Receiver) -> None:
    commands = [
        command
        for block in blocks("superoffice", "A worked example with curl")
        if block.startswith("curl")
        for command in re.split(r"\n(?=curl)", block)
    ]
    create, list_, rename, signal, read, last_error, stop, delete = commands
    created = shell(filled_in(create, app, receiver))
    assert created["Secret"] == "correct horse battery staple"
    id_ = created["WebhookId"]
    assert [one["WebhookId"] for one in shell(filled_in(list_, app, receiver))] == [id_]
    assert shell(filled_in(rename, app, receiver, id_))["Name"] == "Our handler"
    assert shell(filled_in(signal, app, receiver, id_)) is None
    assert eventually(lambda: shell(filled_in(read, app, receiver, id_))["TotalCalls"] == 1)
    assert events(receiver) == ["test", "window.closed"]
    assert shell(filled_in(last_error, app, receiver, id_)) == ""
    assert shell(filled_in(stop, app, receiver, id_))["State"] == "Stopped"
    assert shell(filled_in(delete, app, receiver, id_)) is None
    assert shell(filled_in(list_, app, receiver)) == []


def test_the_example_of_sealed_headers(app: RunningApp, receiver: Receiver) -> None:
    [command] = blocks("superoffice", "Secrets")
    id_ = register(app, receiver.url, "window.closed")["WebhookId"]
    changed = shell(filled_in(command, app, receiver, id_))
    assert (changed["Headers"], changed["SealedHeaders"]) == ({"X-Tenant": "********"}, ["X-Tenant"])
    assert receiver.journal[-1].headers["x-tenant"] == "7"
    assert app.send("DELETE", f"v1/Webhook/{id_}").status_code == 204


def test_the_example_with_the_vendors_client(app: RunningApp, receiver: Receiver) -> None:
    find_node()
    install_packages(TEST_CLIENTS)
    example, printed = blocks("superoffice", "A worked example with the vendor's JavaScript client")
    node = shutil.which("node")
    assert node
    environment = {**os.environ, "NODE_PATH": str(TEST_CLIENTS.folder / "node_modules")}
    command = [node, "-e", filled_in(example, app, receiver)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    said = re.sub(r"Webhook id \d+", "Webhook id 1", done.stdout)
    assert (done.stderr, said.splitlines()) == ("", printed.splitlines())
    assert events(receiver) == ["test", "test", "window.closed"]
