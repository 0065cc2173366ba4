import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Misconfigured
from shared.settings import Settings, setting_names
from tests.support.cases import holds_for

SECRET = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VjcmV0c2VjcmV0"


EXAMPLES = {
    "AzureWebJobsStorage": SECRET,
    "AzureWebJobsStorage__accountName": "hubstorage",
    "AzureWebJobsStorage__tableServiceUri": "https://t.example",
    "AzureWebJobsStorage__queueServiceUri": "https://q.example",
    "AzureWebJobsStorage__clientId": "5f0d3c1e",
    "PUBLIC_URL": "https://hub.example",
    "RETENTION_DAYS": "30",
    "RETENTION_PAYLOAD_DAYS": "7",
    "RETENTION_SCHEDULE": "0 30 3 * * *",
    "OPENTELEMETRY": "true",
    "ROLE_DIRECTORY": "graph",
    "RELATIONSHIP_MANAGER_ROLE": "Account Manager",
    "ADMINISTRATOR_ROLE": "Hub Administrator",
    "ROLE_CACHE_SECONDS": "7",
    "SHAREPOINT_SITE_ID": "contoso.sharepoint.com,1,2",
    "SHAREPOINT_ROLE_LIST": "Role",
    "GRAPH_URL": "https://graph.microsoft.us",
    "DATAVERSE_URL": "https://contoso.crm.dynamics.com",
    "NOTICE_MAILBOX": "hub@contoso.example",
    "NOTICE_DOMAINS": "contoso.example, fabrikam.example",
    "MAX_WEBHOOKS": "7",
    "MAX_WEBHOOKS_PER_CALLER": "7",
    "MAX_EVENTS_PER_WEBHOOK": "7",
    "MAX_WEBHOOK_BYTES": "7",
    "MAX_SIGNALS_PER_MINUTE": "7",
    "DELIVERY_DISABLE_AFTER": "7",
    "DELIVERY_DISABLE_AFTER_SECONDS": "7",
    "DELIVERY_CIRCUIT_AFTER": "7",
    "DELIVERY_CIRCUIT_DELAYS": "1, 2",
    "DELIVERY_GIVE_UP_SECONDS": "7",
    "CRMSCRIPT_ENTRY_POINTS": "module:function",
    "SECRETS_KEY": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U=",
    "DELIVERY_ALLOWED_NETWORKS": "127.0.0.0/8,::1/128",
    "DELIVERY_REQUIRE_HTTPS": "false",
    "DELIVERY_DEADLINE_SECONDS": "7.5",
    "DELIVERY_MAX_RESPONSE_BYTES": "7",
    "DELIVERY_SECRET_OVERLAP_SECONDS": "7",
    "ENTRA_TENANT_ID": "5f0d3c1e",
    "ENTRA_CLIENT_ID": "5f0d3c1e",
    "ENTRA_AUTHORITY": "https://login.microsoftonline.us",
    "WEBSITE_AUTH_ENABLED": "true",
    "WEBSITE_HOSTNAME": "hub.azurewebsites.net",
    "ARCGIS_PORTAL_URL": "https://gis.example",
    "ARCGIS_ORG_IDS": "a1B2",
    "ARCGIS_SERVICE_HOSTS": ".example",
    "CONSOLE_KEY": "a-key",
    "ARCGIS_HOOK_KEY": "a-key",
    "ARCGIS_FOLLOW_CHANGES": "all",
    "DYNAMICS_EVENTS": "opportunity.*, *.deleted",
    "DYNAMICS_EVENTS_ROLE": "true",
    "DYNAMICS_ORGANIZATIONS": "3609BBBD-a041-5c9e-acb0-045d2dff171d",
    "DELIVERY_RETRY_DELAYS": "1,2,3",
}
"""A value of each setting that is not its default."""


ORGANIZATION = "3609bbbd-a041-5c9e-acb0-045d2dff171d"


def test_every_setting_has_an_example() -> None:
    assert EXAMPLES.keys() == setting_names()


@holds_for("name", sorted(setting_names()))
@holds_for("blanks", [" ", "\n", "\r\n", "\t ", "\u00a0"])
def test_blanks_around_a_setting_do_no_harm(name: str, blanks: str) -> None:
    plain = Settings.read({name: EXAMPLES[name]})
    for text in (EXAMPLES[name] + blanks, blanks + EXAMPLES[name], blanks + EXAMPLES[name] + blanks):
        assert Settings.read({name: text}) == plain != Settings.read({})


