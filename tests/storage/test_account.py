import os
import re
import time
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.deadline import deadline
from shared.errors import Misconfigured, StorageDown, Unavailable
from shared.settings import Settings, StorageSettings
from shared.storage.account import StorageAccount
from shared.storage.queues import Queue
from shared.storage.tables import Table
from tests.fakes.identity import FakeIdentityEndpoint
from tests.fakes.server import Reply
from tests.support.transport import Fault, JournalTransport

SECRET = "c2VjcmV0c2VjcmV0"
NONSENSE = [
    SECRET,
    f"AccountKey={SECRET}",
    f"AccountName;AccountKey={SECRET}",
    f"DefaultEndpointsProtocol=https;AccountKey={SECRET};EndpointSuffix=core.windows.net",
    f"SharedAccessSignature={SECRET}",
]


def of_settings(**settings: str) -> StorageSettings:
    return Settings.read({f"AzureWebJobsStorage{name}": value for name, value in settings.items()}).storage


def of_string(connection_string: str) -> StorageAccount:
    return StorageAccount(StorageSettings(AzureWebJobsStorage=SecretStr(connection_string)))


def reach(storage: StorageAccount, service: str) -> Table | Queue:
    return storage.table("events") if service == "table" else storage.queue("events")


@pytest.mark.parametrize("connection_string", NONSENSE)
def test_a_bad_connection_string_is_named_and_nothing_of_it_is_told(connection_string: str) -> None:
    for make in (of_string(connection_string).table, of_string(connection_string).queue):
        with pytest.raises(Misconfigured, match=r"^AzureWebJobsStorage is not") as caught:
            make("events")
        assert caught.value.__cause__ is None
        assert SECRET not in str(caught.value)


# The SDK asks an XML element for its truth while it reads the refusal.
@pytest.mark.filterwarnings("ignore:Testing an element's truth value:DeprecationWarning")
@pytest.mark.parametrize("key", [SECRET, f"%{SECRET}%", f"{SECRET}a"])
def test_a_wrong_key_is_an_outage_and_not_an_empty_table(connection_string: str, key: str) -> None:
    storage = of_string(re.sub("AccountKey=[^;]+", f"AccountKey={key}", connection_string))
    for call in (lambda: storage.table("things").get("p", "r"), lambda: storage.queue("events").count()):
        with pytest.raises(StorageDown) as caught:
            call()
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize("text", ["UseDevelopmentStorage=true", "UseDevelopmentStorage=true;"])
def test_the_short_form_for_development_is_taken(text: str) -> None:
    storage = of_string(text)
    assert isinstance(storage.table("events"), Table)
    assert isinstance(storage.queue("events"), Queue)


@given(st.text() | st.lists(st.sampled_from(["AccountName", "AccountKey", "=", ";", "a", " "])).map("".join))
def test_any_connection_string_is_taken_or_refused_by_the_name_of_the_setting(text: str) -> None:
    storage = of_string(text)
    for make in (storage.table, storage.queue):
        details = []
        try:
            make("events")
        except Misconfigured as refusal:
            details.append(refusal.detail)
        assert all(detail.startswith("AzureWebJobsStorage is not a valid connection string") for detail in details)


@pytest.mark.parametrize(
    "settings",
    [{}, {"__blobServiceUri": "https://b.example"}, {"__clientId": "an id"}],
    ids=["none", "as Microsoft asks for it", "identity"],
)
@pytest.mark.parametrize("service", ["table", "queue"])
def test_storage_that_nobody_names_is_told_with_each_setting_that_would_do(
    service: str, settings: dict[str, str]
) -> None:
    with pytest.raises(Misconfigured) as caught:
        reach(StorageAccount(of_settings(**settings)), service)
    assert caught.value.detail.startswith(f"AzureWebJobsStorage__{service}ServiceUri is not set")
    assert "AzureWebJobsStorage__accountName is enough" in caught.value.detail
    assert caught.value.detail.endswith("in AzureWebJobsStorage")


