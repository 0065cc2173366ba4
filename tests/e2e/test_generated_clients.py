"""What others generate from the document works: a client in Python at the running app, and types for TypeScript."""

import json
import os
import re
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from deploy.tool import LOCAL, ROOT, install_environment, run
from devhost.install import TEST_CLIENTS, find_node, install_packages
from tests.e2e.running import SAMPLE, RunningApp
from tests.fakes.receiver import Receiver
from tests.support.contract import BY_ID
from tests.support.patience import eventually

TARGET = "http://127.0.0.1:8000/"
STORY = """
import json, sys
from uuid import UUID
from hub_client.api.deliveries import get_delivery, list_deliveries, replay_delivery
from hub_client.api.events import get_event
from hub_client.api.webhooks import create_webhook, delete_webhook, get_webhook, patch_webhook
from hub_client.models import SuperOfficeError, WebhookToSave

[delivery] = list_deliveries.sync(client=hub, webhook=webhook_id).value
event = get_event.sync(delivery.event_id, client=hub)
log = get_delivery.sync(delivery.event_id, webhook_id, client=hub)
replayed = replay_delivery.sync_detailed(delivery.event_id, webhook_id, client=hub)
wrong = create_webhook.sync(client=hub, body=WebhookToSave("Wrong", [], "not an address"))
gone = delete_webhook.sync_detailed(webhook_id, client=hub)
missing = get_webhook.sync(webhook_id, client=hub)
print(json.dumps({
    "type": event.type_, "state": log.state.value, "status": log.log[0].status, "replayed": replayed.status_code,
    "wrong": isinstance(wrong, SuperOfficeError) and wrong.error_message, "gone": gone.status_code,
    "missing": isinstance(missing, SuperOfficeError),
}))
"""
TYPES = """
import type { components, paths } from "./hub";

type Page = paths["/v1/events/deliveries"]["get"]["responses"]["200"]["content"]["application/json"];
export const states = (page: Page): string[] => page.value.map((one) => one.state);
export const webhook: components["schemas"]["WebhookToSave"] = {
  Name: "First", Events: ["connection.created"], TargetUrl: "https://receiver.example/", Type: "webhook",
};
// @ts-expect-error: a webhook has a target.
export const wrong: components["schemas"]["WebhookToSave"] = { Name: "First", Events: [] };
"""


@pytest.fixture(scope="module")
def folder(app: RunningApp, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an integrator: the document, and what `make run` writes for tools."""
    folder = tmp_path_factory.mktemp("integrator")
    answer = requests.get(f"{app.url}/api/openapi.json", timeout=30)
    (folder / "openapi.json").write_bytes(answer.content)
    (folder / ".local").mkdir()
    told = {"url": app.url, "code": app.code, "api_key": app.seed.api_key}
    (folder / ".local" / "run.json").write_text(json.dumps(told), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def programs() -> Path:
    """Those of an environment with the generator, which has its own versions of what we have."""
    lock = ROOT / "deploy" / "tools" / "openapi-python-client.txt"
    return install_environment(LOCAL / "openapi-python-client", lock)


def documented(language: str) -> str:
    """The first block in a language of the page about the document."""
    page = (ROOT / "docs" / "openapi.md").read_text(encoding="utf-8")
    return page.partition(f"```{language}\n")[2].partition("```")[0]


def generating() -> list[str]:
    """The commands of the page that make a client; what fetches the document and installs the generator was done."""
    page = (ROOT / "docs" / "openapi.md").read_text(encoding="utf-8")
    block = page.partition("## Making a client")[2].partition("\n    ")[2].partition("\n\n")[0]
    lines = [line.strip() for line in block.splitlines()]
    done = [line for line in lines if line.startswith(("curl ", "pip install "))]
    assert len(done) == 2
    return [line for line in lines if line not in done]


def test_a_client_in_python_registers_a_webhook_and_reads_its_deliveries(
    app: RunningApp, folder: Path, programs: Path
) -> None:
    # Of the generator's environment, which is not activated, the one program alone: its formatter is not on the PATH.
    (folder / "bin").mkdir()
    (folder / "bin" / "openapi-python-client").symlink_to(programs / "openapi-python-client")
    path = f"PATH={folder / 'bin'}:/usr/bin:/bin"
    told = "".join(run(["env", path, "sh", "-c", f"{line} 2>&1"], folder=folder) for line in generating())
    assert "warning" not in told.lower()
    names = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in BY_ID}
    assert {path.stem for path in (folder / "hub_client" / "api").glob("*/*.py")} - {"__init__"} == names
    with Receiver() as receiver:
        recipe = documented("python")
        assert recipe.count(TARGET) == 1
        recipe = recipe.replace(TARGET, receiver.url)
        printed = run([str(programs / "python"), "-c", recipe], folder=folder)
        id_ = int(printed.split()[0])
        assert app.get(f"v1/Webhook/{id_}").json()["Name"] == "First"
        app.post(json.dumps({**json.loads(SAMPLE), "PrimaryEntityId": str(uuid4())}).encode())
        asked = {"webhook": str(id_), "state": "delivered"}
        assert eventually(lambda: app.get("v1/events/deliveries", **asked).json()["value"])
        connect = recipe.partition("webhook =")[0]
        printed = run([str(programs / "python"), "-c", f"{connect}\nwebhook_id = {id_}\n{STORY}"], folder=folder)
    assert json.loads(printed) == {
        "type": "connection.created",
        "state": "delivered",
        "status": 200,
        "replayed": 202,
        "wrong": "Events must have the name of at least one event",
        "gone": 204,
        "missing": True,
    }


def test_types_for_typescript_compile(folder: Path) -> None:
    find_node()
    install_packages(TEST_CLIENTS)
    modules = TEST_CLIENTS.folder / "node_modules"
    # A member with a default may be left out of what is sent.
    options = ["--default-non-nullable", "false", "--output", "hub.d.ts"]
    run(["node", str(modules / "openapi-typescript/bin/cli.js"), "openapi.json", *options], folder=folder)
    (folder / "uses.ts").write_text(TYPES, encoding="utf-8")
    command = ["node", str(modules / "typescript" / "bin" / "tsc"), "--noEmit", "--strict", "uses.ts", "hub.d.ts"]
    done = subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
