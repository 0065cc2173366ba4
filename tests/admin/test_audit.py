"""What the command line changes is told, and `python -m admin audit` tells it."""

import getpass
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.audit.entry import AuditEntry, Outcome
from shared.audit.log import AuditFilter
from shared.audit.surface import READ
from shared.audit.surfaces import OTHER_ACTIONS, SURFACES
from shared.hub.hub import Hub
from tests.admin.command import Run, admin
from tests.fakes.receiver import Receiver, answers
from tests.support.tenant import Tenant

USER = "kim@hub.example"
ME = f"command line ({getpass.getuser()})".lower()
SECRET = "correct horse battery staple"
ACTIONS = {operation.action for surface in SURFACES for operation in surface.operations} - {READ} | {*OTHER_ACTIONS}


@pytest.fixture
def entries(hub: Hub) -> Any:  # noqa: ANN401 - a function
    """What was told so far, newest first; no entry holds the secret, or another action than the documented ones."""

    def so_far() -> list[AuditEntry]:
        found = [entry for _, entry in hub.audit.list(AuditFilter(), page_size=100)]
        assert {entry.who for entry in found} <= {ME}
        assert {entry.action for entry in found} <= ACTIONS
        assert SECRET not in str(found)
        return found

    return so_far


def told(entries: list[AuditEntry]) -> list[tuple[str, str, str]]:
    return [(entry.action, entry.target, entry.outcome.value) for entry in entries]


def test_roles_are_told_one_entry_an_id(entries: Any, connection_string: str) -> None:  # noqa: ANN401 - as above
    other = "alex@hub.example"
    admin("roles", "grant", USER.upper(), other, AzureWebJobsStorage=connection_string)
    admin("roles", "revoke", USER, USER, "--role", "webhook administrator", AzureWebJobsStorage=connection_string)
    admin("roles", "revoke", USER, AzureWebJobsStorage=connection_string)
    admin("roles", "list", AzureWebJobsStorage=connection_string)
    assert told(entries()) == [
        ("role.revoke", f"roles/Relationship Manager/{USER}", "done"),
        ("role.revoke", f"roles/Webhook Administrator/{USER}", "refused"),
        ("role.revoke", f"roles/Webhook Administrator/{USER}", "refused"),
        ("role.grant", f"roles/Relationship Manager/{other}", "done"),
        ("role.grant", f"roles/Relationship Manager/{USER}", "done"),
    ]


def test_keys_are_told_by_their_ids(hub: Hub, entries: Any, connection_string: str) -> None:  # noqa: ANN401 - as above
    key = admin("callers", "issue", USER, AzureWebJobsStorage=connection_string).out.strip()
    [issued] = hub.api_keys.list()
    admin("callers", "revoke", issued.id, AzureWebJobsStorage=connection_string)
    admin("callers", "revoke", issued.id, AzureWebJobsStorage=connection_string)
    assert told(entries()) == [
        ("key.revoke", f"keys/{issued.id}", "refused"),
        ("key.revoke", f"keys/{issued.id}", "done"),
        ("key.issue", f"keys/{issued.id}/{USER}", "done"),
    ]
    assert key not in str(entries())


def test_webhooks_and_queues_are_told(entries: Any, connection_string: str, receiver: Receiver) -> None:  # noqa: ANN401
    settings = {
        "AzureWebJobsStorage": connection_string,
        "SECRETS_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "DELIVERY_REQUIRE_HTTPS": "false",
        "DELIVERY_ALLOWED_NETWORKS": "127.0.0.0/8",
        "WEBHOOK_SECRET": SECRET,
    }
    options = ("--name", "Mine", "--event", "x.changed", "--target-url", receiver.url)
    assert admin("webhooks", "create", *options, "--json", **settings).code == 0
    assert admin("webhooks", "create", "--name", "Mine", **settings).code == 1
    assert admin("webhooks", "test", "1", **settings).code == 0
    receiver.behave(answers(503))
    assert admin("webhooks", "test", "1", **settings).code == 3
    assert admin("webhooks", "delete", "1", **settings).code == 0
    assert admin("webhooks", "delete", "1", **settings).code == 1
    assert admin("events", "redrive", "--dry-run", **settings).code == 0
    assert admin("events", "redrive", **settings).code == 0
    assert told(entries()) == [
        ("queue.redrive", "queues", "done"),
        ("webhook.delete", "webhooks/1", "refused"),
        ("webhook.delete", "webhooks/1", "done"),
        ("webhook.test", "webhooks/1", "failed"),
        ("webhook.test", "webhooks/1", "done"),
        ("webhook.create", "webhooks", "refused"),
        ("webhook.create", "webhooks/1", "done"),
    ]


