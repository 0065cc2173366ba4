"""App settings, cast and checked once; docs/settings.md explains each.

A wrong setting is `Misconfigured`, with a sentence that names the setting, and its value unless it may be a secret. It
is raised when the settings are read, never when a module is imported: if a function cannot be imported, the host moves
its queue messages into the poison queue.
"""

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
from shared.host_names import HostEntry, domain_name
from shared.validation import BOOLEAN, INTEGER, UUID_PATTERN, phrase_of

# What the platform leaves in place of a secret that it could not fetch.
_UNRESOLVED = "@microsoft.keyvault("
# A wrong value is shown to those who run the app unless it may hold a secret: a password in an address, a key in its
# query, a connection string, a key in the wrong setting. A long run of letters and digits may be a key.
_SHOWN = re.compile(r"(?!.*[\w-]{25})[\w.,:/ -]{0,80}")
_EVENT_PATTERN = re.compile(r"(\*|[a-z0-9_-]+)\.(\*|[a-z0-9_.-]+)", re.IGNORECASE | re.ASCII)
_GUID = re.compile(UUID_PATTERN, re.IGNORECASE)
_ADDRESS = "must be an address without path, such as https://hub.example"
_NETWORK = "must be networks in CIDR notation, such as 10.0.0.0/8"
_PHRASES = {
    "bool_parsing": BOOLEAN,
    "int_parsing": INTEGER,
    "int_parsing_size": INTEGER,
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "greater_than": "must be more than {gt}",
    "url_parsing": _ADDRESS,
    "url_scheme": _ADDRESS,
    "url_too_long": _ADDRESS,
    "ip_v4_network": _NETWORK,
    "ip_v6_network": _NETWORK,
}


def _base_url(value: str) -> str:
    address = value.rstrip("/")
    if value:
        parts = AnyHttpUrl(value)
        if parts.username or parts.password or parts.path not in {None, "/"} or parts.query or parts.fragment:
            raise ValueError("must be an address without path, query, user or password")
    return address


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _domains(entries: tuple[str, ...]) -> tuple[str, ...]:
    """Refuses what is not a domain: notices to it would silently not be sent."""
    for number, entry in enumerate(entries, 1):
        if domain_name(entry.removeprefix("@")) is None:
            raise ValueError(f"must be domains, such as contoso.com, with commas between them (entry {number} is not)")
    return entries


def _event_patterns(entries: tuple[str, ...]) -> tuple[str, ...]:
    """Refuses what no event's name can match: its events would silently not be taken."""
    for number, entry in enumerate(entries, 1):
        if not _EVENT_PATTERN.fullmatch(entry):
            raise ValueError(
                "must be patterns table.verb, such as opportunity.updated, account.* or *.deleted, "
                f"with commas between them (entry {number} is not)"
            )
    return tuple(entry.lower() for entry in entries)


def _guids(entries: tuple[str, ...]) -> tuple[str, ...]:
    for number, entry in enumerate(entries, 1):
        if not _GUID.fullmatch(entry) or not entry.strip("0-"):
            raise ValueError(f"must be ids of organizations, with commas between them (entry {number} is not a GUID)")
    return tuple(entry.lower() for entry in entries)


def _service_hosts(entries: tuple[str, ...]) -> tuple[str, ...]:
    """Refuses what no address of a service can match: its services would silently be refused."""
    for number, entry in enumerate(entries, 1):
        if HostEntry.parse(entry) is None:
            raise ValueError(
                "must be hosts, such as gis.contoso.com, gis.contoso.com:6443 or .contoso.com, "
                f"with commas between them (entry {number} is not)"
            )
    return entries


BaseUrl = Annotated[str, AfterValidator(_base_url)]
Network = IPv4Network | IPv6Network
Seconds = Annotated[int, Field(ge=0)]
Limit = Annotated[int, Field(ge=1)]
# A circuit that never stayed open would be none, and one that stays open for longer than a day is a disabled webhook.
CircuitDelay = Annotated[int, Field(ge=1, le=86_400)]
# A queue hides a message for 7 days at most.
QueueDelay = Annotated[int, Field(ge=0, le=604_800)]


class StorageSettings(BaseModel):
    """Where the storage account is: a connection string, or the account's name or addresses and azure-identity."""

    model_config = ConfigDict(frozen=True, defer_build=True, populate_by_name=True, str_strip_whitespace=True)

    connection_string: SecretStr | None = Field(None, alias="AzureWebJobsStorage")
    account_name: str | None = Field(None, alias="AzureWebJobsStorage__accountName")
    table_service_uri: str | None = Field(None, alias="AzureWebJobsStorage__tableServiceUri")
    queue_service_uri: str | None = Field(None, alias="AzureWebJobsStorage__queueServiceUri")
    client_id: str | None = Field(None, alias="AzureWebJobsStorage__clientId")


