"""The fake of Dataverse refuses what Dataverse refuses."""

import pytest
import requests

from tests.fakes.dataverse import API_PATH, FakeDataverse

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
