from collections.abc import Callable
from uuid import uuid4

import pytest

from shared.errors import BadRequest, Conflict, HubError, NotFound, Throttled
from shared.hub.registration import DataverseRegistration
from tests.dynamics.registration.conftest import Asked
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
from tests.fakes.dataverse import API_PATH, FakeDataverse
from tests.fakes.server import Reply, json_reply

QUEUE = {"name": "a queue", "url": "sb://x", "contract": 2, "authtype": 2, "isauthvalueset": True, "ismanaged": False}
COLUMNS = "serviceendpointid,name,url,description,contract,authtype,isauthvalueset,ismanaged"
STEP_COLUMNS = (
    "sdkmessageprocessingstepid,name,description,mode,stage,rank,filteringattributes,asyncautodelete,statecode,"
    "_eventhandler_value,_impersonatinguserid_value"
)
LOOK_UPS = (
    "sdkmessageid($select=name),sdkmessagefilterid($select=primaryobjecttypecode),"
    "sdkmessageprocessingstepid_sdkmessageprocessingstepimage"
    "($select=sdkmessageprocessingstepimageid,name,entityalias,imagetype,attributes)"
)


TWO_STEPS = [new_step(), new_step(message="Update", table="account")]
REFUSAL = json_reply({"error": {"code": "0x80044000", "message": "no"}}, 400)
REFERENCED = {"error": {"code": "0x8004f01f", "message": "It cannot be deleted because it is referenced"}}


def asked(dataverse: FakeDataverse) -> list[tuple[str, str, dict[str, str]]]:
    return [(call.method, call.path.removeprefix(API_PATH), dict(call.query)) for call in dataverse.journal]


def test_a_webhook_is_registered_with_its_key(
    registration: DataverseRegistration, dataverse: FakeDataverse, written: Callable[[], Asked]
) -> None:
    made = registration.webhooks.register(new_webhook(description="for tests"))
    assert written() == [
        (
            "POST",
            "serviceendpoints",
            {
                "serviceendpointid": made.webhook.id,
                "name": "Hub",
                "description": "for tests",
                "url": RECEIVER,
                "contract": 8,
                "authtype": 4,
                "authvalue": KEY,
            },
        )
    ]
    assert made.as_json() == {
        "id": made.webhook.id,
        "name": "Hub",
        "url": RECEIVER,
        "description": "for tests",
        "authentication": {"type": "WebhookKey", "isSet": True},
        "isManaged": False,
        "warnings": [],
        "steps": [],
    }


@pytest.mark.parametrize(
    ("authentication", "authtype", "authvalue"),
    [
        (WEBHOOK_KEY, 4, KEY),
        (
            {"type": "HttpHeader", "values": {"x-secret": "a\"<&>'b", "X-Other": "two"}},
            5,
            '<settings><setting name="x-secret" value="a&quot;&lt;&amp;&gt;\'b"/>'
            '<setting name="X-Other" value="two"/></settings>',
        ),
        (
            {"type": "HttpQueryString", "values": {"cöde": "ü & <x>"}},
            6,
            '<settings><setting name="cöde" value="ü &amp; &lt;x&gt;"/></settings>',
        ),
    ],
)
def test_each_kind_of_authentication_is_written_as_dataverse_wants_it(
    registration: DataverseRegistration, dataverse: FakeDataverse, authentication: object, authtype: int, authvalue: str
) -> None:
    made = registration.webhooks.register(new_webhook(authentication=authentication))
    assert dataverse.rows["serviceendpoints"][made.webhook.id]["authtype"] == authtype
    assert dataverse.secrets[made.webhook.id] == authvalue
    shown = registration.webhooks.show(made.webhook.id).as_json()
    # What was written cannot be read, so a warning about it comes once.
    assert shown == {**made.as_json(), "warnings": []}


def test_a_webhook_is_registered_with_its_steps(
    registration: DataverseRegistration, dataverse: FakeDataverse, written: Callable[[], Asked]
) -> None:
    made = registration.webhooks.register(new_webhook(steps=[new_step(message="create", table="CONNECTION")]))
    [step] = made.steps
    assert written()[1:] == [
        (
            "POST",
            "sdkmessageprocessingsteps",
            {
                "sdkmessageprocessingstepid": step.id,
                "name": "Hub: Create of connection",
                "description": "Create of connection, posted to Hub",
                "mode": 1,
                "stage": 40,
                "rank": 1,
                "filteringattributes": None,
                "asyncautodelete": True,
                "supporteddeployment": 0,
                "eventhandler_serviceendpoint@odata.bind": f"/serviceendpoints({made.webhook.id})",
                "sdkmessageid@odata.bind": f"/sdkmessages({CREATE})",
                "sdkmessagefilterid@odata.bind": f"/sdkmessagefilters({CREATE_CONNECTION})",
            },
        )
    ]
    assert registration.webhooks.show(made.webhook.id).as_json() == made.as_json()