@pytest.mark.parametrize(("given", "missing"), [("queue", "table"), ("table", "queue")])
def test_an_address_of_one_service_is_none_of_the_other(given: str, missing: str) -> None:
    storage = StorageAccount(of_settings(**{f"__{given}ServiceUri": "https://x.example"}))
    with pytest.raises(Misconfigured, match=f"^AzureWebJobsStorage__{missing}ServiceUri is not set"):
        reach(storage, missing)


@pytest.mark.parametrize("text", [f'"AccountName=a;AccountKey={SECRET}"', "AccountName=acct", f"AccountKey={SECRET}"])
def test_a_connection_string_that_can_never_work_is_no_outage(text: str) -> None:
    for make in (of_string(text).table, of_string(text).queue):
        with pytest.raises(Misconfigured, match=r"^AzureWebJobsStorage is not a valid connection string: it "):
            make("events")


def test_a_shared_access_signature_is_in_no_text_of_an_error() -> None:
    places = "TableEndpoint=http://127.0.0.1:9/a;QueueEndpoint=http://127.0.0.1:10/a"
    storage = of_string(f"{places};SharedAccessSignature=sv=2024-11-04&sig={SECRET}%3D&se=2030")
    for call in (lambda: storage.table("things").get("p", "r"), lambda: storage.queue("events").count()):
        with pytest.raises(StorageDown) as caught:
            call()
        told = "".join(traceback.format_exception(caught.value))
        assert "Connection refused" in told
        assert SECRET not in told


@pytest.mark.parametrize(
    ("settings", "table_host", "queue_host"),
    [
        ({"__accountName": "hub"}, "hub.table.core.windows.net", "hub.queue.core.windows.net"),
        (
            {"__tableServiceUri": "https://t.example", "__queueServiceUri": "https://q.example"},
            "t.example",
            "q.example",
        ),
    ],
)
def test_an_account_without_a_secret_is_called_where_it_is_with_the_apps_identity(
    settings: dict[str, str], table_host: str, queue_host: str
) -> None:
    with FakeIdentityEndpoint() as endpoint, JournalTransport() as transport:
        os.environ.update(endpoint.environment)
        for number in (1, 2):
            transport.fail(number, Fault.BEFORE)
        storage = StorageAccount(of_settings(**settings), transport)
        with pytest.raises(StorageDown):
            storage.table("things").get("p", "r")
        with pytest.raises(StorageDown):
            storage.queue("events").count()
    assert [call.host for call in transport.calls] == [table_host, queue_host]
    assert {request.query["resource"] for request in endpoint.journal} == {"https://storage.azure.com"}


def test_an_identity_that_gives_no_token_is_an_outage_of_storage() -> None:
    with FakeIdentityEndpoint() as endpoint:
        os.environ.update(endpoint.environment)
        endpoint.answer_always(Reply(400, b"s3cret"))
        with pytest.raises(Unavailable) as caught:
            StorageAccount(of_settings(__accountName="hub")).table("things").get("p", "r")
    assert "s3cret" not in str(caught.value)


def test_the_identity_of_a_client_id_is_asked_for_by_it() -> None:
    with FakeIdentityEndpoint() as endpoint, JournalTransport() as transport:
        os.environ.update(endpoint.environment)
        transport.fail(1, Fault.BEFORE)
        storage = StorageAccount(of_settings(__accountName="hub", __clientId="the-client"), transport)
        with pytest.raises(StorageDown):
            storage.table("things").get("p", "r")
    assert [request.query.get("client_id") for request in endpoint.journal] == ["the-client"]


def test_an_identity_that_answers_nothing_is_an_outage_within_the_deadline() -> None:
    with FakeIdentityEndpoint() as endpoint:
        os.environ.update(endpoint.environment)
        endpoint.hang()
        began_at = time.monotonic()
        with deadline(0.5), pytest.raises(Unavailable):
            StorageAccount(of_settings(__accountName="hub")).table("things").get("p", "r")
        assert time.monotonic() - began_at < 3
