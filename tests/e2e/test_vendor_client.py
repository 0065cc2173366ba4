"""The vendor's own JavaScript client, `@superoffice/webapi`, drives all operations of the agent."""

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from devhost.install import TEST_CLIENTS, find_node, install_packages
from devhost.receiver import is_genuine
from tests.e2e.running import RunningApp
from tests.e2e.test_receiving import eventually
from tests.fakes.receiver import Receiver, answers
from tests.fakes.server import Received

SCRIPT = Path(__file__).with_name("vendor_client.js")
SECRET = "correct horse battery staple"
MASK = "********"

type Entity = dict[str, Any]


class VendorClient:
    """The client in a process of its own, made for one address and one pair of keys."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def answer(self, method: str, *parameters: object) -> Entity:
        """What became of a call: `{"value"}`, or `{"status", "error"}` where the client rejected it."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([method, *parameters]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the client's process has ended, see its standard error"
        answer: Entity = json.loads(line)
        return answer

    def call(self, method: str, *parameters: object) -> Any:  # noqa: ANN401 - whatever the client resolves with
        """What a call resolved with."""
        answer = self.answer(method, *parameters)
        assert "value" in answer, answer
        return answer["value"]

    def refusal(self, method: str, *parameters: object) -> tuple[int, str, str]:
        """Status, ErrorType and ErrorMessage of a call that was rejected."""
        answer = self.answer(method, *parameters)
        assert "status" in answer, answer
        assert answer["error"]["Error"] is True
        return answer["status"], answer["error"]["ErrorType"], answer["error"]["ErrorMessage"]