@given(st.sampled_from(sorted(setting_names())), st.text(), st.text(alphabet=" \t\r\n"))
def test_blanks_change_nothing_in_what_is_accepted_or_refused(name: str, value: str, blanks: str) -> None:
    def read(text: str) -> Settings | str:
        try:
            return Settings.read({name: text})
        except Misconfigured as refusal:
            return refusal.detail

    assert read(blanks + value + blanks) == read(value)


@holds_for("name", sorted(setting_names()))
@holds_for("reference", ["@Microsoft.KeyVault(SecretUri=https://v/secrets/x)", " @microsoft.keyvault(x)"])
def test_a_reference_that_was_not_resolved_counts_as_not_set_and_is_named(name: str, reference: str) -> None:
    settings = Settings.read({name: reference})
    assert settings.model_copy(update={"unresolved": ()}) == Settings.read({})
    assert settings.unresolved == (name,)


@holds_for(
    ("name", "value"),
    [
        ("PUBLIC_URL", "https://hub.example/?code=hunter2"),
        ("PUBLIC_URL", "https://user:hunter2@"),
        ("DATAVERSE_URL", "hunter2@x"),
        ("GRAPH_URL", "https://hub.example/#hunter2"),
        ("ROLE_CACHE_SECONDS", "AccountName=a;AccountKey=hunter2"),
        ("DELIVERY_RETRY_DELAYS", "1,sig=hunter2,3"),
        ("DELIVERY_ALLOWED_NETWORKS", "10.0.0.0/8,hunter2=="),
        ("MAX_WEBHOOKS", "hunter2\nhunter2"),
        ("ROLE_DIRECTORY", "hunter2" * 20),
        ("ROLE_CACHE_SECONDS", "hub_hunter2RIW0bXcUYd2Jv-4kqf9Zt_7hGm1LsNpEoA"),
        ("DELIVERY_DISABLE_AFTER", "hunter2c0ffee00c0ffee00c0ffee00"),
    ],
)
def test_a_wrong_setting_that_may_hold_a_secret_is_named_without_its_value(name: str, value: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Settings.read({name: value})
    assert caught.value.detail.startswith(f"{name} is not shown: ")
    assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = Settings.read({})
    assert (settings.role_directory, settings.relationship_manager_role) == ("table", "Relationship Manager")
    assert (settings.role_cache_seconds, settings.public_url) == (300, "http://localhost:7071")
    assert settings.retry_delays == (1, 4, 300, 1800, 7200, 18000, 36000)
    assert settings.storage.connection_string is None


@holds_for("name", sorted(setting_names()))
@holds_for("value", ["", " ", "\t\n"])
def test_an_empty_setting_counts_as_not_set(name: str, value: str) -> None:
    assert Settings.read({name: value}) == Settings.read({})


def test_settings_of_others_are_not_looked_at() -> None:
    assert Settings.read({"PATH": "/bin", "public_url": "no address", "storage": "x"}) == Settings.read({})


def test_a_base_url_loses_its_last_slash() -> None:
    assert Settings.read({"PUBLIC_URL": " https://hub.example/ "}).public_url == "https://hub.example"


def test_delays_are_seconds_with_commas_between() -> None:
    assert Settings.read({"DELIVERY_RETRY_DELAYS": " 1, 60 ,3600,"}).retry_delays == (1, 60, 3600)


def test_events_and_organizations_are_kept_in_lower_case() -> None:
    read = Settings.read(
        {"DYNAMICS_EVENTS": "Opportunity.*,*.Deleted,", "DYNAMICS_ORGANIZATIONS": ORGANIZATION.upper()}
    )
    assert (read.dynamics_events, read.dynamics_organizations) == (("opportunity.*", "*.deleted"), (ORGANIZATION,))


@pytest.mark.parametrize(
    "entry", ["opportunity", "*", "opportunity.", ".updated", "opportunity.*d", "a b.c", "a;b.c", "**"]
)
def test_what_is_no_pattern_of_events_is_refused_by_its_place(entry: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Settings.read({"DYNAMICS_EVENTS": f"*.*, {entry}"})
    assert caught.value.detail.startswith("DYNAMICS_EVENTS is ")
    assert "must be patterns table.verb" in caught.value.detail
    assert caught.value.detail.endswith("(entry 2 is not)")


@pytest.mark.parametrize(
    "entry", ["contoso", "{3609bbbd-a041-5c9e-acb0-045d2dff171d}", "3609bbbda0415c9eacb0045d2dff171d"]
)
def test_what_is_no_id_of_an_organization_is_refused_by_its_place(entry: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Settings.read({"DYNAMICS_ORGANIZATIONS": entry})
    assert caught.value.detail.startswith("DYNAMICS_ORGANIZATIONS is ")
    assert caught.value.detail.endswith("(entry 1 is not a GUID)")


@holds_for(
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


@pytest.mark.parametrize(
    "value",
    [
        "contoso.com",
        "@contoso.com",
        "Contoso.COM., fabrikam.example",
        "m\u00fcnchen.example",
        "localhost",
        "a-b.example",
    ],
)
def test_domains_are_accepted_as_mail_servers_know_them(value: str) -> None:
    assert Settings.read({"NOTICE_DOMAINS": value}).notice_domains == tuple(value.split(", "))


@pytest.mark.parametrize(
    "entry",
    [
        "kim@contoso.com",
        "*.contoso.com",
        ".contoso.com",
        "https://contoso.com",
        "contoso com",
        "contoso..com",
        "contoso.com;fabrikam.example",
        "contoso_.com",
        "-contoso.com",
        "\u2603.",
        "@",
    ],
)
def test_what_is_not_a_domain_is_refused_by_the_name_of_the_setting_and_its_place(entry: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Settings.read({"NOTICE_DOMAINS": f"contoso.example, {entry}"})
    assert caught.value.detail.startswith("NOTICE_DOMAINS is ")
    assert caught.value.detail.endswith(
        ": must be domains, such as contoso.com, with commas between them (entry 2 is not)"
    )


@pytest.mark.parametrize(
    "value",
    [
        ".arcgis.com",
        "gis.contoso.com, GIS.contoso.com:6443",
        "localhost:1",
        "10.0.0.7:65535",
        "[::1]:443",
        "[::1]",
        "2001:db8::1",
        "gis_1",
    ],
)
def test_hosts_of_services_are_accepted_with_or_without_a_port(value: str) -> None:
    assert Settings.read({"ARCGIS_SERVICE_HOSTS": value}).arcgis_service_hosts == tuple(value.split(", "))


@pytest.mark.parametrize(
    "entry",
    [
        "https://gis.contoso.com",
        "gis.contoso.com/arcgis",
        "*.contoso.com",
        "gis.contoso.com:",
        "gis.contoso.com:0",
        "gis.contoso.com:65536",
        "gis.contoso.com:https",
        "gis contoso.com",
        "gis..contoso.com",
        "gis.contoso.com.",
        "m\u00fcnchen.example",
        "[gis.contoso.com]:443",
        "[::1",
        "1::x",
        ".",
    ],
)
def test_what_is_not_a_host_is_refused_by_the_name_of_the_setting_and_its_place(entry: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Settings.read({"ARCGIS_SERVICE_HOSTS": f".arcgis.com, {entry}"})
    assert caught.value.detail.startswith("ARCGIS_SERVICE_HOSTS is ")
    assert caught.value.detail.endswith("with commas between them (entry 2 is not)")


@pytest.mark.parametrize(
    ("name", "value", "phrase"),
    [
        ("ROLE_CACHE_SECONDS", "nine", "must be an integer"),
        ("ROLE_CACHE_SECONDS", "-1", "must be at least 0"),
        ("ROLE_DIRECTORY", "ldap", "must be 'table' or 'graph'"),
        ("DELIVERY_REQUIRE_HTTPS", "perhaps", "must be true or false"),
        ("DELIVERY_DEADLINE_SECONDS", "0", "must be more than 0.0"),
        ("DELIVERY_DEADLINE_SECONDS", "61", "must be at most 60.0"),
        ("DELIVERY_DEADLINE_SECONDS", "x", "must be a number"),
        ("DELIVERY_RETRY_DELAYS", "1,soon", "must be an integer"),
        ("DELIVERY_ALLOWED_NETWORKS", "10.0.0.0/33", "must be networks in CIDR notation, such as 10.0.0.0/8"),
        ("PUBLIC_URL", "hub.example", "must be an address without path, such as https://hub.example"),
        ("PUBLIC_URL", "https://hub.example/x", "must be an address without path, query, user or password"),
    ],
)
def test_what_a_setting_must_be_is_said_once(name: str, value: str, phrase: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Settings.read({name: value})
    assert caught.value.detail.endswith(f": {phrase}")
    assert caught.value.detail.count(name) == 1


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
def test_any_text_is_accepted_or_refused_by_the_name_of_its_setting(environment: dict[str, str]) -> None:
    details = []
    try:
        Settings.read(environment)
    except Misconfigured as refusal:
        details.append(refusal.detail)
    assert all(detail.startswith(tuple(environment)) for detail in details)
