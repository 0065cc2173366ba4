"""The app's settings in Azure: what infra/main.json writes, what its parameters choose, and what it leaves out."""

import json
import re
from itertools import chain
from typing import Any

import pytest

from shared.settings import Settings
from tests.infra.arm_language import TENANT_ID
from tests.infra.hub import PARAMETERS, app_settings
from tests.support.paths import ROOT

DOCUMENTED = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
DOCUMENTED_DEFAULTS = dict(re.findall(r"^\| `(\w+)` \| (?:`(.*?)`)? ?\|", DOCUMENTED, re.MULTILINE))
US_GOVERNMENT = {"name": "AzureUSGovernment", "authentication": {"loginEndpoint": "https://login.microsoftonline.us/"}}


def reference(secret: str) -> str:
    return f"@Microsoft.KeyVault(SecretUri=https://vault.example/secrets/{secret})"


FIXED = {
    "AzureWebJobsStorage__blobServiceUri": "https://account.blob.example/",
    "AzureWebJobsStorage__queueServiceUri": "https://account.queue.example/",
    "AzureWebJobsStorage__tableServiceUri": "https://account.table.example/",
    "AzureWebJobsStorage__credential": "managedidentity",
    "AzureWebJobsStorage__clientId": "CLIENT-ID",
    "AZURE_CLIENT_ID": "CLIENT-ID",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "CONNECTION-STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "ClientId=CLIENT-ID;Authorization=AAD",
    "SECRETS_KEY": reference("secrets-key"),
    "CONSOLE_KEY": reference("console-key"),
    "ARCGIS_HOOK_KEY": reference("arcgis-hook-key"),
}
"""What no parameter changes."""

UNCHOSEN = {
    "ADMINISTRATOR_ROLE": "Webhook Administrator",
    "ARCGIS_PORTAL_URL": "https://www.arcgis.com",
    "ARCGIS_SERVICE_HOSTS": ".arcgis.com",
    "DYNAMICS_EVENTS": "*.*",
    "DYNAMICS_EVENTS_ROLE": "false",
    "ENTRA_AUTHORITY": "https://login.microsoftonline.com/",
    "GRAPH_URL": "https://graph.microsoft.com",
    "OPENTELEMETRY": "false",
    "PUBLIC_URL": "https://hub.example",
    "PYTHON_THREADPOOL_THREAD_COUNT": "192",
    "RELATIONSHIP_MANAGER_ROLE": "Relationship Manager",
    "RETENTION_DAYS": "90",
    "RETENTION_PAYLOAD_DAYS": "0",
    "RETENTION_SCHEDULE": "0 30 3 * * *",
    "ROLE_DIRECTORY": "table",
    "SHAREPOINT_ROLE_LIST": "UserRoles",
}
"""What is written beside them where nothing is chosen."""

