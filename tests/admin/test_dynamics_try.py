"""`python -m admin dynamics try`, beside an app that runs: what it prints is what receivers get."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from admin.__main__ import app as command_line
from admin.dynamics_try import TriedApp, app_that_runs, completed
from devhost.local_hub import RUN_FILE
from shared.errors import Unavailable
from shared.hub.hub import Hub
from tests.admin.command import Run, admin
from tests.e2e.running import ROOT, RunningApp, running_app
from tests.e2e.webhooks import events_of, register
from tests.fakes.receiver import Receiver
from tests.support.cases import holds_for
from tests.support.events import make_event
from tests.support.pages import blocks
from tests.support.patience import eventually
from tests.support.tenant import Tenant

SAMPLE: dict[str, Any] = json.loads((ROOT / "DynamicsWebhook" / "sample.dat").read_bytes())
CIRCUMSTANCES = {"organizationid", "initiatinguserid", "userid", "correlationid", "depth"}
EVERY_BODY = {
    "EventId",
    "Timestamp",
    "PrimaryKey",
    "ContextIdentifier",
    "ChangedByAssociateId",
    "WebhookName",
    "Source",
}
NO_ID = "00000000-0000-0000-0000-000000000000"

type Try = Callable[..., Run]


@pytest.fixture(scope="module")
def account(new_account: Callable[[], str]) -> str:
    return new_account()


@pytest.fixture(scope="module")
def app(tenant_process: Tenant, account: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An app that reads trimmed rows back, and takes neither deleted leads nor what another organization sends."""
    settings = {
        "DATAVERSE_URL": tenant_process.dataverse.url,
        "DYNAMICS_EVENTS": "*.created,*.updated,dataverse.*",
        "DYNAMICS_ORGANIZATIONS": SAMPLE["OrganizationId"],
        "DELIVERY_RETRY_DELAYS": "0",
        **tenant_process.identity.environment,
    }
    with running_app(account, tmp_path_factory.mktemp("app"), **settings) as running:
        yield running


@pytest.fixture
def tried(app: RunningApp, account: str) -> Try:
    """Runs `python -m admin dynamics try -` against the app, with this body."""

    def run(body: str, *options: str, **settings: str) -> Run:
        given = {"AzureWebJobsStorage": account, "DYNAMICS_WEBHOOK_KEY": app.code, **settings}
        return admin("dynamics", "try", "-", "--url", app.url, *options, stdin=body, **given)

    return run


def update(**members: object) -> str:
    """An update of the sample's opportunity, in an operation of its own."""
    return json.dumps({**SAMPLE, "CorrelationId": str(uuid4()), **members})


def trimmed(row_id: str, **members: object) -> str:
    """An update of an opportunity of which Dataverse left the rest out."""
    left_out: dict[str, object] = {
        "ParentContext": None,
        "InputParameters": [],
        "PreEntityImages": [],
        "PostEntityImages": [],
    }
    return update(PrimaryEntityId=row_id, **left_out, **members)


def target(columns: dict[str, object], row_id: str = SAMPLE["PrimaryEntityId"]) -> dict[str, object]:
    pairs = [{"key": name, "value": value} for name, value in columns.items()]
    return {"Attributes": pairs, "Id": row_id, "LogicalName": "opportunity"}


def bodies(run: Run, status: int = 201) -> list[dict[str, Any]]:
    """What the command says that receivers would get, after an answer with this status."""
    shown: Any = run.json
    assert (run.code, run.err, shown["status"]) == (0, "", status)
    value: list[dict[str, Any]] = shown["value"]
    return value


def test_what_is_shown_is_what_a_receiver_gets(app: RunningApp, tried: Try, receiver: Receiver) -> None:
    register(app, receiver.url, "opportunity.updated", Name="Opportunities")
    [shown] = bodies(tried(update()))
    assert eventually(lambda: bool(events_of(list(receiver.journal))))
    got = json.loads(events_of(list(receiver.journal))[0].body)
    assert list(shown) == list(got)
    assert {**shown, "WebhookName": "Opportunities"} == got
    assert (got["FieldValues"]["estimatedvalue"], got["PreviousValues"]["estimatedvalue"]) == (96500.5, 72000)


def test_the_sample_of_the_portals_test_pane_is_taken(tried: Try) -> None:
    run = tried(json.dumps(SAMPLE))
    shown: Any = run.json
    assert (run.code, shown["status"] in {200, 201}) == (0, True)
    assert [(body["Event"], body["Changes"]) for body in shown["value"]] == [
        ("opportunity.updated", ["name", "estimatedvalue"])
    ]


def shown_by_page(heading: str) -> list[Any]:
    """The JSON that docs/dynamics.md has below a heading, in its order."""
    return [json.loads(block) for block in blocks("dynamics", heading) if block.startswith("{")]


def test_the_body_that_the_guide_shows_is_that_of_the_sample(tried: Try) -> None:
    [told] = shown_by_page("From nothing to the first event")
    run = tried(json.dumps(SAMPLE))
    shown: Any = run.json
    [body] = shown["value"]
    assert list(body) == list(told)
    assert body == {**told, "Timestamp": body["Timestamp"], "WebhookName": body["WebhookName"]}


def test_what_the_page_says_of_five_requests_is_what_receivers_get(tried: Try) -> None:
    told = shown_by_page("Values")
    assert len(told) == 10
    for request, expected in zip(told[::2], told[1::2], strict=True):
        [body] = bodies(tried(update(**{"PreEntityImages": [], "ParentContext": None, **request})))
        values = {name: value for name, value in body["FieldValues"].items() if name not in CIRCUMSTANCES}
        assert body["FieldValues"].keys() >= CIRCUMSTANCES
        assert list(values) == list(expected["FieldValues"])
        assert {**body, "FieldValues": values} == {**body, **expected}
        assert body.keys() - expected.keys() <= EVERY_BODY