def test_names_messages_and_tables_are_looked_up_before_the_first_write(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    made = registration.webhooks.register(new_webhook(steps=[new_step()]))
    assert asked(dataverse) == [
        ("GET", "serviceendpoints", {"$select": COLUMNS, "$filter": "contract eq 8"}),
        ("GET", "sdkmessages", {"$select": "sdkmessageid,name", "$filter": "name eq 'Create'"}),
        (
            "GET",
            "sdkmessagefilters",
            {
                "$select": "sdkmessagefilterid,primaryobjecttypecode,secondaryobjecttypecode,"
                "iscustomprocessingstepallowed",
                "$filter": f"primaryobjecttypecode eq 'connection' and _sdkmessageid_value eq {CREATE}",
            },
        ),
        ("POST", "serviceendpoints", {}),
        ("POST", "sdkmessageprocessingsteps", {}),
    ]
    # A table that was made just now must be found: the caches of its message's filters lag.
    assert [call.headers.get("consistency") for call in dataverse.journal] == [None, None, "Strong", None, None]
    dataverse.journal.clear()
    registration.webhooks.show(made.webhook.id)
    path = f"serviceendpoints({made.webhook.id})"
    query = {"$select": STEP_COLUMNS, "$expand": LOOK_UPS}
    assert asked(dataverse) == [
        ("GET", path, {"$select": COLUMNS}),
        ("GET", f"{path}/serviceendpoint_sdkmessageprocessingstep", query),
    ]


def test_every_request_has_the_headers_of_odata(registration: DataverseRegistration, dataverse: FakeDataverse) -> None:
    made = registration.webhooks.register(new_webhook(steps=[new_step()]))
    registration.webhooks.update(made.webhook.id, {"name": "Another"})
    registration.webhooks.unregister(made.webhook.id)
    names = ("odata-version", "odata-maxversion", "accept", "if-none-match")
    sent = {tuple(call.headers.get(name) for name in names) for call in dataverse.journal}
    assert sent == {("4.0", "4.0", "application/json", "null")}
    assert {call.bearer for call in dataverse.journal} == {f"token for {dataverse.url}"}
    assert {call.headers.get("if-match") for call in dataverse.journal if call.method == "PATCH"} == {"*"}


def test_all_webhooks_are_listed_over_all_pages_and_nothing_else(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    ids = [registration.webhooks.register(new_webhook(name=f"Hub {number}")).webhook.id for number in range(5)]
    dataverse.add("serviceendpoints", str(uuid4()), {**QUEUE, "serviceendpointid": str(uuid4())})
    dataverse.page_size = 2
    found = registration.webhooks.list()
    assert [webhook.id for webhook in found] == ids
    assert all("steps" not in webhook.as_json() for webhook in found)


def test_an_endpoint_that_is_no_webhook_is_never_touched(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    id_ = str(uuid4())
    dataverse.add("serviceendpoints", id_, {**QUEUE, "serviceendpointid": id_})
    operations: list[Callable[[], object]] = [
        lambda: registration.webhooks.show(id_),
        lambda: registration.webhooks.update(id_, {"name": "x"}),
        lambda: registration.webhooks.unregister(id_),
        lambda: registration.steps.list(id_),
        lambda: registration.steps.register(id_, new_step()),
    ]
    for operation in operations:
        with pytest.raises(NotFound):
            operation()
    assert {call.method for call in dataverse.journal} == {"GET"}


def test_a_name_is_given_once_in_any_case(registration: DataverseRegistration, written: Callable[[], Asked]) -> None:
    first = registration.webhooks.register(new_webhook(name="Großer Hub"))
    with pytest.raises(Conflict) as caught:
        registration.webhooks.register(new_webhook(name="GROSSER HUB"))
    assert caught.value.extensions == {"conflicts": [first.webhook.id]}
    second = registration.webhooks.register(new_webhook(name="Another"))
    with pytest.raises(Conflict):
        registration.webhooks.update(second.webhook.id, {"name": "großer hub"})
    assert registration.webhooks.update(first.webhook.id, {"name": "GROSSER HUB"}).webhook.name == "GROSSER HUB"
    assert [method for method, _, _ in written()] == ["POST", "POST", "PATCH"]


def test_a_key_is_rotated_by_an_update_that_sends_nothing_else(
    registration: DataverseRegistration, dataverse: FakeDataverse, written: Callable[[], Asked]
) -> None:
    id_ = registration.webhooks.register(new_webhook()).webhook.id
    change = {"name": "Hub", "authentication": {"type": "WebhookKey", "key": OTHER_KEY}}
    registration.webhooks.update(id_, change)
    assert written()[1:] == [("PATCH", f"serviceendpoints({id_})", {"authtype": 4, "authvalue": OTHER_KEY})]
    assert dataverse.secrets[id_] == OTHER_KEY


def test_an_address_moves_together_with_the_secret(
    registration: DataverseRegistration, dataverse: FakeDataverse, written: Callable[[], Asked]
) -> None:
    id_ = registration.webhooks.register(new_webhook()).webhook.id
    with pytest.raises(BadRequest) as caught:
        registration.webhooks.update(id_, {"url": "https://new.example/"})
    assert [error.pointer for error in caught.value.errors] == ["#/url"]
    values = {"x-secret": "s"}
    change = {"url": "https://new.example/", "authentication": {"type": "HttpHeader", "values": values}}
    moved = registration.webhooks.update(id_, {**change, "description": None})
    xml = '<settings><setting name="x-secret" value="s"/></settings>'
    assert written()[-1][2] == {"url": "https://new.example", "authtype": 5, "authvalue": xml}
    assert registration.webhooks.show(id_).as_json() == moved.as_json()


def test_an_update_without_changes_writes_nothing(
    registration: DataverseRegistration, written: Callable[[], Asked]
) -> None:
    id_ = registration.webhooks.register(new_webhook()).webhook.id
    registration.webhooks.update(id_, {"name": "Hub", "description": None})
    registration.webhooks.update(id_, {})
    assert len(written()) == 1


def test_a_webhook_is_unregistered_with_its_steps_in_one_request(
    registration: DataverseRegistration, dataverse: FakeDataverse, written: Callable[[], Asked]
) -> None:
    made = registration.webhooks.register(new_webhook(steps=[new_step()]))
    registration.webhooks.unregister(made.webhook.id)
    assert [(method, path) for method, path, _ in written()[2:]] == [("DELETE", f"serviceendpoints({made.webhook.id})")]
    assert (dataverse.rows["serviceendpoints"], dataverse.rows["sdkmessageprocessingsteps"]) == ({}, {})


@pytest.mark.parametrize(
    ("status", "answered"), [(400, 400), (403, 502), (405, 409), (412, 409), (500, 503), (502, 503), (504, 503)]
)
def test_a_delete_that_is_refused_or_fails_changes_nothing(
    registration: DataverseRegistration, dataverse: FakeDataverse, status: int, answered: int
) -> None:
    made = registration.webhooks.register(new_webhook(steps=TWO_STEPS))
    dataverse.faults.fail_once("DELETE", "serviceendpoints", json_reply(REFERENCED, status))
    with pytest.raises(HubError) as caught:
        registration.webhooks.unregister(made.webhook.id)
    assert caught.value.status == answered
    assert registration.webhooks.show(made.webhook.id).as_json() == made.as_json()
    registration.webhooks.unregister(made.webhook.id)
    assert dataverse.rows["sdkmessageprocessingsteps"] == {}


def test_a_webhook_of_a_managed_solution_is_a_409_and_stays(
    registration: DataverseRegistration, dataverse: FakeDataverse, written: Callable[[], Asked]
) -> None:
    made = registration.webhooks.register(new_webhook(steps=TWO_STEPS))
    dataverse.rows["serviceendpoints"][made.webhook.id]["ismanaged"] = True
    with pytest.raises(Conflict, match="managed"):
        registration.webhooks.unregister(made.webhook.id)
    assert [method for method, _, _ in written()] == ["POST"] * 3
    assert len(dataverse.rows["sdkmessageprocessingsteps"]) == 2


def test_a_registration_of_which_a_step_fails_leaves_nothing(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    dataverse.faults.fail_once("POST", "sdkmessageprocessingsteps", REFUSAL, skip=1)
    with pytest.raises(BadRequest) as caught:
        registration.webhooks.register(new_webhook(steps=TWO_STEPS))
    assert (dataverse.rows["serviceendpoints"], dataverse.rows["sdkmessageprocessingsteps"]) == ({}, {})
    assert caught.value.extensions == {"dataverse": {"status": 400, "code": "0x80044000", "message": "no"}}


def test_what_could_not_be_taken_back_is_named(registration: DataverseRegistration, dataverse: FakeDataverse) -> None:
    dataverse.faults.fail_once("POST", "sdkmessageprocessingsteps", REFUSAL, skip=1)
    dataverse.faults.fail_once("DELETE", "serviceendpoints", Reply(500))
    with pytest.raises(BadRequest) as caught:
        registration.webhooks.register(new_webhook(steps=TWO_STEPS))
    assert [caught.value.extensions["leftBehind"]] == list(dataverse.rows["serviceendpoints"])


@pytest.mark.parametrize("lost_after", [True, False])
def test_a_create_whose_answer_is_lost_is_repeated_and_makes_one(
    registration: DataverseRegistration, dataverse: FakeDataverse, *, lost_after: bool
) -> None:
    if lost_after:
        dataverse.faults.lose_answer("POST", "serviceendpoints")
        dataverse.faults.lose_answer("POST", "sdkmessageprocessingsteps")
    else:
        dataverse.faults.fail_once("POST", "serviceendpoints", Reply(504))
    made = registration.webhooks.register(new_webhook(steps=[new_step()]))
    assert list(dataverse.rows["serviceendpoints"]) == [made.webhook.id]
    assert list(dataverse.rows["sdkmessageprocessingsteps"]) == [made.steps[0].id]


def test_a_create_that_was_done_although_it_was_answered_503_is_a_success(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    dataverse.faults.answer_late("POST", "serviceendpoints", Reply(503))
    dataverse.faults.answer_late("POST", "sdkmessageprocessingsteps", Reply(503, headers={"Retry-After": "1"}))
    made = registration.webhooks.register(new_webhook(steps=TWO_STEPS))
    assert list(dataverse.rows["serviceendpoints"]) == [made.webhook.id]
    assert list(dataverse.rows["sdkmessageprocessingsteps"]) == [step.id for step in made.steps]
    assert registration.webhooks.show(made.webhook.id).as_json() == made.as_json()
    assert dataverse.secrets == {made.webhook.id: KEY}


@pytest.mark.parametrize("status", [502, 504])
def test_so_is_one_that_a_gateway_answered_in_its_place(
    registration: DataverseRegistration, dataverse: FakeDataverse, status: int
) -> None:
    dataverse.faults.answer_late("POST", "serviceendpoints", Reply(status))
    made = registration.webhooks.register(new_webhook())
    assert list(dataverse.rows["serviceendpoints"]) == [made.webhook.id]


@pytest.mark.parametrize("first", [None, Reply(503), Reply(429, headers={"Retry-After": "1"}), Reply(504)])
def test_a_412_for_a_row_that_this_call_did_not_make_is_a_409(
    registration: DataverseRegistration, dataverse: FakeDataverse, first: Reply | None
) -> None:
    if first is not None:
        dataverse.faults.fail_once("POST", "serviceendpoints", first)
    duplicate = json_reply({"error": {"code": "0x80040237", "message": "duplicate"}}, 412)
    dataverse.faults.fail_once("POST", "serviceendpoints", duplicate)
    with pytest.raises(Conflict):
        registration.webhooks.register(new_webhook())
    assert dataverse.rows.get("serviceendpoints", {}) == {}


def test_a_webhook_that_may_have_been_made_in_an_outage_is_taken_back(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    dataverse.faults.lose_answer("POST", "serviceendpoints")
    dataverse.faults.fail_once("POST", "serviceendpoints", Reply(503, headers={"Retry-After": "99"}))
    with pytest.raises(Throttled) as caught:
        registration.webhooks.register(new_webhook())
    assert (dataverse.rows["serviceendpoints"], caught.value.extensions) == ({}, {})


def test_a_webhook_that_dataverse_refused_needs_no_taking_back(
    registration: DataverseRegistration, dataverse: FakeDataverse, written: Callable[[], Asked]
) -> None:
    dataverse.faults.fail_once("POST", "serviceendpoints", json_reply({"error": {"code": "", "message": "no"}}, 400))
    with pytest.raises(BadRequest):
        registration.webhooks.register(new_webhook())
    assert [method for method, _, _ in written()] == ["POST"]
