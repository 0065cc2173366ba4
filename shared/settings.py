"""App settings, cast and checked once; docs/settings.md explains each.

A wrong setting is `Misconfigured`, with a sentence that names the setting, and its value unless that may be a secret.
It is raised when the settings are read, never when a module is imported: a function that cannot be imported turns its
queue messages into poison.
"""

import logging
import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic_core import ErrorDetails

from shared.errors import Misconfigured

# What the platform leaves in the place of a secret that it could not fetch.
_UNRESOLVED = "@microsoft.keyvault("
# A wrong value is shown, so that whoever runs the app finds it, unless it may hold a secret: a password in an address,
# a key in its query, a connection string, a key that stands in the wrong setting.
# A long run of letters and digits is taken for a key.
_SHOWN = re.compile(r"(?!.*[\w-]{25})[\w.,:/ -]{0,80}")

log = logging.getLogger(__name__)


def _base_url(value: str) -> str:
    address = value.rstrip("/")
    if value:
        parts = AnyHttpUrl(value)
        if parts.username or parts.password or parts.path not in {None, "/"} or parts.query or parts.fragment:
            raise ValueError("an address without path, query, user or password is needed")
    return address


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


BaseUrl = Annotated[str, AfterValidator(_base_url)]
Network = IPv4Network | IPv6Network
Seconds = Annotated[int, Field(ge=0)]
Limit = Annotated[int, Field(ge=1)]
# A queue hides a message for 7 days at most.
QueueDelay = Annotated[int, Field(ge=0, le=604_800)]