CHOSEN: dict[str, tuple[object, str, str]] = {
    "openTelemetry": (True, "OPENTELEMETRY", "true"),
    "otlpEndpoint": ("https://otlp.example", "OTEL_EXPORTER_OTLP_ENDPOINT", "https://otlp.example"),
    "publicUrl": ("https://hooks.example", "PUBLIC_URL", "https://hooks.example"),
    "roleDirectory": ("graph", "ROLE_DIRECTORY", "graph"),
    "relationshipManagerRole": ("Manager", "RELATIONSHIP_MANAGER_ROLE", "Manager"),
    "administratorRole": ("Admin", "ADMINISTRATOR_ROLE", "Admin"),
    "sharepointSiteId": ("site", "SHAREPOINT_SITE_ID", "site"),
    "sharepointRoleList": ("Roles", "SHAREPOINT_ROLE_LIST", "Roles"),
    "graphUrl": ("https://graph.example", "GRAPH_URL", "https://graph.example"),
    "dataverseUrl": ("https://crm.example", "DATAVERSE_URL", "https://crm.example"),
    "dynamicsEvents": ("opportunity.*", "DYNAMICS_EVENTS", "opportunity.*"),
    "dynamicsEventsRole": (True, "DYNAMICS_EVENTS_ROLE", "true"),
    "dynamicsOrganizations": (TENANT_ID, "DYNAMICS_ORGANIZATIONS", TENANT_ID),
    "entraTenantId": ("tenant", "ENTRA_TENANT_ID", "tenant"),
    "entraClientId": ("api", "ENTRA_CLIENT_ID", "api"),
    "consoleClientId": ("console", "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID", "CLIENT-ID"),
    "noticeMailbox": ("hub@contoso.com", "NOTICE_MAILBOX", "hub@contoso.com"),
    "noticeDomains": ("contoso.com", "NOTICE_DOMAINS", "contoso.com"),
    "retentionDays": (30, "RETENTION_DAYS", "30"),
    "retentionPayloadDays": (7, "RETENTION_PAYLOAD_DAYS", "7"),
    "retentionSchedule": ("0 0 1 * * *", "RETENTION_SCHEDULE", "0 0 1 * * *"),
    "arcgisPortalUrl": ("https://gis.example", "ARCGIS_PORTAL_URL", "https://gis.example"),
    "arcgisOrgIds": ("org", "ARCGIS_ORG_IDS", "org"),
    "arcgisServiceHosts": ("gis.example", "ARCGIS_SERVICE_HOSTS", "gis.example"),
    "extraSettings": ({"MAX_WEBHOOKS": 500}, "MAX_WEBHOOKS", "500"),
}
"""Parameter: a value for it, and the setting that it makes."""

OF_THE_RESOURCES: dict[str, object] = {
    "environmentName": None,
    "location": None,
    "resourceGroupName": "",
    "nameSalt": "",
    "extraTags": {},
    "principalId": "[deployer().objectId]",
    "principalType": "User",
    "operatorAccess": True,
    "instanceMemoryMB": 2048,
    "maxInstances": 100,
    "httpConcurrency": 16,
    "alwaysReadyHttp": 0,
    "alwaysReadyEventDispatch": 0,
    "zoneRedundant": False,
    "storageSku": "",
    "purgeProtection": False,
    "recoverVault": False,
    "alertEmail": "",
    "logRetentionDays": 30,
    "dailyQuotaGb": 1,
}
"""Parameters that make no setting, with their defaults; the first two have none."""

EVERYTHING: dict[str, Any] = {name: value for name, (value, _, _) in CHOSEN.items()}
WRITTEN = app_settings(**{**EVERYTHING, "extraSettings": {}}).keys()
NOT_THE_APPS = {
    "AzureWebJobsStorage__blobServiceUri": "the host's own blobs; the app has none",
    "AzureWebJobsStorage__credential": "the host asks for it beside the client id",
    "AZURE_CLIENT_ID": "azure-identity's",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "the host's",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "the host's",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "of OpenTelemetry",
    "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID": "App Service Authentication's",
    "PYTHON_THREADPOOL_THREAD_COUNT": "the worker's",
}
"""Written, and not in the table of docs/settings.md, and whose each is."""

LEFT_OUT = {
    "AzureWebJobsStorage": "there is no key; the host would take it for a connection string even if it is empty",
    "AzureWebJobsStorage__accountName": "the addresses are the general form, in every cloud",
    "WEBSITE_HOSTNAME": "the platform sets it",
    "WEBSITE_AUTH_ENABLED": "the platform sets it",
    **dict.fromkeys(
        [
            *("ROLE_CACHE_SECONDS", "CRMSCRIPT_ENTRY_POINTS", "ARCGIS_FOLLOW_CHANGES"),
            *("MAX_WEBHOOKS", "MAX_WEBHOOKS_PER_CALLER", "MAX_EVENTS_PER_WEBHOOK", "MAX_WEBHOOK_BYTES"),
            *("MAX_SIGNALS_PER_MINUTE", "DELIVERY_DISABLE_AFTER", "DELIVERY_DISABLE_AFTER_SECONDS"),
            *("DELIVERY_CIRCUIT_AFTER", "DELIVERY_CIRCUIT_DELAYS", "DELIVERY_GIVE_UP_SECONDS"),
            *("DELIVERY_ALLOWED_NETWORKS", "DELIVERY_REQUIRE_HTTPS", "DELIVERY_DEADLINE_SECONDS"),
            *("DELIVERY_MAX_RESPONSE_BYTES", "DELIVERY_SECRET_OVERLAP_SECONDS", "DELIVERY_RETRY_DELAYS"),
        ],
        "the default suits most; extraSettings takes it",
    ),
}
"""In the table of docs/settings.md and not written, and why."""

