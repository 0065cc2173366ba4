import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from devhost.receiver import is_genuine
from shared.callers.caller import Caller
from shared.hub.hub import Hub
from shared.roles.user import User
from shared.settings import Settings
from shared.webhooks.listing import WebhookFilter
from shared.webhooks.registration import Registration
from shared.webhooks.webhook import WEBHOOK_TYPES, WebhookState, parse_webhook
from tests.admin.command import Run, admin
from tests.fakes.receiver import Receiver, answers
from tests.support import previous_version

SECRET = "correct horse battery staple"
WARNING = "warning: TargetUrl should begin with https: http sends events and headers in clear\n"


@dataclass(frozen=True)
class Desk:
    """A command line whose receivers may be on this machine, and the hub that it works on."""

    settings: dict[str, str]

    def run(self, *arguments: str, **more: str) -> Run:
        """`python -m admin webhooks` with these arguments."""
        return admin("webhooks", *arguments, **self.settings, **more)

    @cached_property
    def hub(self) -> Hub:
        """The hub that the command line works on."""
        return Hub.assemble(Settings.read(self.settings))

    @property
    def stored(self) -> list[Registration]:
        """All webhooks that are registered."""
        return [registration for registration, _ in self.hub.receivers.webhooks.list(WebhookFilter())]


@pytest.fixture
def desk(connection_string: str) -> Desk:
    return Desk(
        {
            "AzureWebJobsStorage": connection_string,
            "SECRETS_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
            "DELIVERY_REQUIRE_HTTPS": "false",
            "DELIVERY_ALLOWED_NETWORKS": "127.0.0.0/8",
        }
    )


@pytest.fixture(scope="module")
def receiver_process() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def receiver(receiver_process: Receiver) -> Receiver:
    receiver_process.reset()
    return receiver_process


def created(desk: Desk, receiver: Receiver, name: str = "One", state: str = "Active") -> int:
    """The id of a new webhook with a secret."""
    document = {"Name": name, "Events": ["a.changed"], "TargetUrl": receiver.url, "Secret": SECRET, "State": state}
    webhook = parse_webhook(document, types=WEBHOOK_TYPES)
    return desk.hub.receivers.saving.create(webhook, Caller(User.of_account("kim@hub.example"))).registration.id


def test_a_webhook_is_tested_and_registered_and_its_secret_never_shown(desk: Desk, receiver: Receiver) -> None:
    target = f"{receiver.url}/hook"
    required = ["--name", "My [red]one", "--event", "A.changed", "--event", "b.changed", "--target-url", target]
    run = desk.run("create", *required, "--user", "kim@hub.example", WEBHOOK_SECRET=SECRET)
    assert (run.code, run.err, SECRET in run.out) == (0, WARNING, False)
    [registration] = desk.stored
    assert all(word in run.out for word in ("My [red]one", "a.changed, b.changed", target, "kim@hub.example"))
    assert (registration.webhook.name, registration.webhook.events) == ("My [red]one", ("a.changed", "b.changed"))
    [test_event] = receiver.journal
    assert is_genuine(SECRET, test_event.body, test_event.headers["x-superoffice-signature"])


