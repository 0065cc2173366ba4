"""The fake of Dataverse refuses what Dataverse refuses."""

import pytest
import requests

from tests.fakes.dataverse import API_PATH, FakeDataverse
from tests.fakes.dataverse.tables import metadata_id

ID = "37c7c867-d571-e911-a956-000d3a1bc3f6"
HEADERS = {
    "Authorization": "Bearer token",
    "Accept": "application/json",
    "OData-MaxVersion": "4.0",
    "OData-Version": "4.0",
}
TABLE_OF_RECORD1 = "_record1id_value@Microsoft.Dynamics.CRM.lookuplogicalname"


def get(dataverse: FakeDataverse, path: str, headers: dict[str, str]) -> requests.Response:
    return requests.get(f"{dataverse.url}{API_PATH}{path}", headers=headers, timeout=10)


@pytest.fixture
def connection(dataverse: FakeDataverse) -> str:
    dataverse.add_connection(ID, ("opportunity", ID), ("systemuser", ID))
    return f"connections({ID})"


def test_a_request_without_a_token_is_a_401(dataverse: FakeDataverse, connection: str) -> None:
    without = {name: value for name, value in HEADERS.items() if name != "Authorization"}
    assert get(dataverse, connection, without).status_code == 401
    assert get(dataverse, connection, {**HEADERS, "Authorization": "Basic eDp5"}).status_code == 401


@pytest.mark.parametrize("name", ["OData-MaxVersion", "OData-Version"])
def test_a_request_without_the_odata_headers_is_a_400(dataverse: FakeDataverse, connection: str, name: str) -> None:
    assert get(dataverse, connection, {**HEADERS, name: ""}).status_code == 400


def test_an_unknown_row_is_a_404_with_a_code(dataverse: FakeDataverse) -> None:
    response = get(dataverse, f"connections({ID})", HEADERS)
    assert (response.status_code, response.json()["error"]["code"]) == (404, "0x80040217")


def test_only_selected_columns_are_answered(dataverse: FakeDataverse, connection: str) -> None:
    row = get(dataverse, f"{connection}?$select=_record1id_value", HEADERS).json()
    assert {name for name in row if not name.startswith("@")} == {"_record1id_value"}


@pytest.mark.parametrize("prefer", ["", 'odata.include-annotations="Microsoft.Dynamics.CRM.lookuplogicalname"'])
def test_the_table_of_a_look_up_is_answered_only_when_it_is_asked_for(
    dataverse: FakeDataverse, connection: str, prefer: str
) -> None:
    row = get(dataverse, f"{connection}?$select=_record1id_value", {**HEADERS, "Prefer": prefer}).json()
    assert (TABLE_OF_RECORD1 in row) == bool(prefer)


KEY = "k" * 32
WEBHOOK = {"serviceendpointid": ID, "name": "Hub", "url": "https://hub.example/", "contract": 8, "authtype": 4}
STEP = {
    "name": "step",
    "mode": 1,
    "stage": 40,
    "rank": 1,
    "eventhandler_serviceendpoint@odata.bind": f"/serviceendpoints({ID})",
    "sdkmessageid@odata.bind": f"/sdkmessages({metadata_id('Create')})",
    "sdkmessagefilterid@odata.bind": f"/sdkmessagefilters({metadata_id('Create', 'connection')})",
}


