from collections.abc import Callable
from uuid import uuid4

import pytest

from shared.dynamics.registration.webhooks import RegisterResult
from shared.errors import BadRequest, Conflict, HubError, NotFound
from shared.hub.hub import Hub
from shared.hub.registration import DataverseRegistration
from shared.settings import Settings
from tests.dynamics.registration.conftest import Asked
from tests.dynamics.registration.racing import at_once
from tests.dynamics.registration.samples import (
    CREATE,
    CREATE_CONNECTION,
    KEY,
    OTHER_KEY,
    RECEIVER,
    WEBHOOK_KEY,
    new_step,
    new_webhook,
)
from tests.fakes.dataverse import FakeDataverse
from tests.fakes.dataverse.tables import Row
from tests.fakes.server import Reply, json_reply

REFUSAL = json_reply({"error": {"code": "0x80044000", "message": "no"}}, 400)


def endpoints(dataverse: FakeDataverse) -> list[Row]:
    return list(dataverse.rows.get("serviceendpoints", {}).values())


def steps(dataverse: FakeDataverse) -> list[Row]:
    return list(dataverse.rows.get("sdkmessageprocessingsteps", {}).values())


def ensure(registration: DataverseRegistration, document: dict[str, object]) -> RegisterResult:
    """The webhook for created connections with its steps."""
    [made] = registration.installer.ensure(document).webhooks
    return made


def test_the_webhook_of_this_app_is_made_with_its_step(
    registration: DataverseRegistration, written: Callable[[], Asked]
) -> None:
    ensured = ensure(registration, {"key": KEY})
    assert ensured.is_new
    [step] = ensured.steps
    assert written() == [
        (
            "POST",
            "serviceendpoints",
            {
                "serviceendpointid": ensured.webhook.id,
                "name": "Connections to hub.example",
                "url": RECEIVER,
                "contract": 8,
                "authtype": 4,
                "authvalue": KEY,
            },
        ),
        (
            "POST",
            "sdkmessageprocessingsteps",
            {
                "sdkmessageprocessingstepid": step.id,
                "name": "Connections to hub.example: Create of connection",
                "description": "Create of connection, posted to Connections to hub.example",
                "mode": 1,
                "stage": 40,
                "rank": 1,
                "filteringattributes": None,
                "asyncautodelete": True,
                "supporteddeployment": 0,
                "eventhandler_serviceendpoint@odata.bind": f"/serviceendpoints({ensured.webhook.id})",
                "sdkmessageid@odata.bind": f"/sdkmessages({CREATE})",
                "sdkmessagefilterid@odata.bind": f"/sdkmessagefilters({CREATE_CONNECTION})",
            },
        ),
    ]
    assert registration.webhooks.show(ensured.webhook.id).as_json() == ensured.as_json()


def test_doing_it_again_writes_the_key_and_nothing_else(
    registration: DataverseRegistration, written: Callable[[], Asked], dataverse: FakeDataverse
) -> None:
    first = ensure(registration, {"key": KEY})
    again = ensure(registration, {"key": OTHER_KEY})
    assert (again.is_new, again.as_json()) == (False, first.as_json())
    path = f"serviceendpoints({first.webhook.id})"
    assert written()[2:] == [("PATCH", path, {"authtype": 4, "authvalue": OTHER_KEY})]
    assert dataverse.secrets == {first.webhook.id: OTHER_KEY}