@contextmanager
def client_of(
    app: RunningApp, *, code: str | None = None, api_key: str | None = None, user: str = ""
) -> Iterator[VendorClient]:
    """A client of the app, by default with the manager's keys; its process has ended afterwards.

    With a `user` it sends Basic, as the vendor's own examples have it, else Bearer.
    """
    node = shutil.which("node")
    assert node
    environment = {
        **os.environ,
        "NODE_PATH": str(TEST_CLIENTS.folder / "node_modules"),
        "HUB_URL": app.url,
        "FUNCTION_KEY": app.code if code is None else code,
        "API_KEY": app.seed.api_key if api_key is None else api_key,
        "API_USER": user,
    }
    pipe = subprocess.PIPE
    with subprocess.Popen([node, str(SCRIPT)], env=environment, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield VendorClient(process)
        finally:
            process.kill()


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    find_node()
    install_packages(TEST_CLIENTS)


@pytest.fixture(scope="module")
def client(app: RunningApp, _installed: None) -> Iterator[VendorClient]:
    with client_of(app) as made:
        yield made


@pytest.fixture(scope="module")
def receiver_process() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def receiver(receiver_process: Receiver) -> Iterator[Receiver]:
    receiver_process.reset()
    yield receiver_process
    receiver_process.reset()


def webhook(receiver: Receiver, **members: object) -> Entity:
    """A webhook as a user of the client writes it: a name, an event and an address that no other test uses."""
    unique = uuid.uuid4().hex
    return {
        "name": f"Name {unique}",
        "events": [f"e{unique}.changed"],
        "targetUrl": f"{receiver.url}/{unique}",
        **members,
    }


def visits(receiver: Receiver, webhook: Entity) -> list[Received]:
    """What came to the address of this webhook; what is still sent to those of other tests is no part of it."""
    return [one for one in list(receiver.journal) if one.path == urlsplit(webhook["targetUrl"]).path]


def body_of(receiver: Receiver, event: str) -> Entity | None:
    """The body of the first request that brought this event; None where none did."""
    found = (one for one in list(receiver.journal) if one.headers.get("x-superoffice-event") == event)
    return next((json.loads(one.body) for one in found), None)


def test_a_default_webhook_is_active_and_nothing_more(client: VendorClient) -> None:
    made = client.call("createDefaultWebhookAsync")
    assert (made["webhookId"], made["name"], made["state"], made["type"]) == (0, None, "Active", "webhook")
    assert (made["events"], made["headers"]) == (["contact.created", "contact.deleted"], None)
    assert made["registered"] == "0001-01-01T00:00:00.000Z"


def test_a_default_webhook_is_filled_in_saved_and_read_again(client: VendorClient, receiver: Receiver) -> None:
    given = webhook(
        receiver,
        secret=SECRET,
        headers={"X-Token": "t"},
        properties={"Tenant": {"Number": 5}},
        description="Says it all",
        errorEmails=["a@hub.example"],
        errorAssociates=[{"id": 5, "name": "Mira", "deleted": False, "childItems": [{"id": 6, "fullName": "Lena"}]}],
        notifyVia=3,
        notifyWhen=2,
    )
    saved = client.call("saveWebhookAsync", {**client.call("createDefaultWebhookAsync"), **given})
    [test_event] = visits(receiver, saved)
    assert (test_event.headers["x-superoffice-event"], test_event.headers["x-token"]) == ("test", "t")
    assert is_genuine(SECRET, test_event.body, test_event.headers["x-superoffice-signature"])
    assert json.loads(test_event.body)["Tenant"] == {"Number": 5}
    assert (saved["webhookId"] > 0, saved["secret"]) == (True, SECRET)
    assert saved["registeredAssociate"]["fullName"] == "manager@hub.example"
    [associate] = saved["errorAssociates"]
    assert (associate["id"], associate["name"], associate["deleted"]) == (5, "Mira", False)
    assert associate["childItems"][0]["fullName"] == "Lena"
    kept = {name: value for name, value in given.items() if name not in {"secret", "errorAssociates"}}
    assert {name: saved[name] for name in kept} == {**kept, "headers": {"X-Token": MASK}}
    assert client.call("getWebhookAsync", saved["webhookId"]) == {**saved, "secret": MASK}


def test_a_webhook_that_was_read_is_changed_and_keeps_its_secret(client: VendorClient, receiver: Receiver) -> None:
    tokens = {"headers": {"X-Token": "t"}, "properties": {"ApiKey": "k", "Tenant": 5}}
    id_ = client.call("saveWebhookAsync", webhook(receiver, secret=SECRET, **tokens))["webhookId"]
    read = client.call("getWebhookAsync", id_)
    # Saved back as it is, nothing is new to the receiver; the client may spell names of its own.
    client.call("saveWebhookAsync", read)
    assert len(visits(receiver, read)) == 1
    event = f"e{uuid.uuid4().hex}.deleted"
    changed = client.call("saveWebhookAsync", {**read, "name": "Another", "events": [event], "headers": {"X-New": "1"}})
    assert (changed["webhookId"], changed["secret"]) == (id_, MASK)
    again = client.call("getWebhookAsync", id_)
    assert (again["name"], again["events"]) == ("Another", [event])
    # Headers are new, so the receiver was tested again, and still with the first secret.
    _, test_event = visits(receiver, read)
    assert is_genuine(SECRET, test_event.body, test_event.headers["x-superoffice-signature"])
    assert json.loads(test_event.body)["ApiKey"] == "k"


def test_webhooks_are_listed_by_name_event_and_state(client: VendorClient, receiver: Receiver) -> None:
    first = client.call("saveWebhookAsync", webhook(receiver))
    second = client.call("saveWebhookAsync", {**webhook(receiver, state="Stopped"), "events": first["events"]})

    def ids(*filters: object) -> list[int]:
        return [one["webhookId"] for one in client.call("getAllWebhooksAsync", *filters)]

    both = [first["webhookId"], second["webhookId"]]
    assert ids(first["name"], "", "Unknown") == both[:1]
    assert ids(None, first["events"][0]) == both
    assert ids("", first["events"][0], "Stopped") == both[1:]
    assert ids({"nameFilter": second["name"], "statusFilter": "Active"}) == []
    assert set(both) <= set(ids("", "", "Unknown"))


def test_a_receiver_is_tested_without_anything_being_saved(client: VendorClient, receiver: Receiver) -> None:
    given = webhook(receiver)
    healthy = client.call("testWebhookAsync", given)
    receiver.behave(answers(503, b"closed for today"))
    ill = client.call("testWebhookAsync", given)
    assert (healthy["success"], ill["success"]) == (True, False)
    assert ("503" in ill["message"], "closed for today" in ill["message"]) == (True, True)
    assert client.call("getAllWebhooksAsync", given["name"], "", "Unknown") == []


def test_a_signalled_event_arrives_with_the_names_of_what_changed(client: VendorClient, receiver: Receiver) -> None:
    saved = client.call("saveWebhookAsync", webhook(receiver))
    [event] = saved["events"]
    client.call("signalEventAsync", event, 17, {"amount": 5, "owner": "Mira"})
    assert eventually(lambda: body_of(receiver, event) is not None)
    body = body_of(receiver, event) or {}
    assert (body["PrimaryKey"], body["Changes"], body["WebhookName"]) == (17, ["amount", "owner"], saved["name"])


def test_the_last_error_is_told_in_the_hubs_own_words(client: VendorClient, receiver: Receiver) -> None:
    saved = client.call("saveWebhookAsync", webhook(receiver))
    id_, [event] = saved["webhookId"], saved["events"]
    assert client.call("getLastErrorAsync", id_) == ""
    receiver.behave(answers(500, b"out of paper", "X-Reason: paper"))
    client.call("signalEventAsync", event, 1, {})
    assert eventually(lambda: client.call("getLastErrorAsync", id_) != "")
    last_error = client.call("getLastErrorAsync", id_)
    assert last_error == "HTTP 500 Internal Server Error"
    read = client.call("getWebhookAsync", id_)
    assert (read["lastError"], read["totalErrors"] > 0) == (last_error, True)


def test_a_deleted_webhook_is_gone(client: VendorClient, receiver: Receiver) -> None:
    saved = client.call("saveWebhookAsync", webhook(receiver))
    id_ = saved["webhookId"]
    assert client.call("deleteWebhookAsync", id_) == ""
    assert client.call("getAllWebhooksAsync", "", saved["events"][0], "Unknown") == []
    for operation in ("getWebhookAsync", "deleteWebhookAsync", "getLastErrorAsync"):
        assert client.refusal(operation, id_) == (404, "SoNotFoundException", f"Webhook id {id_} not found")


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"name": None}, "Name"),
        ({"events": ["a b"]}, "Events"),
        ({"targetUrl": "ftp://hub.example/"}, "TargetUrl"),
        ({"type": "carrier pigeon"}, "Type"),
        ({"state": "Asleep"}, "State"),
    ],
)
def test_a_refused_save_names_the_member(client: VendorClient, receiver: Receiver, members: Entity, named: str) -> None:
    refused = webhook(receiver, **members)
    status, kind, message = client.refusal("saveWebhookAsync", refused)
    assert (status, kind, message.startswith(named)) == (400, "SoInvalidArgumentException", True)
    assert visits(receiver, refused) == []


