import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Misconfigured
from shared.settings import Settings, setting_names

SECRET = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VjcmV0c2VjcmV0"


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = Settings.read({})
    assert (settings.role_directory, settings.relationship_manager_role) == ("table", "Relationship Manager")
    assert (settings.role_cache_seconds, settings.public_url) == (300, "http://localhost:7071")
    assert settings.retry_delays == (1, 4, 300, 1800, 7200, 18000, 36000)
    assert settings.storage.connection_string is None


@pytest.mark.parametrize("name", sorted(setting_names()))
@pytest.mark.parametrize("value", ["", " ", "\t\n"])
def test_an_empty_setting_counts_as_not_set(name: str, value: str) -> None:
    assert Settings.read({name: value}) == Settings.read({})


def test_settings_of_others_are_not_looked_at() -> None:
    assert Settings.read({"PATH": "/bin", "public_url": "no address", "storage": "x"}) == Settings.read({})


def test_a_base_url_loses_its_last_slash() -> None:
    assert Settings.read({"PUBLIC_URL": " https://hub.example/ "}).public_url == "https://hub.example"


def test_delays_are_seconds_with_commas_between() -> None:
    assert Settings.read({"DELIVERY_RETRY_DELAYS": " 1, 60 ,3600,"}).retry_delays == (1, 60, 3600)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "hub.example"),
        ("DATAVERSE_URL", "https://"),
        ("ROLE_DIRECTORY", "ldap"),
        ("ROLE_CACHE_SECONDS", "nine"),
        ("ROLE_CACHE_SECONDS", "-1"),
        ("ROLE_CACHE_SECONDS", "1.5"),
        ("DELIVERY_RETRY_DELAYS", "-3"),
        ("DELIVERY_RETRY_DELAYS", "soon"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(name: str, value: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Settings.read({name: value})
    assert caught.value.detail.startswith(f"{name} is '{value}': ")


def test_all_wrong_settings_are_named_at_once() -> None:
    with pytest.raises(Misconfigured) as caught:
        Settings.read({"ROLE_CACHE_SECONDS": "x", "ROLE_DIRECTORY": "y"})
    assert "ROLE_CACHE_SECONDS is 'x'" in caught.value.detail
    assert "ROLE_DIRECTORY is 'y'" in caught.value.detail


def test_the_connection_string_is_in_no_text_of_the_settings() -> None:
    settings = Settings.read({"AzureWebJobsStorage": SECRET})
    assert "c2VjcmV0" not in f"{settings!r} {settings} {settings.storage!r}"
    assert settings.storage.connection_string is not None
    assert settings.storage.connection_string.get_secret_value() == SECRET


def test_the_connection_string_is_in_no_complaint_about_another_setting() -> None:
    with pytest.raises(Misconfigured) as caught:
        Settings.read({"AzureWebJobsStorage": SECRET, "ROLE_CACHE_SECONDS": "x"})
    assert "c2VjcmV0" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_storage_may_be_named_without_a_secret() -> None:
    storage = Settings.read(
        {"AzureWebJobsStorage__accountName": "hubstorage", "AzureWebJobsStorage__clientId": "id"}
    ).storage
    assert (storage.account_name, storage.client_id, storage.connection_string) == ("hubstorage", "id", None)


@given(st.dictionaries(st.sampled_from(sorted(setting_names())), st.text()))
def test_any_text_is_taken_or_refused_by_the_name_of_its_setting(environment: dict[str, str]) -> None:
    details = []
    try:
        Settings.read(environment)
    except Misconfigured as refusal:
        details.append(refusal.detail)
    assert all(detail.startswith(tuple(environment)) for detail in details)