class Settings(BaseModel):
    """The settings of the app. A field's alias is the name of its app setting; an empty one counts as not set."""

    model_config = ConfigDict(frozen=True, defer_build=True, populate_by_name=True, str_strip_whitespace=True)

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
    dynamics_events: Annotated[tuple[str, ...], BeforeValidator(_split), AfterValidator(_event_patterns)] = Field(
        ("*.*",), alias="DYNAMICS_EVENTS"
    )
    dynamics_events_role: bool = Field(False, alias="DYNAMICS_EVENTS_ROLE")
    dynamics_organizations: Annotated[tuple[str, ...], BeforeValidator(_split), AfterValidator(_guids)] = Field(
        (), alias="DYNAMICS_ORGANIZATIONS"
    )
    notice_mailbox: str = Field("", alias="NOTICE_MAILBOX")
    notice_domains: Annotated[tuple[str, ...], BeforeValidator(_split), AfterValidator(_domains)] = Field(
        (), alias="NOTICE_DOMAINS"
    )
    max_webhooks: Limit = Field(10_000, alias="MAX_WEBHOOKS")
    max_webhooks_per_caller: Limit = Field(1000, alias="MAX_WEBHOOKS_PER_CALLER")
    max_events_per_webhook: Limit = Field(100, alias="MAX_EVENTS_PER_WEBHOOK")
    max_webhook_bytes: Limit = Field(65_536, alias="MAX_WEBHOOK_BYTES")
    max_signals_per_minute: Limit = Field(1200, alias="MAX_SIGNALS_PER_MINUTE")
    disable_after: Limit = Field(9, alias="DELIVERY_DISABLE_AFTER")
    disable_after_seconds: Seconds = Field(86_400, alias="DELIVERY_DISABLE_AFTER_SECONDS")
    circuit_after: Limit = Field(5, alias="DELIVERY_CIRCUIT_AFTER")
    circuit_delays: Annotated[tuple[CircuitDelay, ...], BeforeValidator(_split), Field(min_length=1)] = Field(
        (5, 15, 60, 300, 1800), alias="DELIVERY_CIRCUIT_DELAYS"
    )
    give_up_seconds: Limit = Field(259_200, alias="DELIVERY_GIVE_UP_SECONDS")
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
    # Any text: what is wrong with it stops retention alone (keeping/retention_rules.py).
    retention_days: str = Field("90", alias="RETENTION_DAYS")
    retention_payload_days: str = Field("0", alias="RETENTION_PAYLOAD_DAYS")
    retention_schedule: str = Field("", alias="RETENTION_SCHEDULE")
    arcgis_portal_url: BaseUrl = Field("https://www.arcgis.com", alias="ARCGIS_PORTAL_URL")
    arcgis_org_ids: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field((), alias="ARCGIS_ORG_IDS")
    arcgis_service_hosts: Annotated[tuple[str, ...], BeforeValidator(_split), AfterValidator(_service_hosts)] = Field(
        (".arcgis.com",), alias="ARCGIS_SERVICE_HOSTS"
    )
    console_key: SecretStr | None = Field(None, alias="CONSOLE_KEY")
    arcgis_hook_key: SecretStr | None = Field(None, alias="ARCGIS_HOOK_KEY")
    arcgis_follow_changes: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        (), alias="ARCGIS_FOLLOW_CHANGES"
    )
    retry_delays: Annotated[tuple[QueueDelay, ...], BeforeValidator(_split)] = Field(
        (1, 4, 300, 1800, 7200, 18000, 36000), alias="DELIVERY_RETRY_DELAYS"
    )
    # The edge of a function reads it by itself, for the first request (telemetry/invocation.py).
    opentelemetry: bool = Field(False, alias="OPENTELEMETRY")
    unresolved: tuple[str, ...] = ()
    """Names of settings that are references to Key Vault which the platform did not resolve. No setting by itself."""

    @property
    def own_urls(self) -> tuple[str, ...]:
        """The addresses of this app: PUBLIC_URL, and the host name that the platform gave it."""
        return (self.public_url, *([f"https://{self.website_hostname}"] if self.website_hostname else []))

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The settings of this environment; raises Misconfigured, which names what is wrong."""
        found = _given(environment)
        unresolved = sorted(name for name, value in found.items() if value.lower().startswith(_UNRESOLVED))
        given: dict[str, Any] = {name: value for name, value in found.items() if name not in unresolved}
        try:
            storage = StorageSettings.model_validate(given)
            return cls.model_validate({**given, "storage": storage, "unresolved": unresolved})
        except ValidationError as exc:
            # A value may be wrong in several ways (as an IPv4 and as an IPv6 network); one of them is told.
            explained = {error["loc"][0]: _explain(error) for error in reversed(exc.errors())}
            raise Misconfigured("; ".join(reversed(explained.values()))) from None


def _given(environment: Mapping[str, str]) -> dict[str, str]:
    """The app's settings that are set, without white space around them: a value that was pasted may have some."""
    known = setting_names()
    return {name: value for name, text in environment.items() if name in known and (value := text.strip())}


def _explain(error: ErrorDetails) -> str:
    name = str(error["loc"][0])
    value = str(error["input"])
    shown = repr(value) if _SHOWN.fullmatch(value) else "not shown"
    return f"{name} is {shown}: {phrase_of(error, _PHRASES)}"


def setting_names() -> frozenset[str]:
    """The names of all app settings that the app reads."""
    fields = (*Settings.model_fields.values(), *StorageSettings.model_fields.values())
    return frozenset(field.alias for field in fields if field.alias is not None)