def test_an_event_that_was_stored_before_is_shown_again(tried: Try) -> None:
    body = update()
    assert bodies(tried(body), 201) == bodies(tried(body), 200)


def test_each_row_of_several_is_an_event(tried: Try) -> None:
    rows = [target({"name": name}, str(uuid4())) for name in ("One", "Two", "Three")]
    targets = {"key": "Targets", "value": {"Entities": rows, "EntityName": "opportunity"}}
    shown = bodies(tried(update(MessageName="UpdateMultiple", PrimaryEntityId=NO_ID, InputParameters=[targets])))
    assert [body["FieldValues"]["opportunityid"] for body in shown] == [row["Id"] for row in rows]
    assert [body["FieldValues"]["name"] for body in shown] == ["One", "Two", "Three"]


def test_an_event_that_the_app_does_not_take_is_shown_to_nobody(tried: Try) -> None:
    assert bodies(tried(update(PrimaryEntityName="lead", MessageName="Delete")), 200) == []


def test_every_digit_of_a_decimal_is_shown(tried: Try) -> None:
    columns = target({"new_rate": 0})
    body = update(InputParameters=[{"key": "Target", "value": columns}], PreEntityImages=[])
    run = tried(body.replace('"new_rate", "value": 0', '"new_rate", "value": 1234567890.0123456789'))
    assert len(bodies(run)) == 1
    assert '"new_rate": 1234567890.0123456789,' in run.out.replace("\n", ",")


def test_a_trimmed_event_is_shown_with_the_row_that_was_read_back(tried: Try, tenant: Tenant) -> None:
    row_id = str(uuid4())
    tenant.dataverse.add_row("opportunity", row_id, {"name": "From the row"})
    [shown] = bodies(tried(trimmed(row_id), "--trimmed"))
    assert (shown["Trimmed"], shown["Changes"], shown["FieldValues"]["name"]) == (True, [], "From the row")


def test_an_event_that_no_receiver_is_told_is_not_shown(tried: Try, tenant: Tenant) -> None:
    tenant.dataverse.add_connection(row_id := str(uuid4()), ("account", str(uuid4())), ("contact", str(uuid4())))
    body = trimmed(row_id, MessageName="Create", PrimaryEntityName="connection")
    assert bodies(tried(body, "--trimmed")) == []


def test_an_event_whose_row_is_not_read_back_yet_is_a_problem_that_names_it(hub: Hub) -> None:
    event = make_event(trimmed=True)
    with pytest.raises(Unavailable, match=event.id):
        completed(hub.events, event, seconds=0)


@holds_for(
    "changes, status, told",
    [
        ({"Stage": 20}, 400, "Stage must be 40"),
        ({"OrganizationId": "d3b07384-d113-4ec5-a5d6-2c1f3b9e7a10"}, 403, "DYNAMICS_ORGANIZATIONS"),
        ({"Depth": "x" * 2**20}, 413, "the body must be at most"),
    ],
)
def test_a_refusal_is_the_apps_own_problem_and_exit_code_1(
    changes: dict[str, object], status: int, told: str, tried: Try
) -> None:
    run = tried(update(**changes))
    problem = json.loads(run.err)
    assert (run.code, run.out, problem["status"]) == (1, "", status)
    assert told in problem["detail"]


def test_the_field_at_fault_is_named_as_the_app_names_it(tried: Try) -> None:
    assert [error["pointer"] for error in json.loads(tried(update(Stage=20)).err)["errors"]] == ["#/Stage"]


def test_a_wrong_key_is_a_problem_that_does_not_show_it(tried: Try) -> None:
    run = tried(update(), DYNAMICS_WEBHOOK_KEY="not-the-key-0123456789")
    assert (run.code, run.out, json.loads(run.err)["status"]) == (1, "", 401)
    assert "not-the-key" not in run.err


def test_an_app_that_gives_no_answer_is_a_problem(tried: Try) -> None:
    run = tried(update(), "--url", "http://127.0.0.1:9")
    assert (run.code, run.out, json.loads(run.err)["status"]) == (1, "", 503)


def test_a_storage_that_is_not_the_apps_is_a_problem(tried: Try, connection_string: str) -> None:
    run = tried(update(), AzureWebJobsStorage=connection_string)
    problem = json.loads(run.err)
    assert (run.code, run.out, problem["status"]) == (1, "", 404)
    assert "AzureWebJobsStorage" in problem["detail"]


@holds_for(
    "arguments, key",
    [
        ([], "key"),
        (["nowhere.json"], "key"),
        (["-", "--url", "https://hub.example"], ""),
        (["-", "--url", ""], "key"),
        (["-", "--url", "hub.example"], "key"),
        (["-", "--url", "https://hub.example/api?code=key"], "key"),
        (["-", "--code", "key"], "key"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str], key: str) -> None:
    run = CliRunner().invoke(command_line, ["dynamics", "try", *arguments], env={"DYNAMICS_WEBHOOK_KEY": key})
    assert run.exit_code == 2


def test_without_an_address_it_is_the_app_that_make_run_started(tmp_path: Path) -> None:
    told = {"url": "http://localhost:7071", "code": "c0de", "api_key": "hub_x", "storage": "UseDevelopmentStorage=true"}
    run_file = tmp_path / RUN_FILE.name
    run_file.write_text(json.dumps(told), encoding="utf-8")
    running = app_that_runs(run_file)
    assert running == TriedApp("http://localhost:7071", "c0de", "UseDevelopmentStorage=true")
    assert "c0de" not in repr(running)


def test_where_no_app_runs_it_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="make run"):
        app_that_runs(tmp_path / RUN_FILE.name)