def test_a_file_holds_all_members_and_options_win_over_it(desk: Desk, receiver: Receiver, tmp_path: Path) -> None:
    file = tmp_path / "webhook.json"
    members = {"name": "Of the file", "events": ["a.changed"], "targetUrl": receiver.url, "headers": {"X-Tenant": "t"}}
    # As SuperOffice's own samples end.
    file.write_text(json.dumps({**members, "Description": "Why"}).removesuffix("}") + ",\n}\n", encoding="utf-8")
    run = desk.run("create", "--file", str(file), "--name", "Of the option", "--state", "stopped", "--json")
    assert (run.code, run.err) == (0, WARNING)
    [registration] = desk.stored
    webhook = registration.webhook
    assert (webhook.name, webhook.description, webhook.headers) == ("Of the option", "Why", {"X-Tenant": "t"})
    assert (webhook.state, receiver.journal) == (WebhookState.STOPPED, [])
    assert isinstance(run.json, dict)
    assert run.json["WebhookId"] == registration.id


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--event", "a.changed"],
            "error: Name is required; TargetUrl is required",
        ),
        (
            ["--name", "n", "--event", "a b", "--target-url", "http://127.0.0.1:1/"],
            "error: Events must be names of 1 to 250 letters",
        ),
        (
            ["--name", "n", "--event", "a\n", "--target-url", "http://127.0.0.1:1/"],
            "error: Events must be names of 1 to 250 letters",
        ),
        (["--name", "n", "--event", "a", "--target-url", "http://10.0.0.1/"], "error: TargetUrl is refused: "),
        (["--file", "/nowhere.json"], "error: /nowhere.json cannot be read: No such file or directory\n"),
        (["--file", "/dev/null"], "error: /dev/null: "),
    ],
)
def test_a_webhook_that_cannot_be_registered_is_one_line_and_nothing_is_stored(
    desk: Desk, arguments: list[str], said: str
) -> None:
    run = desk.run("create", *arguments)
    assert (run.code, run.out, run.err.count("\n")) == (1, "", 1)
    assert run.err.startswith(said)
    assert desk.stored == []


def test_a_receiver_that_refuses_the_test_event_is_not_registered(desk: Desk, receiver: Receiver) -> None:
    receiver.behave(answers(503, b"closed"))
    run = desk.run("create", "--name", "n", "--event", "a", "--target-url", receiver.url)
    assert (run.code, run.err.startswith("error: TargetUrl: the test event failed: "), "503" in run.err) == (
        1,
        True,
        True,
    )
    assert desk.stored == []


def test_webhooks_are_listed_with_filters(desk: Desk, receiver: Receiver) -> None:
    first, second = created(desk, receiver, "One"), created(desk, receiver, "Two", "Stopped")
    table = desk.run("list")
    assert (table.code, all(word in table.out for word in ("One", "Two", "Stopped", "a.changed"))) == (0, True)

    def ids(*filters: str) -> list[int]:
        listed = desk.run("list", "--json", *filters).json
        assert isinstance(listed, list)
        return [one["WebhookId"] for one in listed]

    assert ids() == [first, second]
    assert (ids("--name", "two"), ids("--state", "active"), ids("--event", "b")) == ([second], [first], [])


def test_a_webhook_is_shown_as_rest_shows_it(desk: Desk, receiver: Receiver) -> None:
    id_ = created(desk, receiver)
    run = desk.run("show", str(id_), "--json")
    assert (run.code, isinstance(run.json, dict)) == (0, True)
    assert isinstance(run.json, dict)
    assert {name: run.json[name] for name in ("WebhookId", "Name", "Secret", "State", "TotalCalls")} == {
        "WebhookId": id_,
        "Name": "One",
        "Secret": "********",
        "State": "Active",
        "TotalCalls": 0,
    }


def test_a_test_event_is_sent_with_the_stored_secret_and_a_failure_is_exit_code_3(
    desk: Desk, receiver: Receiver
) -> None:
    id_ = str(created(desk, receiver))
    passed = desk.run("test", id_, "--json")
    receiver.behave(answers(410))
    failed = desk.run("test", id_)
    message = "HTTP 200\ncontent-length: 0\n\n"
    assert (passed.code, passed.json) == (
        0,
        {"Success": True, "Message": message, "TableRight": None, "FieldProperties": None},
    )
    assert (failed.code, "410" in failed.out) == (3, True)
    assert all(is_genuine(SECRET, one.body, one.headers["x-superoffice-signature"]) for one in receiver.journal)
    assert len(receiver.journal) == 3


def test_a_deleted_webhook_is_gone(desk: Desk, receiver: Receiver) -> None:
    id_ = str(created(desk, receiver))
    assert (desk.run("delete", id_).out, desk.stored) == (f"deleted {id_}\n", [])