class StorageSettings(BaseModel):
    """Where the storage account is: a connection string, or the account's name or addresses and azure-identity."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, str_strip_whitespace=True)

    connection_string: SecretStr | None = Field(None, alias="AzureWebJobsStorage")
    account_name: str | None = Field(None, alias="AzureWebJobsStorage__accountName")
    table_service_uri: str | None = Field(None, alias="AzureWebJobsStorage__tableServiceUri")
    queue_service_uri: str | None = Field(None, alias="AzureWebJobsStorage__queueServiceUri")
    client_id: str | None = Field(None, alias="AzureWebJobsStorage__clientId")


class Settings(BaseModel):
    """The settings of the app. A field's alias is the name of its app setting; an empty one counts as not set."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, str_strip_whitespace=True)

    storage: StorageSettings
    public_url: BaseUrl = Field("http://localhost:7071", alias="PUBLIC_URL")
    role_directory: Literal["table", "graph"] = Field("table", alias="ROLE_DIRECTORY")
    relationship_manager_role: str = Field("Relationship Manager", alias="RELATIONSHIP_MANAGER_ROLE")
    administrator_role: str = Field("Webhook Administrator", alias="ADMINISTRATOR_ROLE")
    role_cache_seconds: Seconds = Field(300, alias="ROLE_CACHE_SECONDS")
    sharepoint_site_id: str = Field("", alias="SHAREPOINT_SITE_ID")
    sharepoint_role_list: str = Field("UserRoles", alias="SHAREPOINT_ROLE_LIST")
    graph_url: BaseUrl = Field("https://graph.microsoft.com", alias="GRAPH_URL")
    dataverse_url: BaseUrl = Field("", alias="DATAVERSE_URL")
    notice_mailbox: str = Field("", alias="NOTICE_MAILBOX")
    notice_domains: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field((), alias="NOTICE_DOMAINS")
    max_webhooks: Limit = Field(10_000, alias="MAX_WEBHOOKS")
    max_webhooks_per_caller: Limit = Field(1000, alias="MAX_WEBHOOKS_PER_CALLER")
    max_events_per_webhook: Limit = Field(100, alias="MAX_EVENTS_PER_WEBHOOK")
    max_webhook_bytes: Limit = Field(65_536, alias="MAX_WEBHOOK_BYTES")
    max_signals_per_minute: Limit = Field(1200, alias="MAX_SIGNALS_PER_MINUTE")
    disable_after: Annotated[int, Field(ge=1)] = Field(9, alias="DELIVERY_DISABLE_AFTER")
    crmscript_entry_points: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        (), alias="CRMSCRIPT_ENTRY_POINTS"
    )
    secrets_key: SecretStr | None = Field(None, alias="SECRETS_KEY")
    delivery_allowed_networks: Annotated[tuple[Network, ...], BeforeValidator(_split)] = Field(
        (), alias="DELIVERY_ALLOWED_NETWORKS"
    )
    delivery_require_https: bool = Field(True, alias="DELIVERY_REQUIRE_HTTPS")
    delivery_deadline_seconds: Annotated[float, Field(gt=0, le=60)] = Field(15, alias="DELIVERY_DEADLINE_SECONDS")
    delivery_max_response_bytes: Annotated[int, Field(gt=0)] = Field(65536, alias="DELIVERY_MAX_RESPONSE_BYTES")
    secret_overlap_seconds: Annotated[int, Field(ge=0, le=604_800)] = Field(
        86400, alias="DELIVERY_SECRET_OVERLAP_SECONDS"
    )
    entra_tenant_id: str = Field("", alias="ENTRA_TENANT_ID")
    entra_client_id: str = Field("", alias="ENTRA_CLIENT_ID")
    entra_authority: BaseUrl = Field("https://login.microsoftonline.com", alias="ENTRA_AUTHORITY")
    website_hostname: str = Field("", alias="WEBSITE_HOSTNAME")
    app_service_auth: bool = Field(False, alias="WEBSITE_AUTH_ENABLED")
    arcgis_portal_url: BaseUrl = Field("https://www.arcgis.com", alias="ARCGIS_PORTAL_URL")
    arcgis_org_ids: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field((), alias="ARCGIS_ORG_IDS")
    arcgis_service_hosts: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        (".arcgis.com",), alias="ARCGIS_SERVICE_HOSTS"
    )
    arcgis_hook_key: SecretStr | None = Field(None, alias="ARCGIS_HOOK_KEY")
    arcgis_follow_changes: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        (), alias="ARCGIS_FOLLOW_CHANGES"
    )
    retry_delays: Annotated[tuple[QueueDelay, ...], BeforeValidator(_split)] = Field(
        (1, 4, 300, 1800, 7200, 18000, 36000), alias="DELIVERY_RETRY_DELAYS"
    )

    @property
    def own_urls(self) -> tuple[str, ...]:
        """Where this app answers: at PUBLIC_URL, and by the name that the platform gave it."""
        return (self.public_url, *([f"https://{self.website_hostname}"] if self.website_hostname else []))

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The settings of this environment; raises Misconfigured, which names what is wrong."""
        given: dict[str, Any] = _given(environment)
        try:
            return cls.model_validate({**given, "storage": StorageSettings.model_validate(given)})
        except ValidationError as exc:
            raise Misconfigured("; ".join(_explain(error) for error in exc.errors())) from None


def _given(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings of ours that are set, without blanks around: a value that was pasted brings some along."""
    known = setting_names()
    given = {name: value for name, text in environment.items() if name in known and (value := text.strip())}
    for name in [name for name, value in given.items() if value.lower().startswith(_UNRESOLVED)]:
        log.warning("%s is a reference to Key Vault that was not resolved: it counts as not set", name)
        del given[name]
    return given


def _explain(error: ErrorDetails) -> str:
    name = str(error["loc"][0])
    value = str(error["input"])
    shown = repr(value) if _SHOWN.fullmatch(value) else "not shown"
    return f"{name} is {shown}: {error['msg'].lower()}"


def setting_names() -> frozenset[str]:
    """The names of all app settings that the app reads."""
    fields = (*Settings.model_fields.values(), *StorageSettings.model_fields.values())
    return frozenset(field.alias for field in fields if field.alias is not None)