@pytest.mark.parametrize("url", [RECEIVER, RECEIVER.replace("hub.example", "HUB.example:443")])
def test_a_webhook_that_somebody_registered_by_hand_is_taken_and_corrected(
    registration: DataverseRegistration, written: Callable[[], Asked], dataverse: FakeDataverse, url: str
) -> None:
    authentication = {"type": "HttpHeader", "values": {"x": "y"}}
    step = new_step(mode="sync", rank=9, name="by hand")
    made = registration.webhooks.register(new_webhook(url=url, authentication=authentication, steps=[step]))
    dataverse.rows["sdkmessageprocessingsteps"][made.steps[0].id] |= {"statecode": 1, "statuscode": 2, "stage": 20}
    ensured = ensure(registration, {"key": KEY})
    assert [path for _, path, _ in written()[2:]] == [
        f"serviceendpoints({made.webhook.id})",
        f"sdkmessageprocessingsteps({made.steps[0].id})",
    ]
    assert written()[-1][2] == {
        "mode": 1,
        "stage": 40,
        "rank": 1,
        "asyncautodelete": True,
        "statecode": 0,
        "statuscode": 1,
    }
    assert not ensured.is_new
    assert registration.webhooks.show(made.webhook.id).as_json() == ensured.as_json()
    assert (ensured.webhook.name, ensured.steps[0].name) == ("Hub", "by hand")


def test_a_step_that_is_missing_is_made_and_others_stay(registration: DataverseRegistration) -> None:
    other = {"message": "Update", "table": "account"}
    made = registration.webhooks.register(new_webhook(steps=[other]))
    ensured = ensure(registration, {"key": KEY, "mode": "sync", "name": "Renamed"})
    assert ensured.is_new
    assert [(step.slot.message, step.mode) for step in ensured.steps] == [("Update", "async"), ("Create", "sync")]
    assert (ensured.webhook.id, ensured.webhook.name) == (made.webhook.id, "Renamed")
    assert registration.webhooks.show(made.webhook.id).as_json() == ensured.as_json()


@pytest.mark.parametrize("mode", ["async", "sync"])
def test_the_mode_is_as_asked_for(registration: DataverseRegistration, dataverse: FakeDataverse, mode: str) -> None:
    ensure(registration, {"key": KEY})
    ensure(registration, {"key": KEY, "mode": mode})
    [step] = steps(dataverse)
    assert (step["mode"], step["asyncautodelete"]) == ((1, True) if mode == "async" else (0, False))


def test_null_is_the_default(registration: DataverseRegistration) -> None:
    ensured = ensure(registration, {"key": KEY, "url": None, "name": None, "mode": None})
    assert (ensured.webhook.url, ensured.webhook.name) == (RECEIVER, "Connections to hub.example")


def test_a_name_is_cut_where_the_host_is_long(registration: DataverseRegistration) -> None:
    host = ".".join(["h" * 60] * 4)
    made = ensure(registration, {"key": KEY, "url": f"https://{host}/"})
    assert made.webhook.name == f"Connections to {host}"[:256]
    assert [len(step.name) for step in made.steps] == [256]


def test_two_webhooks_at_this_address_are_a_409_and_nothing_is_changed(
    registration: DataverseRegistration, written: Callable[[], Asked]
) -> None:
    ids = [registration.webhooks.register(new_webhook(name=name)).webhook.id for name in ("a", "b")]
    with pytest.raises(Conflict) as caught:
        ensure(registration, {"key": KEY})
    assert (caught.value.extensions, len(written())) == ({"conflicts": ids}, 2)


def test_two_steps_on_created_connections_are_a_409_and_nothing_is_changed(
    registration: DataverseRegistration, written: Callable[[], Asked], dataverse: FakeDataverse
) -> None:
    made = registration.webhooks.register(new_webhook(steps=[new_step(), new_step(table="account")]))
    second = dataverse.rows["sdkmessageprocessingsteps"][made.steps[1].id]
    second |= {"_sdkmessagefilterid_value": CREATE_CONNECTION, "stage": 20, "mode": 0}
    with pytest.raises(Conflict) as caught:
        ensure(registration, {"key": KEY})
    assert caught.value.extensions == {"conflicts": [step.id for step in made.steps]}
    assert len(written()) == 3


