import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from admin.__main__ import app
from shared.hub.hub import Hub
from shared.hub.registration import DataverseRegistration
from shared.roles.table import ROLES_TABLE, TableRoles
from shared.settings import Settings
from tests.admin.command import Run, admin
from tests.dynamics.registration.samples import KEY, OTHER_KEY, PUBLIC_URL, RECEIVER, new_step, new_webhook
from tests.fakes.dataverse import FakeDataverse
from tests.fakes.dataverse.server import ORGANIZATION
from tests.support.cases import holds_for
from tests.support.tenant import Tenant

MANAGER = "cc03d281-c95c-e911-a979-000d3a1cc8fe"

type Command = Callable[..., Run]


@pytest.fixture
def dataverse(tenant: Tenant) -> FakeDataverse:
    return tenant.dataverse


@pytest.fixture
def settings(connection_string: str, tenant: Tenant) -> dict[str, str]:
    return {
        "AzureWebJobsStorage": connection_string,
        "DATAVERSE_URL": tenant.dataverse.url,
        "PUBLIC_URL": PUBLIC_URL,
    }


@pytest.fixture
def registration(settings: dict[str, str]) -> DataverseRegistration:
    """What the command line works on, seen from here."""
    return Hub.assemble(Settings.read(settings)).registration


@pytest.fixture
def dynamics(settings: dict[str, str]) -> Command:
    """Runs `python -m admin dynamics`."""

    def run(*arguments: str, document: object = None, **more: str) -> Run:
        return admin("dynamics", *arguments, stdin=json.dumps(document) if document else "", **settings, **more)

    return run


def test_ensure_takes_its_key_from_the_environment_and_shows_it_nowhere(
    dynamics: Command, dataverse: FakeDataverse
) -> None:
    run = dynamics("ensure", "--name", "Our hub", "--mode", "sync", DYNAMICS_WEBHOOK_KEY=KEY)
    shown: Any = run.json
    assert (run.code, shown["name"], shown["url"]) == (0, "Our hub", RECEIVER)
    assert [step["mode"] for step in shown["steps"]] == ["sync"]
    assert list(dataverse.secrets.values()) == [KEY]
    assert KEY not in run.out


def test_ensure_tells_which_organization_it_was(dynamics: Command) -> None:
    run = dynamics("ensure", DYNAMICS_WEBHOOK_KEY=KEY)
    assert (run.code, run.err) == (0, f"DYNAMICS_ORGANIZATIONS={ORGANIZATION}\n")
    again = dynamics("ensure", "--event", "account.created", DYNAMICS_WEBHOOK_KEY=KEY)
    assert again.err == run.err


def test_ensure_registers_the_events_that_options_name(
    dynamics: Command, registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    dataverse.solutions["contoso_hub"] = []
    options = ["--columns", "name, estimatedvalue", "--pre-image", "--mode", "sync", "--solution", "contoso_hub"]
    events = [
        part for name in ("opportunity.updated", "account.deleted", "account.created") for part in ("--event", name)
    ]
    shown: Any = dynamics("ensure", *events, *options, DYNAMICS_WEBHOOK_KEY=KEY).json
    [webhook] = shown["value"]
    assert webhook == registration.webhooks.show(webhook["id"]).as_json()
    columns = ["name", "estimatedvalue"]
    image = [{"type": "pre", "name": "PreImage", "columns": columns}]
    assert [
        (step["message"], step["mode"], step["filteringAttributes"], step["images"]) for step in webhook["steps"]
    ] == [("Update", "sync", columns, image), ("Delete", "sync", [], image), ("Create", "sync", [], [])]
    assert len(dataverse.solutions["contoso_hub"]) == 6
    pruned: Any = dynamics("ensure", "--event", "account.created", "--prune", DYNAMICS_WEBHOOK_KEY=OTHER_KEY).json
    assert [step["message"] for step in pruned["value"][0]["steps"]] == ["Create"]
    assert list(dataverse.secrets.values()) == [OTHER_KEY]


@holds_for(
    ("options", "said"),
    [
        (["--columns", "name"], "--columns goes with --event only"),
        (["--pre-image"], "--pre-image goes with --event only"),
        (["--prune"], "--prune goes with --event only"),
        (["--event", "account.created", "--columns", "name"], "none of these events can have --columns"),
        (["--event", "account.deleted", "--columns", "name"], "none of these events can have --columns"),
        (["--event", "account.created", "--pre-image"], "none of these events can have --pre-image"),
        (["--event", "account.win", "--event", "account.created", "--pre-image"], "can have --pre-image"),
    ],
)
def test_an_option_that_no_event_can_have_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, options: list[str], said: str
) -> None:
    monkeypatch.setenv("DYNAMICS_WEBHOOK_KEY", KEY)
    monkeypatch.setenv("COLUMNS", "200")
    result = CliRunner().invoke(app, ["dynamics", "ensure", *options])
    assert (result.exit_code, said in result.output) == (2, True), result.output


def test_a_mistake_in_an_event_is_a_problem_and_nothing_else_is_said(dynamics: Command) -> None:
    run = dynamics("ensure", "--event", "nothing", "--event", "account.updated", DYNAMICS_WEBHOOK_KEY=KEY)
    assert [error["pointer"] for error in json.loads(run.err)["errors"]] == ["#/events/0/event"]
    assert (run.code, run.out) == (1, "")