NOT_ON_FLEX_CONSUMPTION = {
    *("FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_EXTENSION_VERSION", "WEBSITE_RUN_FROM_PACKAGE", "WEBSITE_CONTENTSHARE"),
    *("WEBSITE_CONTENTAZUREFILECONNECTIONSTRING", "SCM_DO_BUILD_DURING_DEPLOYMENT", "ENABLE_ORYX_BUILD"),
    *("WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT", "WEBSITE_TIME_ZONE", "TZ", "AzureWebJobsFeatureFlags"),
}
"""Other plans have them; this one refuses or ignores them."""


def test_exactly_these_settings_are_written_where_nothing_is_chosen() -> None:
    assert app_settings() == {**FIXED, **UNCHOSEN}


@pytest.mark.parametrize("parameter", CHOSEN)
def test_a_parameter_makes_its_setting(parameter: str) -> None:
    value, setting, expected = CHOSEN[parameter]
    assert app_settings(**{parameter: value})[setting] == expected
    assert app_settings().get(setting) != expected


def test_every_parameter_has_a_test() -> None:
    assert CHOSEN.keys() | OF_THE_RESOURCES.keys() == PARAMETERS.keys()
    assert {name: PARAMETERS[name].get("defaultValue") for name in OF_THE_RESOURCES} == OF_THE_RESOURCES


def test_every_documented_setting_is_written_or_has_a_reason_why_not() -> None:
    assert DOCUMENTED_DEFAULTS.keys() - WRITTEN == LEFT_OUT.keys()


def test_every_written_setting_is_documented_or_somebody_elses() -> None:
    assert WRITTEN - DOCUMENTED_DEFAULTS.keys() == NOT_THE_APPS.keys()


def test_a_setting_of_the_plan_before_is_never_written() -> None:
    assert NOT_ON_FLEX_CONSUMPTION.isdisjoint(WRITTEN)


# The template always writes these two, for the app has no default that would do.
@pytest.mark.parametrize(
    "name", sorted(UNCHOSEN.keys() & DOCUMENTED_DEFAULTS.keys() - {"PUBLIC_URL", "RETENTION_SCHEDULE"})
)
def test_a_default_of_the_template_is_that_of_the_app(name: str) -> None:
    # The table has nothing for `false`.
    assert UNCHOSEN[name].rstrip("/") == (DOCUMENTED_DEFAULTS[name] or "false")


def test_the_app_reads_what_is_written() -> None:
    chosen = {**EVERYTHING, "extraSettings": {"DELIVERY_DEADLINE_SECONDS": "20"}}
    settings = Settings.read(app_settings(**chosen))
    assert settings.storage.connection_string is None
    assert settings.storage.client_id == "CLIENT-ID"
    assert settings.storage.table_service_uri == "https://account.table.example/"
    assert settings.dynamics_events_role is True
    assert settings.delivery_deadline_seconds == 20
    # Until a hook has made the key, the platform hands the reference itself.
    assert settings.secrets_key is None


@pytest.mark.parametrize("name", ["AzureWebJobsStorage", "azurewebjobsstorage"])
def test_a_connection_string_is_never_written(name: str) -> None:
    assert name not in app_settings(extraSettings={name: "UseDevelopmentStorage=true"})


@pytest.mark.parametrize("name", FIXED)
def test_what_the_deployment_itself_needs_is_never_replaced(name: str) -> None:
    assert app_settings(extraSettings={name: "mine"})[name] == FIXED[name]


