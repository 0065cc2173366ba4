"""From nothing to an update at a receiver with old and new values, by command line alone (docs/dynamics.md)."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.admin.command import Run, admin
from tests.dynamics.contexts import body, money, update
from tests.e2e.running import DYNAMICS_PATH, RunningApp, running_app
from tests.e2e.test_dynamics_registration import reach, settings_of
from tests.e2e.webhooks import events_of, register
from tests.fakes.dataverse import FakeDataverse
from tests.fakes.receiver import Receiver
from tests.fakes.server import Received
from tests.support.patience import eventually
from tests.support.tenant import Tenant

WANTED = ("--event", "opportunity.updated", "--columns", "name,estimatedvalue", "--pre-image")
OPPORTUNITY = "5f0d9c1e-2b7a-4f43-9d55-61b0c7a2e801"
BEFORE = {"name": "Thirty bicycles", "estimatedvalue": money(900), "description": "not asked for"}
FORMATTED = "@OData.Community.Display.V1.FormattedValue"


def writes(dataverse: FakeDataverse) -> list[Received]:
    return [call for call in dataverse.journal if call.method != "GET"]


def change(dataverse: FakeDataverse, app: RunningApp, **columns: object) -> None:
    dataverse.update_row("opportunity", OPPORTUNITY, columns, BEFORE, app.seed.manager["systemuserid"])


def bodies(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(call.body) for call in events_of(receiver.journal)]


def test_one_command_brings_updates_with_old_and_new_values_and_another_what_was_lost(
    tenant: Tenant, connection_string: str, tmp_path: Path, receiver: Receiver
) -> None:
    dataverse, settings = tenant.dataverse, settings_of(tenant)

    def run(*arguments: str, **more: str) -> Run:
        return admin("dynamics", *arguments, AzureWebJobsStorage=connection_string, **settings, **more)

    def listed(*arguments: str, **more: str) -> list[Any]:
        document: Any = run(*arguments, **more).json
        found: list[Any] = document["value"]
        return found

    with running_app(connection_string, tmp_path, lease_seconds=60, **settings) as app:
        reach(dataverse, app)
        register(app, receiver.url, "opportunity.updated")
        ensured = run("ensure", *WANTED, DYNAMICS_WEBHOOK_KEY=app.code)
        assert ensured.code == 0, ensured.err
        answer: Any = ensured.json
        [webhook] = answer["value"]
        assert "DYNAMICS_ORGANIZATIONS=3609bbbd-a041-5c9e-acb0-045d2dff171d" in ensured.err
        rows = {name: dict(found) for name, found in dataverse.rows.items()}
        dataverse.journal.clear()
        assert run("ensure", *WANTED, DYNAMICS_WEBHOOK_KEY=app.code).json == ensured.json
        assert dataverse.rows == rows
        # Nothing but the key, which cannot be read back.
        assert [json.loads(call.body).keys() for call in writes(dataverse)] == [{"authtype", "authvalue"}]

        change(dataverse, app, description="no step waits for this column")
        change(dataverse, app, name="Forty bicycles", estimatedvalue=money(1250.5))
        assert eventually(lambda: len(bodies(receiver)) == 1)
        [told] = bodies(receiver)
        assert told["Changes"] == ["name", "estimatedvalue"]
        assert (told["FieldValues"]["name"], told["FieldValues"]["estimatedvalue"]) == ("Forty bicycles", 1250.5)
        assert told["PreviousValues"] == {"name": "Thirty bicycles", "estimatedvalue": 900}

    change(dataverse, app, name="Lost")
    ids = (webhook["id"], webhook["steps"][0]["id"])
    with running_app(connection_string, tmp_path, lease_seconds=60, **settings) as app:
        reach(dataverse, app)
        [job] = listed("failures", *ids, "--kind", "outage")
        assert listed("failures", *ids, "--kind", "refused") == []
        dataverse.add_row("opportunity", OPPORTUNITY, {"name": "Lost", "statecode": 0, f"statecode{FORMATTED}": "Open"})
        [replayed] = listed("replay", *ids, job["id"])
        assert replayed["outcome"] == "stored"
        assert eventually(lambda: len(bodies(receiver)) == 2)
        again = bodies(receiver)[1]
        assert (again["EventId"], again["Reconstructed"], again["Changes"]) == (replayed["eventId"], True, [])
        assert (again["FieldValues"]["name"], again["FieldValues"]["statecode_formatted"]) == ("Lost", "Open")


def test_a_trimmed_update_is_completed_from_its_row(
    tenant: Tenant, connection_string: str, tmp_path: Path, receiver: Receiver
) -> None:
    tenant.dataverse.add_row("opportunity", OPPORTUNITY, {"name": "Forty bicycles", "_ownerid_value": None})
    document = update({}, row_id=OPPORTUNITY, CorrelationId=str(uuid4())) | {"InputParameters": []}
    with running_app(connection_string, tmp_path, lease_seconds=60, **settings_of(tenant)) as app:
        register(app, receiver.url, "opportunity.updated")
        at_any = RunningApp(**{**vars(app), "receiving_path": DYNAMICS_PATH})
        assert at_any.post(body(document), x_ms_dynamics_msg_size_exceeded="1").status_code == 201
        assert eventually(lambda: len(bodies(receiver)) == 1)
    [told] = bodies(receiver)
    assert (told["Trimmed"], told["Changes"]) == (True, [])
    assert (told["FieldValues"]["name"], told["FieldValues"]["ownerid"]) == ("Forty bicycles", None)


def test_a_copied_environment_is_noticed_and_a_setting_shuts_it_out(connection_string: str, tmp_path: Path) -> None:
    one, other = str(uuid4()), str(uuid4())

    def post(app: RunningApp, organization: str) -> int:
        document = update({"name": "a"}, OrganizationId=organization, CorrelationId=str(uuid4()))
        return RunningApp(**{**vars(app), "receiving_path": DYNAMICS_PATH}).post(body(document)).status_code

    with running_app(connection_string, tmp_path) as app:
        assert [post(app, one), post(app, other)] == [201, 201]
        [warning] = app.get("health", deep="1").json()["warnings"]
        assert (one in warning, other in warning, "DYNAMICS_ORGANIZATIONS" in warning) == (True, True, True)
    with running_app(connection_string, tmp_path, DYNAMICS_ORGANIZATIONS=one) as app:
        assert [post(app, one), post(app, other)] == [201, 403]
        assert app.get("health", deep="1").json()["warnings"] == []
