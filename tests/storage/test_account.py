import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Misconfigured, StorageDown
from shared.settings import StorageSettings
from shared.storage.account import StorageAccount

SECRET = "c2VjcmV0c2VjcmV0"
NONSENSE = [
    SECRET,
    f"AccountKey={SECRET}",
    f"AccountName;AccountKey={SECRET}",
    f"DefaultEndpointsProtocol=https;AccountKey={SECRET};EndpointSuffix=core.windows.net",
    f"SharedAccessSignature={SECRET}",
]


def account(**settings: str) -> StorageAccount:
    return StorageAccount(StorageSettings.model_validate({f"AzureWebJobsStorage{k}": v for k, v in settings.items()}))


def of_string(connection_string: str) -> StorageAccount:
    return StorageAccount(StorageSettings.model_validate({"AzureWebJobsStorage": connection_string}))


@pytest.mark.parametrize("connection_string", NONSENSE)
def test_a_bad_connection_string_is_named_and_nothing_of_it_is_told(connection_string: str) -> None:
    for make in (of_string(connection_string).table, of_string(connection_string).queue):
        with pytest.raises(Misconfigured, match="^AzureWebJobsStorage is not") as caught:
            make("events")
        assert caught.value.__cause__ is None
        assert SECRET not in str(caught.value)


def test_a_key_that_is_no_base64_is_told_without_the_key(connection_string: str) -> None:
    wrong = StorageAccount(
        StorageSettings.model_validate({"AzureWebJobsStorage": f"{connection_string};AccountKey=%{SECRET}%"})
    )
    for call in (lambda: wrong.table("things").get("p", "r"), lambda: wrong.queue("events").count()):
        with pytest.raises((Misconfigured, StorageDown)) as caught:
            call()
        assert SECRET not in str(caught.value)


# The SDK asks an XML element for its truth while it reads the refusal.
@pytest.mark.filterwarnings("ignore:Testing an element's truth value:DeprecationWarning")
def test_a_wrong_key_is_an_outage_and_not_an_empty_table(connection_string: str) -> None:
    wrong = of_string(f"{connection_string};AccountKey={SECRET}")
    with pytest.raises(StorageDown):
        wrong.table("things").get("p", "r")
    with pytest.raises(StorageDown):
        wrong.queue("events").count()


@pytest.mark.parametrize("text", ["UseDevelopmentStorage=true", "UseDevelopmentStorage=true;"])
def test_the_short_form_for_development_is_taken(text: str) -> None:
    storage = of_string(text)
    assert storage.table("events")
    assert storage.queue("events")


@given(st.text() | st.lists(st.sampled_from(["AccountName", "AccountKey", "=", ";", "a", " "])).map("".join))
def test_any_connection_string_is_taken_or_refused_by_the_name_of_the_setting(text: str) -> None:
    storage = of_string(text)
    for make in (storage.table, storage.queue):
        try:
            make("events")
        except Misconfigured as refusal:
            assert refusal.detail.startswith("AzureWebJobsStorage is not")


def test_no_storage_at_all_names_both_settings() -> None:
    with pytest.raises(Misconfigured, match="AzureWebJobsStorage__accountName"):
        account().table("events")


def test_the_name_of_an_account_gives_its_addresses() -> None:
    storage = account(__accountName="hubstorage")
    assert storage.table("events").url == "https://hubstorage.table.core.windows.net"