def test_a_name_that_another_webhook_has_is_a_409(
    registration: DataverseRegistration, written: Callable[[], Asked]
) -> None:
    registration.webhooks.register(new_webhook(name="taken", url="https://other.example/"))
    with pytest.raises(Conflict):
        ensure(registration, {"key": KEY, "name": "Taken"})
    ensure(registration, {"key": KEY})
    with pytest.raises(Conflict):
        ensure(registration, {"key": KEY, "name": "Taken"})
    assert len(written()) == 3


def test_a_step_that_fails_takes_a_new_webhook_with_it_and_no_old_one(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    dataverse.faults.fail_once("POST", "sdkmessageprocessingsteps", REFUSAL)
    with pytest.raises(BadRequest):
        ensure(registration, {"key": KEY})
    assert endpoints(dataverse) == []
    registration.webhooks.register(new_webhook())
    dataverse.faults.fail_once("POST", "sdkmessageprocessingsteps", REFUSAL)
    with pytest.raises(BadRequest):
        ensure(registration, {"key": KEY})
    assert len(endpoints(dataverse)) == 1


def test_a_webhook_that_was_moved_elsewhere_does_not_stand_in_the_way(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    moved = ensure(registration, {"key": KEY}).webhook
    change = {"url": "https://other.example/", "name": "Moved", "authentication": WEBHOOK_KEY}
    registration.webhooks.update(moved.id, change)
    ensured = ensure(registration, {"key": KEY})
    assert (ensured.is_new, ensured.webhook.id != moved.id, len(endpoints(dataverse))) == (True, True, 2)
    assert ensure(registration, {"key": KEY}).webhook.id == ensured.webhook.id


def test_what_was_done_although_it_was_answered_503_is_new_and_has_the_key(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    dataverse.faults.answer_late("POST", "serviceendpoints", Reply(503))
    dataverse.faults.answer_late("POST", "sdkmessageprocessingsteps", Reply(503))
    ensured = ensure(registration, {"key": KEY})
    assert (ensured.is_new, len(endpoints(dataverse)), len(steps(dataverse))) == (True, 1, 1)
    assert dataverse.secrets == {ensured.webhook.id: KEY}


def test_a_webhook_that_was_made_unheard_goes_again_where_its_step_fails(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    dataverse.faults.answer_late("POST", "serviceendpoints", Reply(503))
    dataverse.faults.fail_once("POST", "sdkmessageprocessingsteps", REFUSAL)
    with pytest.raises(BadRequest):
        ensure(registration, {"key": KEY})
    assert endpoints(dataverse) == []


@pytest.mark.parametrize("first", [Reply(503), Reply(504)])
def test_a_webhook_that_another_installer_made_meanwhile_has_this_ones_key_in_the_end(
    installers: list[DataverseRegistration], dataverse: FakeDataverse, first: Reply
) -> None:
    other = lambda: ensure(installers[1], {"key": OTHER_KEY})  # noqa: E731 - what happens in between
    dataverse.faults.before("POST", "serviceendpoints", other, reply=first)
    ensured = ensure(installers[0], {"key": KEY})
    assert (len(endpoints(dataverse)), len(steps(dataverse))) == (1, 1)
    assert dataverse.secrets == {ensured.webhook.id: KEY}


@pytest.mark.parametrize(
    ("public_url", "document", "pointers"),
    [
        ("https://hub.example", {}, ["#/key"]),
        ("https://hub.example", {"key": "short"}, ["#/key"]),
        ("https://hub.example", {"key": KEY, "mode": "later"}, ["#/mode"]),
        ("https://hub.example", {"key": KEY, "url": "ftp://hub.example/"}, ["#/url"]),
        ("https://hub.example", {"key": KEY, "steps": []}, ["#/steps"]),
        ("https://hub.example", {"key": None, "steps": None}, ["#/key", "#/steps"]),
        ("http://localhost:7071", {"key": KEY}, ["#/url"]),
    ],
)
def test_what_cannot_be_is_a_400_that_asks_nobody(
    tenant_hub: Callable[[str], Hub],
    dataverse: FakeDataverse,
    public_url: str,
    document: dict[str, object],
    pointers: list[str],
) -> None:
    with pytest.raises(BadRequest) as caught:
        ensure(tenant_hub(public_url).registration, document)
    assert [error.pointer for error in caught.value.errors] == pointers
    assert dataverse.journal == []


def test_an_organization_that_cannot_tell_of_connections_is_a_400_and_nothing_is_written(
    registration: DataverseRegistration, dataverse: FakeDataverse, written: Callable[[], Asked]
) -> None:
    del dataverse.rows["sdkmessagefilters"][CREATE_CONNECTION]
    with pytest.raises(BadRequest) as caught:
        ensure(registration, {"key": KEY})
    assert ([error.pointer for error in caught.value.errors], written()) == (["#/table"], [])


@pytest.fixture
def tenant_hub(connection_string: str, dataverse: FakeDataverse) -> Callable[[str], Hub]:
    """Another installer: an app with this address, which shares nothing with the others."""

    def assemble(public_url: str) -> Hub:
        settings = {"AzureWebJobsStorage": connection_string, "DATAVERSE_URL": dataverse.url, "PUBLIC_URL": public_url}
        return Hub.assemble(Settings.read(settings))

    return assemble


@pytest.fixture
def installers(tenant_hub: Callable[[str], Hub]) -> list[DataverseRegistration]:
    return [tenant_hub("https://hub.example").registration for _ in range(2)]


@pytest.mark.parametrize("meetings", [["serviceendpoints"], ["sdkmessageprocessingsteps"], []])
def test_two_installers_at_once_leave_one_webhook_with_one_step(
    installers: list[DataverseRegistration], dataverse: FakeDataverse, meetings: list[str]
) -> None:
    if meetings == ["sdkmessageprocessingsteps"]:
        # Both have the webhook, and neither has the step.
        installers[0].webhooks.register(new_webhook())
    for set_ in meetings:
        dataverse.faults.meet("POST", set_)
    outcomes = at_once(
        lambda: ensure(installers[0], {"key": KEY}),
        lambda: ensure(installers[1], {"key": OTHER_KEY}),
    )
    assert (len(endpoints(dataverse)), len(steps(dataverse))) == (1, 1)
    assert all(isinstance(outcome, Conflict) or not isinstance(outcome, HubError) for outcome in outcomes)
    assert any(not isinstance(outcome, HubError) for outcome in outcomes)
    assert set(dataverse.secrets.values()) <= {KEY, OTHER_KEY}
    repeated = ensure(installers[0], {"key": KEY})
    assert (repeated.is_new, list(dataverse.secrets.values())) == (False, [KEY])


def test_an_installer_that_fails_leaves_the_webhook_that_another_goes_on_with(
    installers: list[DataverseRegistration], dataverse: FakeDataverse
) -> None:
    dataverse.faults.fail_once("POST", "sdkmessageprocessingsteps", Reply(400))
    dataverse.faults.before("GET", "serviceendpoints", skip=1, action=lambda: ensure(installers[1], {"key": KEY}))
    with pytest.raises(BadRequest):
        ensure(installers[0], {"key": OTHER_KEY})
    assert (len(endpoints(dataverse)), len(steps(dataverse))) == (1, 1)


def test_a_webhook_that_goes_while_it_is_corrected_is_a_409(
    installers: list[DataverseRegistration], dataverse: FakeDataverse
) -> None:
    made = ensure(installers[0], {"key": KEY})
    remove = lambda: installers[1].webhooks.unregister(made.webhook.id)  # noqa: E731 - what happens in between
    dataverse.faults.before("PATCH", "serviceendpoints", action=remove)
    with pytest.raises(Conflict):
        ensure(installers[0], {"key": KEY})
    assert endpoints(dataverse) == []
    with pytest.raises(NotFound):
        installers[0].webhooks.show(str(uuid4()))