def test_what_is_done_in_dataverse_is_told(entries: Any, connection_string: str, tenant: Tenant) -> None:  # noqa: ANN401
    settings = {
        "AzureWebJobsStorage": connection_string,
        "DATAVERSE_URL": tenant.dataverse.url,
        "PUBLIC_URL": "https://hub.example",
        "DYNAMICS_WEBHOOK_KEY": "a" * 40,
        **tenant.identity.environment,
    }

    def dynamics(*arguments: str, stdin: str = "") -> Run:
        return admin("dynamics", *arguments, stdin=stdin, **settings)

    ensured: Any = dynamics("ensure").json
    id_, step = ensured["id"], ensured["steps"][0]["id"]
    dynamics("update", id_.upper(), stdin='{"name": "Renamed"}')
    dynamics("disable", id_, step)
    dynamics("remove-step", id_, step)
    dynamics("list")
    assert dynamics("replay", id_, step, id_).code == 1
    dynamics("unregister", id_)
    webhook = f"dynamics/webhooks/{id_}"
    assert told(entries()) == [
        ("dynamics.webhook.delete", webhook, "done"),
        ("dynamics.job.replay", f"{webhook}/steps/{step}/failures/{id_}", "refused"),
        ("dynamics.step.delete", f"{webhook}/steps/{step}", "done"),
        ("dynamics.step.update", f"{webhook}/steps/{step}", "done"),
        ("dynamics.webhook.update", webhook, "done"),
        ("dynamics.webhook.ensure", webhook, "done"),
    ]
    assert [entry.changed for entry in entries()][3:5] == [("enabled: false",), ("name",)]
    assert "a" * 40 not in str(entries())


def test_a_change_whose_row_cannot_be_written_is_made_and_says_so(tenant: Tenant) -> None:
    nowhere = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a"
    settings = {
        "AzureWebJobsStorage": f"{nowhere};QueueEndpoint=http://127.0.0.1:9/a",
        "DATAVERSE_URL": tenant.dataverse.url,
        "PUBLIC_URL": "https://hub.example",
        "DYNAMICS_WEBHOOK_KEY": "a" * 40,
        **tenant.identity.environment,
    }
    run = admin("dynamics", "ensure", **settings)
    assert (run.code, len(tenant.dataverse.rows["serviceendpoints"])) == (0, 1)
    target = f"dynamics/webhooks/{next(iter(tenant.dataverse.rows['serviceendpoints']))}"
    note = f"note: dynamics.webhook.ensure {target} is done, but its audit entry is missing"
    assert note in run.err.splitlines()


@pytest.fixture
def kept(hub: Hub) -> None:
    """Two entries, a day apart."""
    for day, who in ((14, USER), (15, "hub")):
        at = datetime(2026, 3, day, tzinfo=UTC)
        hub.audit.keep(AuditEntry(at, who, "webhook.update", "webhooks/12", Outcome.DONE, 200, ("Name", "Secret")))


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ["hub", USER]),
        (["--who", USER.upper()], [USER]),
        (["--target", "webhooks/12", "--until", "2026-03-15"], [USER]),
        (["--since", "2026-03-15"], ["hub"]),
        (["--limit", "1"], ["hub"]),
        (["--target", "webhooks/1"], []),
    ],
)
def test_the_audit_is_listed(connection_string: str, options: list[str], expected: list[str]) -> None:
    run = admin("audit", *options, "--json", AzureWebJobsStorage=connection_string)
    assert isinstance(run.json, list)
    assert [one["who"] for one in run.json] == expected


@pytest.mark.usefixtures("kept")
def test_the_audit_is_a_table_for_people(connection_string: str) -> None:
    run = admin("audit", AzureWebJobsStorage=connection_string)
    assert run.code == 0
    assert all(word in run.out for word in (USER, "webhook.update", "webhooks/12", "Name, Secret", "done"))


@pytest.mark.parametrize("options", [["--who", ""], ["--since", "soon"], ["--target", "x" * 251]])
def test_an_option_that_is_none_is_named(connection_string: str, options: list[str]) -> None:
    run = admin("audit", *options, AzureWebJobsStorage=connection_string)
    assert (run.code, run.err.startswith(f"error: {options[0].removeprefix('--')} must ")) == (1, True)