def test_tokens_are_masked_and_a_short_secret_is_warned_of_on_standard_error(desk: Desk, receiver: Receiver) -> None:
    members = {"Headers": {"Authorization": "Bearer HEADERTOKEN123"}, "Properties": {"apiKey": "PROPSECRET"}}
    document = {"Name": "n", "Events": ["a.changed"], "TargetUrl": receiver.url, "Secret": "hunter2", **members}
    run = admin("webhooks", "create", "--file", "-", "--json", stdin=json.dumps(document), **desk.settings)
    warnings = run.err.splitlines()
    assert [warning.split()[:2] for warning in warnings] == [["warning:", "TargetUrl"], ["warning:", "Secret"]]
    assert isinstance(run.json, dict)
    id_ = str(run.json["WebhookId"])
    shown = [run.out, desk.run("show", id_).out, desk.run("list", "--json").out, desk.run("test", id_).out]
    assert [secret for secret in ("HEADERTOKEN123", "PROPSECRET", "hunter2") if secret in str(shown)] == []
    assert run.json["Headers"] == {"Authorization": "********"}
    assert [call.headers["authorization"] for call in receiver.journal] == ["Bearer HEADERTOKEN123"] * 2


def test_a_private_key_is_answered_with_its_public_one_on_standard_error(desk: Desk, receiver: Receiver) -> None:
    document = {"Name": "n", "Events": ["a.changed"], "TargetUrl": receiver.url, "Secret": "whsk_" + "A" * 43 + "="}
    run = admin("webhooks", "create", "--file", "-", "--json", stdin=json.dumps(document), **desk.settings)
    assert "public key: whpk_O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=" in run.err.splitlines()
    assert "whpk_" not in run.out


def test_reseal_seals_what_the_previous_version_stored_and_says_how_much(desk: Desk, receiver: Receiver) -> None:
    previous_version.store(desk.hub, receiver.url)
    created(desk, receiver)
    run = desk.run("reseal")
    assert (run.code, run.out, run.err) == (0, "sealed anew: 1 of 2 webhooks\n", "")
    assert "HEADERTOKEN123" not in str(previous_version.stored_row(desk.hub))
    assert desk.run("reseal", "--json").json == {"webhooks": 2, "resealed": 0, "failed": []}


def test_reseal_says_what_it_cannot_open_and_ends_with_code_1(desk: Desk, receiver: Receiver) -> None:
    id_ = created(desk, receiver)
    key = base64.urlsafe_b64encode(bytes(32)).decode()
    run = admin("webhooks", "reseal", **desk.settings | {"SECRETS_KEY": key})
    assert (run.code, run.out) == (1, "sealed anew: 0 of 1 webhooks\n")
    assert run.err.startswith(f"error: webhook {id_} stays as it is: SECRETS_KEY ")
    assert desk.run("test", str(id_)).code == 0


@pytest.mark.parametrize("command", ["show", "test", "delete"])
def test_an_unknown_id_is_one_line_and_exit_code_1(desk: Desk, command: str) -> None:
    run = desk.run(command, "4711", "--json")
    assert (run.code, run.out, run.err) == (1, "", "error: no webhook has the id 4711\n")


def test_a_limit_is_told_as_the_api_tells_it(desk: Desk, receiver: Receiver) -> None:
    arguments = ("create", "--name", "n", "--target-url", receiver.url)
    assert desk.run(*arguments, "--event", "a.b", MAX_WEBHOOKS="1").code == 0
    receiver.reset()
    full = desk.run(*arguments, "--event", "a.b", MAX_WEBHOOKS="1")
    assert (full.code, full.err) == (1, "error: MAX_WEBHOOKS allows 1 webhooks in all; remove one first\n")
    too_many = desk.run(*arguments, "--event", "a.b", "--event", "c.d", MAX_EVENTS_PER_WEBHOOK="1")
    assert too_many.code == 1
    assert "Events must be at most 1 names (got 2) (MAX_EVENTS_PER_WEBHOOK)" in too_many.err
    assert (len(desk.stored), receiver.journal) == (1, [])