def test_a_receiver_that_refuses_the_test_event_is_not_saved(client: VendorClient, receiver: Receiver) -> None:
    receiver.behave(answers(404))
    given = webhook(receiver)
    status, _, message = client.refusal("saveWebhookAsync", given)
    assert (status, "TargetUrl" in message, "404" in message) == (400, True, True)
    assert client.call("getAllWebhooksAsync", given["name"], "", "Unknown") == []


def test_an_event_of_the_hub_may_not_be_signalled(client: VendorClient) -> None:
    status, _, message = client.refusal("signalEventAsync", "webhook1.errors", 1, {})
    assert (status, message.startswith("EventName must ")) == (400, True)


def test_a_client_without_a_function_key_is_a_401_without_a_body(app: RunningApp) -> None:
    with client_of(app, code="") as stranger:
        assert stranger.answer("createDefaultWebhookAsync") == {"status": 401, "error": ""}


def test_a_client_without_an_api_key_or_without_the_role_is_told_so(app: RunningApp) -> None:
    key, _ = app.hub.api_keys.issue("nobody@hub.example")
    for api_key, told in [("", (401, "SoSessionException")), (key, (403, "SoSentryException"))]:
        with client_of(app, api_key=api_key) as stranger:
            assert stranger.refusal("createDefaultWebhookAsync")[:2] == told


def test_a_client_may_use_basic_and_ask_for_languages_and_times(app: RunningApp, receiver: Receiver) -> None:
    options = {"languageCode": "en", "cultureCode": "no", "timezone": "NO", "timezoneInclude": True}
    with client_of(app, user=app.seed.manager["upn"]) as client:
        saved = client.call("saveWebhookAsync", webhook(receiver))
        assert client.call("getWebhookAsync", saved["webhookId"], options) == saved