def test_another_setting_wins_over_a_parameter_and_an_empty_one_is_none() -> None:
    extra = {"PYTHON_THREADPOOL_THREAD_COUNT": "64", "RETENTION_SCHEDULE": "", "MAX_WEBHOOKS": ""}
    settings = app_settings(extraSettings=extra)
    assert settings["PYTHON_THREADPOOL_THREAD_COUNT"] == "64"
    assert settings["RETENTION_SCHEDULE"] == UNCHOSEN["RETENTION_SCHEDULE"]
    assert "MAX_WEBHOOKS" not in settings


def test_retention_always_has_a_time() -> None:
    assert app_settings(retentionSchedule="")["RETENTION_SCHEDULE"] == UNCHOSEN["RETENTION_SCHEDULE"]


def test_what_names_storage_and_identity_is_no_reference() -> None:
    # The platform reads them before it could read the vault: queues would stay asleep.
    plain = [name for name, value in app_settings().items() if not value.startswith("@")]
    assert {name for name in FIXED if name.startswith(("Azure", "AZURE", "APPLICATION"))} <= set(plain)
    # The exporter for Python drops the identity if a semicolon ends this one.
    assert not FIXED["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"].endswith(";")


@pytest.mark.parametrize("application", ["entraClientId", "consoleClientId"])
def test_tokens_are_of_the_subscriptions_tenant_unless_another_is_given(application: str) -> None:
    assert app_settings(**{application: "id"})["ENTRA_TENANT_ID"] == TENANT_ID
    assert app_settings(**{application: "id", "entraTenantId": "other"})["ENTRA_TENANT_ID"] == "other"
    assert "ENTRA_TENANT_ID" not in app_settings()


def test_a_national_cloud_has_addresses_of_its_own() -> None:
    settings = app_settings(US_GOVERNMENT)
    assert settings["GRAPH_URL"] == "https://graph.microsoft.us"
    assert Settings.read(settings).entra_authority == "https://login.microsoftonline.us"
    china = app_settings({**US_GOVERNMENT, "name": "AzureChinaCloud"})
    assert china["GRAPH_URL"] == "https://microsoftgraph.chinacloudapi.cn"
    assert "GRAPH_URL" not in app_settings({**US_GOVERNMENT, "name": "AzureElsewhere"})


REQUIRED = {"environmentName", "location"}
GIVEN: dict[str, str] = {
    name: given["value"]
    for name, given in json.loads((ROOT / "infra/main.parameters.json").read_text())["parameters"].items()
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_says_what_it_is_and_asks_nobody(name: str) -> None:
    assert PARAMETERS[name]["metadata"]["description"].endswith(".")
    assert ("defaultValue" in PARAMETERS[name]) is (name not in REQUIRED)


def test_azd_hands_every_parameter_a_variable_of_its_own() -> None:
    assert GIVEN.keys() == PARAMETERS.keys()
    variables = [re.fullmatch(r"\$\{([A-Z][A-Z_]+)\}", value) for value in GIVEN.values()]
    assert all(variables)
    assert len(set(GIVEN.values())) == len(GIVEN)


@pytest.mark.parametrize("parameter", sorted(CHOSEN.keys() - {"extraSettings", "consoleClientId"}))
def test_the_variable_of_a_setting_has_its_name(parameter: str) -> None:
    assert GIVEN[parameter] == f"${{{CHOSEN[parameter][1]}}}"


def test_what_azd_sets_itself_is_taken_from_there() -> None:
    assert {GIVEN[name] for name in ("environmentName", "location", "principalId", "principalType")} == {
        *("${AZURE_ENV_NAME}", "${AZURE_LOCATION}", "${AZURE_PRINCIPAL_ID}", "${AZURE_PRINCIPAL_TYPE}")
    }


def test_no_setting_is_listed_twice() -> None:
    names = list(chain(FIXED, UNCHOSEN))
    assert len(names) == len(set(names))