def test_a_webhook_lives_its_life_by_commands(
    dynamics: Command, registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    made: Any = dynamics("register", document=new_webhook(steps=[new_step()])).json
    ids = (made["id"], made["steps"][0]["id"])
    assert made == registration.webhooks.show(made["id"]).as_json()
    change = {"authentication": {"type": "WebhookKey", "key": OTHER_KEY}}
    assert dynamics("update", made["id"], document=change).json == made
    assert list(dataverse.secrets.values()) == [OTHER_KEY]
    assert dynamics("disable", *ids).json == {**made["steps"][0], "enabled": False}
    assert dynamics("enable", *ids).json == made["steps"][0]
    removed = dynamics("unregister", made["id"].upper())
    assert (removed.code, removed.out, registration.webhooks.list()) == (0, "", [])


def test_reading_commands_show_what_the_api_shows(dynamics: Command, registration: DataverseRegistration) -> None:
    made = registration.webhooks.register(new_webhook(steps=[new_step()]))
    ids = (made.webhook.id, made.steps[0].id)
    assert dynamics("list").json == {"value": [made.webhook.as_json()]}
    assert dynamics("steps", ids[0], "--json").json == {"value": [made.steps[0].as_json()]}
    assert dynamics("failures", *ids, "--since", "2026-01-31", "--top", "5").json == {"value": []}


def test_no_command_shows_a_secret_in_an_address(
    dynamics: Command, registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    made = registration.webhooks.register(new_webhook(url=f"{RECEIVER}?sig=s3cret-0123456789"))
    id_ = made.webhook.id
    masked = f"{RECEIVER}?sig=********"
    runs = [
        dynamics("list"),
        dynamics("show", id_),
        dynamics("update", id_, document={"name": "New", "url": masked}),
        dynamics("register", document=new_webhook(url=masked)),
    ]
    assert [run.code for run in runs] == [0, 0, 0, 1]
    assert [masked in run.out for run in runs] == [True, True, True, False]
    assert "s3cret" not in "".join(run.out + run.err for run in runs)
    assert dataverse.rows["serviceendpoints"][id_]["url"] == f"{RECEIVER}?sig=s3cret-0123456789"
    shown: Any = dynamics("ensure", DYNAMICS_WEBHOOK_KEY=KEY).json
    assert (shown["id"], shown["url"], shown["warnings"]) == (id_, RECEIVER, [])


@pytest.mark.parametrize(
    ("arguments", "document", "status"),
    [
        (["show", "nothing"], None, 404),
        (["register"], {"name": ""}, 400),
        (["failures", str(uuid4()), str(uuid4()), "--since", "soon"], None, 400),
    ],
)
def test_a_problem_is_json_on_standard_error_and_exit_code_1(
    dynamics: Command, arguments: list[str], document: object, status: int
) -> None:
    run = dynamics(*arguments, document=document)
    assert (run.code, run.out, json.loads(run.err)["status"]) == (1, "", status)


def test_a_dataverse_that_refuses_is_a_problem_without_anything_else(
    dynamics: Command, dataverse: FakeDataverse
) -> None:
    for _ in range(2):
        dataverse.faults.echo("POST", "serviceendpoints", 403)
    run = dynamics("ensure", DYNAMICS_WEBHOOK_KEY=KEY)
    problem = json.loads(run.err)
    assert (run.code, problem["status"], problem["dataverse"]["status"]) == (1, 502, 403)
    assert KEY not in run.out + run.err


@holds_for(
    "arguments",
    [
        ["dynamics"],
        ["dynamics", "nothing"],
        ["dynamics", "show"],
        ["dynamics", "ensure"],
        ["dynamics", "ensure", "--key", KEY],
        ["dynamics", "ensure", "--mode", "later"],
        ["dynamics", "failures", "a", "b", "--top", "501"],
        ["dynamics", "failures", "a", "b", "--kind", "all"],
        ["dynamics", "replay", "a", "b"],
        ["dynamics", "replay", "a", "b", "c", "--all"],
        ["dynamics", "replay", "a", "b", "c", "--since", "2026-01-31"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


def test_one_job_or_all_are_replayed_and_one_that_cannot_be_stops_no_other(
    dynamics: Command, registration: DataverseRegistration, dataverse: FakeDataverse, settings: dict[str, str]
) -> None:
    hub = Hub.assemble(Settings.read(settings))
    TableRoles(hub.storage.table(ROLES_TABLE)).grant(MANAGER, "Relationship Manager")
    [made] = registration.installer.ensure({"key": KEY}).webhooks
    ids = (made.webhook.id, made.steps[0].id)
    dataverse.hosts[PUBLIC_URL] = "http://127.0.0.1:9"
    kept = dataverse.create_connection(("opportunity", str(uuid4())), ("systemuser", str(uuid4())), MANAGER)
    lost = dataverse.create_connection(("opportunity", str(uuid4())), ("systemuser", str(uuid4())), MANAGER)
    del dataverse.rows["connections"][lost]
    jobs = {job.record_id: job.id for job in registration.failures.list(*ids, since=None, top=None)}
    listed: Any = dynamics("failures", *ids, "--kind", "outage").json
    assert {job["id"] for job in listed["value"]} >= {jobs[kept], jobs[lost]}
    assert dynamics("failures", *ids, "--kind", "refused").json == {"value": []}
    one: Any = dynamics("replay", *ids, jobs[kept]).json
    assert [(result["jobId"], result["outcome"]) for result in one["value"]] == [(jobs[kept], "stored")]
    run = dynamics("replay", *ids, "--all", "--json")
    results: Any = run.json
    assert [result.get("outcome", result.get("problem", {}).get("status")) for result in results["value"]] == [
        "duplicate",
        "ignored",
        410,
        "ignored",
    ]
    assert (run.code, run.err) == (1, "")