def send(dataverse: FakeDataverse, method: str, path: str, body: object, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.request(
        method, f"{dataverse.url}{API_PATH}{path}", json=body, headers={**HEADERS, **named}, timeout=10
    )


@pytest.fixture
def webhook(dataverse: FakeDataverse) -> str:
    assert send(dataverse, "POST", "serviceendpoints", {**WEBHOOK, "authvalue": KEY}).status_code == 204
    return f"serviceendpoints({ID})"


@pytest.mark.parametrize(
    "path",
    [
        "serviceendpoints?$select=authvalue",
        "serviceendpoints?$select=Name",
        "serviceendpoints?$filter=contract eq '8'",
        "serviceendpoints?$filter=name eq Hub",
        "serviceendpoints?$filter=Name eq 'Hub'",
        "serviceendpoints?$skip=1",
        "sdkmessageprocessingsteps?$expand=SdkMessageId($select=name)",
        "sdkmessageprocessingsteps?$expand=sdkmessageid",
        "sdkmessagefilters?$filter=_sdkmessageid_value eq 'x'",
    ],
)
def test_a_query_that_dataverse_would_not_take_is_a_400(dataverse: FakeDataverse, webhook: str, path: str) -> None:
    assert get(dataverse, path, HEADERS).status_code == 400


@pytest.mark.parametrize("path", ["ServiceEndpoints", "serviceendpoints({0})/Steps", "nothing"])
def test_names_of_sets_and_navigation_have_their_case(dataverse: FakeDataverse, webhook: str, path: str) -> None:
    assert get(dataverse, path.format(ID), HEADERS).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"plugintypeid@odata.bind": f"/plugintypes({ID})"},
        {"configuration": "x"},
        {"SdkMessageId@odata.bind": "/sdkmessages(x)"},
        {"EventHandler@odata.bind": f"/serviceendpoints({ID})"},
        {"mode": "1"},
        {"mode": 1, "stage": 20},
        {"rank": None},
        {"name": "n" * 257},
        {"sdkmessageid@odata.bind": f"/sdkmessages({metadata_id('Update')})"},
        {"sdkmessagefilterid@odata.bind": f"/sdkmessagefilters({metadata_id('Create', 'postfollow')})"},
    ],
)
def test_a_step_that_dataverse_would_not_take_is_a_400(
    dataverse: FakeDataverse, webhook: str, change: dict[str, object]
) -> None:
    assert send(dataverse, "POST", "sdkmessageprocessingsteps", STEP).status_code == 204
    assert send(dataverse, "POST", "sdkmessageprocessingsteps", {**STEP, **change}).status_code == 400
    assert len(dataverse.rows["sdkmessageprocessingsteps"]) == 1


@pytest.mark.parametrize(
    "change", [{"Name": "x"}, {"authtype": 2}, {"url": "https://hub.example:7071/"}, {"authvalue": None}]
)
def test_a_webhook_that_dataverse_would_not_take_is_a_400(dataverse: FakeDataverse, change: dict[str, object]) -> None:
    body = {**WEBHOOK, "authvalue": KEY, **change}
    assert send(dataverse, "POST", "serviceendpoints", body).status_code == 400
    assert "serviceendpoints" not in dataverse.rows


def test_a_secret_is_kept_and_never_answered(dataverse: FakeDataverse, webhook: str) -> None:
    answer = get(dataverse, webhook, HEADERS)
    assert dataverse.secrets[ID] == KEY
    assert answer.json()["isauthvalueset"] is True
    assert KEY not in answer.text


def test_an_id_is_given_once(dataverse: FakeDataverse, webhook: str) -> None:
    again = send(dataverse, "POST", "serviceendpoints", {**WEBHOOK, "authvalue": KEY})
    assert (again.status_code, again.json()["error"]["code"]) == (412, "0x80040237")


def test_the_steps_of_a_webhook_go_with_it(dataverse: FakeDataverse, webhook: str) -> None:
    send(dataverse, "POST", "sdkmessageprocessingsteps", STEP)
    assert send(dataverse, "DELETE", webhook, None).status_code == 204
    assert dataverse.rows["sdkmessageprocessingsteps"] == {}


STEPS, IMAGES = "sdkmessageprocessingsteps", "sdkmessageprocessingstepimages"
IMAGE = {
    "name": "New",
    "entityalias": "New",
    "imagetype": 1,
    "messagepropertyname": "Id",
    "attributes": None,
    "sdkmessageprocessingstepid@odata.bind": f"/{STEPS}({ID})",
}


