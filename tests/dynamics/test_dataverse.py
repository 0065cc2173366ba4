import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.deadline import deadline
from shared.dynamics.dataverse import DataverseClient
from shared.errors import DataverseDown, IdentityDown, Throttled
from shared.web_api import WebApi
from tests.fakes.dataverse import API_PATH, FakeDataverse
from tests.fakes.dataverse.tables import LOOKUP_TABLE
from tests.fakes.server import Reply, json_reply
from tests.support.cases import holds_for

TABLE = "connection"
ID = str(uuid4())
RECORD1, RECORD2 = ("opportunity", str(uuid4())), ("systemuser", str(uuid4()))


def client_of(url: str, token: Callable[[], str] = lambda: "token") -> DataverseClient:
    return DataverseClient(WebApi("Dataverse", url, token, DataverseDown))


@pytest.fixture
def client(dataverse: FakeDataverse) -> DataverseClient:
    return client_of(dataverse.url)


def test_a_connection_is_read_with_the_tables_of_its_records(client: DataverseClient, dataverse: FakeDataverse) -> None:
    dataverse.add_connection(ID, RECORD1, RECORD2)
    row = client.read_row(TABLE, ID)
    assert row is not None
    assert (row["_record1id_value"], row["_record2id_value"]) == (RECORD1[1], RECORD2[1])
    assert row[f"_record1id_value{LOOKUP_TABLE}"] == "opportunity"


def test_a_row_is_read_whole_with_its_texts_for_users(client: DataverseClient, dataverse: FakeDataverse) -> None:
    text = "statecode@OData.Community.Display.V1.FormattedValue"
    dataverse.add_row("account", ID, {"name": "Contoso", "statecode": 0, text: "Active", "statecode@odata.other": "x"})
    row = client.read_row("account", ID)
    assert row is not None
    assert {name: row.get(name) for name in ("accountid", "name", "statecode", text)} == {
        "accountid": ID,
        "name": "Contoso",
        "statecode": 0,
        text: "Active",
    }
    assert "statecode@odata.other" not in row


def test_the_set_of_a_table_is_looked_up_once_in_a_process(client: DataverseClient, dataverse: FakeDataverse) -> None:
    dataverse.add_connection(ID, RECORD1, RECORD2)
    client.read_row(TABLE, ID)
    client.read_row(TABLE, ID)
    assert [(call.method, call.path, call.query) for call in dataverse.journal] == [
        ("GET", f"{API_PATH}EntityDefinitions(LogicalName='connection')", {"$select": "EntitySetName"}),
        ("GET", f"{API_PATH}connections({ID})", {}),
        ("GET", f"{API_PATH}connections({ID})", {}),
    ]
    assert {(call.bearer, call.body) for call in dataverse.journal} == {("token", b"")}


def test_a_row_that_cannot_be_seen_is_none(client: DataverseClient, dataverse: FakeDataverse) -> None:
    dataverse.add_connection(str(uuid4()), RECORD1, RECORD2)
    assert client.read_row(TABLE, ID) is None


def test_a_table_that_dataverse_does_not_know_has_no_rows_yet(
    client: DataverseClient, dataverse: FakeDataverse
) -> None:
    assert client.read_row("new_unknown", ID) is None
    assert client.read_row("new_unknown", ID) is None
    assert len(dataverse.journal) == 2


@holds_for("table", ["", "o'hara", "a/b", "a b", "connection?x", "../x", "é", "x" * 129, "a)", "A"])
def test_what_cannot_be_a_table_is_not_asked_for(client: DataverseClient, dataverse: FakeDataverse, table: str) -> None:
    assert client.read_row(table, ID) is None
    assert dataverse.journal == []


@holds_for("name", [None, 7, "", "a/b", "a b", "../x", "connections?x", []])
def test_a_definition_that_names_no_set_is_an_outage(
    client: DataverseClient, dataverse: FakeDataverse, name: object
) -> None:
    dataverse.answer_next(json_reply({"EntitySetName": name}))
    with pytest.raises(DataverseDown, match="not a table"):
        client.read_row(TABLE, ID)


def test_a_definition_that_could_not_be_read_is_looked_up_again(
    client: DataverseClient, dataverse: FakeDataverse
) -> None:
    dataverse.add_connection(ID, RECORD1, RECORD2)
    dataverse.answer_next(Reply(500))
    with pytest.raises(DataverseDown):
        client.read_row(TABLE, ID)
    assert client.read_row(TABLE, ID) is not None


@pytest.mark.parametrize("status", [400, 401, 403, 405, 412, 500, 501, 502, 504])
def test_another_status_is_an_outage_that_names_it(
    client: DataverseClient, dataverse: FakeDataverse, status: int
) -> None:
    dataverse.answer_always(json_reply({"error": {"code": "", "message": "s3cret"}}, status))
    with pytest.raises(DataverseDown, match=str(status)) as caught:
        client.read_row(TABLE, ID)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("status", [429, 503])