@pytest.fixture
def step(dataverse: FakeDataverse, webhook: str) -> str:
    """A step on Create, with the same id as its webhook."""
    assert send(dataverse, "POST", STEPS, {**STEP, "sdkmessageprocessingstepid": ID}).status_code == 204
    return f"{STEPS}({ID})"


@pytest.mark.parametrize(
    "change",
    [
        {"messagepropertyname": "Target"},
        {"messagepropertyname": "EntityMoniker"},
        {"messagepropertyname": None},
        {"imagetype": 0},
        {"imagetype": 2},
        {"imagetype": 3},
        {"entityalias": None},
        {"attributes": ["name"]},
        {"SdkMessageProcessingStepId@odata.bind": f"/{STEPS}({ID})"},
    ],
)
def test_an_image_that_dataverse_would_not_take_is_a_400(
    dataverse: FakeDataverse, step: str, change: dict[str, object]
) -> None:
    assert send(dataverse, "POST", IMAGES, IMAGE).status_code == 204
    assert send(dataverse, "POST", IMAGES, {**IMAGE, **change}).status_code == 400
    assert len(dataverse.rows[IMAGES]) == 1


def test_images_are_expanded_with_their_step_and_go_with_its_webhook(
    dataverse: FakeDataverse, webhook: str, step: str
) -> None:
    send(dataverse, "POST", IMAGES, IMAGE)
    navigation = "sdkmessageprocessingstepid_sdkmessageprocessingstepimage"
    [image] = get(dataverse, f"{step}?$expand={navigation}($select=name,imagetype)", HEADERS).json()[navigation]
    assert (image["name"], image["imagetype"], "attributes" in image) == ("New", 1, False)
    assert send(dataverse, "DELETE", webhook, None).status_code == 204
    assert (dataverse.rows[STEPS], dataverse.rows[IMAGES]) == ({}, {})


def test_the_user_of_a_step_can_be_changed_and_taken_away_and_must_exist(dataverse: FakeDataverse, step: str) -> None:
    dataverse.add_user(ID, None, "integration@contoso.example")
    statuses = [
        send(dataverse, "PATCH", step, {"impersonatinguserid@odata.bind": bind}, If_Match="*").status_code
        for bind in (f"/systemusers({ID})", f"/systemusers({metadata_id('nobody')})", None)
    ]
    assert (statuses, dataverse.rows[STEPS][ID]["_impersonatinguserid_value"]) == ([204, 404, 204], None)
    fixed = {"sdkmessageid@odata.bind": f"/sdkmessages({metadata_id('Update')})"}
    assert send(dataverse, "PATCH", step, fixed, If_Match="*").status_code == 400


def test_a_create_names_a_solution_that_exists(dataverse: FakeDataverse) -> None:
    body = {**WEBHOOK, "authvalue": KEY}
    assert send(dataverse, "POST", "serviceendpoints", body, **{"MSCRM.SolutionUniqueName": "x"}).status_code == 400
    dataverse.solutions["x"] = []
    other = {**body, "serviceendpointid": metadata_id("other")}
    assert send(dataverse, "POST", "serviceendpoints", other, **{"MSCRM.SolutionUniqueName": "x"}).status_code == 204
    assert dataverse.solutions == {"x": [metadata_id("other")]}


def test_pages_lead_to_each_other_and_top_has_none(dataverse: FakeDataverse) -> None:
    dataverse.page_size = 2
    first = get(dataverse, "sdkmessages?$select=name", HEADERS).json()
    second = requests.get(first["@odata.nextLink"], headers=HEADERS, timeout=10).json()
    assert [len(first["value"]), len(second["value"])] == [2, 2]
    assert first["value"] != second["value"]
    assert "@odata.nextLink" not in get(dataverse, "sdkmessages?$top=1", HEADERS).json()