def test_too_many_requests_are_waited_out(client: DataverseClient, dataverse: FakeDataverse, status: int) -> None:
    dataverse.add_connection(ID, RECORD1, RECORD2)
    dataverse.answer_next(Reply(status, headers={"Retry-After": "0"}))
    assert client.read_row(TABLE, ID) is not None


@pytest.mark.parametrize("status", [429, 503])
def test_too_many_requests_are_an_outage_in_the_end(
    client: DataverseClient, dataverse: FakeDataverse, status: int
) -> None:
    dataverse.answer_always(Reply(status, headers={"Retry-After": "0"}))
    with pytest.raises(Throttled, match=str(status)):
        client.read_row(TABLE, ID)
    assert 1 < len(dataverse.journal) < 10


def test_a_longer_wait_than_there_is_time_for_is_an_outage_at_once(
    client: DataverseClient, dataverse: FakeDataverse
) -> None:
    dataverse.answer_always(Reply(429, headers={"Retry-After": "300"}))
    began_at = time.monotonic()
    with pytest.raises(Throttled):
        client.read_row(TABLE, ID)
    assert (len(dataverse.journal), time.monotonic() - began_at < 15) == (1, True)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"<html>Sign in</html>", {"Content-Type": "text/html"}),
        Reply(200, b""),
        Reply(204),
        Reply(200, b"null"),
        Reply(200, b"[]"),
        Reply(200, b"{}"),
        Reply(200, b'"text"'),
        Reply(200, b'{"a": '),
        Reply(200, b'{"a": "\xff"}'),
        Reply(200, b'{"a": ' + b"9" * 5000 + b"}"),
        Reply(200, b"[" * 100_000),
        Reply(200, b'{"_record1id_value": null}', cut=True),
        Reply(302, headers={"Location": "/elsewhere"}),
    ],
    ids=lambda reply: f"{reply.status}-{reply.body[:20]!r}",
)
def test_an_answer_that_is_no_row_is_an_outage(client: DataverseClient, dataverse: FakeDataverse, reply: Reply) -> None:
    dataverse.answer_always(reply)
    with pytest.raises(DataverseDown):
        client.read_row(TABLE, ID)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(status=st.sampled_from([200, 404, 400, 500]), body=st.binary(max_size=50))
@example(status=200, body=b"\xef\xbb\xbf{}")
def test_any_answer_is_a_row_or_none_or_an_outage(
    client: DataverseClient, dataverse: FakeDataverse, status: int, body: bytes
) -> None:
    dataverse.answer_always(Reply(status, body))
    try:
        row = client.read_row(TABLE, ID)
    except DataverseDown:
        return
    assert row is None or status == 200


def test_a_redirect_is_not_followed(client: DataverseClient, dataverse: FakeDataverse) -> None:
    dataverse.answer_always(Reply(302, headers={"Location": f"{dataverse.url}/elsewhere"}))
    with pytest.raises(DataverseDown):
        client.read_row(TABLE, ID)
    assert [request.path for request in dataverse.journal] == [f"{API_PATH}EntityDefinitions(LogicalName='connection')"]


def test_a_dataverse_that_answers_nothing_is_an_outage_within_the_deadline(
    client: DataverseClient, dataverse: FakeDataverse
) -> None:
    dataverse.hang()
    began_at = time.monotonic()
    with deadline(0.3), pytest.raises(DataverseDown):
        client.read_row(TABLE, ID)
    assert time.monotonic() - began_at < 4


def test_after_the_deadline_nobody_is_asked(client: DataverseClient, dataverse: FakeDataverse) -> None:
    with deadline(0), pytest.raises(DataverseDown):
        client.read_row(TABLE, ID)
    assert dataverse.journal == []


def test_an_address_where_nobody_listens_is_an_outage() -> None:
    with FakeDataverse() as gone:
        client = client_of(gone.url)
    with pytest.raises(DataverseDown):
        client.read_row(TABLE, ID)


def test_without_an_address_dataverse_is_an_outage_that_says_so() -> None:
    with pytest.raises(DataverseDown, match="address of Dataverse is not set"):
        client_of("").read_row(TABLE, ID)


def test_no_token_is_an_outage_that_says_why(dataverse: FakeDataverse) -> None:
    def no_token() -> str:
        raise IdentityDown("no token for it")

    with pytest.raises(DataverseDown, match="no token for it"):
        client_of(dataverse.url, no_token).read_row(TABLE, ID)
    assert dataverse.journal == []


def test_no_outage_repeats_the_token(dataverse: FakeDataverse) -> None:
    for reply in (Reply(401), Reply(500), Reply(200, b"s3cret"), Reply(200, b"{}", cut=True)):
        dataverse.answer_always(reply)
        with pytest.raises(DataverseDown) as caught:
            client_of(dataverse.url, lambda: "s3cret").read_row(TABLE, ID)
        assert "s3cret" not in f"{caught.value!r}{caught.value.__cause__!r}"


def test_a_password_that_this_machine_keeps_does_not_replace_the_token(
    client: DataverseClient, dataverse: FakeDataverse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login kim password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    client.read_row(TABLE, ID)
    assert {request.bearer for request in dataverse.journal} == {"token"}
