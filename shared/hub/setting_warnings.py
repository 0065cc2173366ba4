"""Settings that are right one by one and make no sense together; the log and Health tell of them.

Whoever set the hub up reads it there before the first event meets it. A setting that is wrong by itself is another
matter: then the hub is not put together at all (shared/settings.py).
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from shared.keeping.retention_rules import retention_warnings
from shared.settings import Settings

_AT_A_DESK = {"localhost", "127.0.0.1", "0.0.0.0"}  # noqa: S104 - compared with, not listened at


def setting_warnings(settings: Settings) -> list[str]:
    """A sentence for each contradiction, and for each reference to Key Vault that was not resolved.

    Each sentence names its settings, what follows from it, and no value that may be a secret.
    """
    return [
        *_references(settings),
        *_storage(settings),
        *_addresses(settings),
        *_roles(settings),
        *_callers(settings),
        *_arcgis(settings),
        *_notices(settings),
        *_delivery(settings),
        *_retention(settings),
    ]


def _references(settings: Settings) -> Iterator[str]:
    for name in settings.unresolved:
        yield f"{name} is a reference to Key Vault that was not resolved: it counts as not set"


def _storage(settings: Settings) -> Iterator[str]:
    storage = settings.storage
    others = (storage.account_name, storage.table_service_uri, storage.queue_service_uri)
    if storage.connection_string is not None and any(others):
        yield (
            "AzureWebJobsStorage and AzureWebJobsStorage__... are both set: the app uses the connection string, and "
            "the host may use the other"
        )


def _addresses(settings: Settings) -> Iterator[str]:
    is_deployed = bool(settings.website_hostname) and not _is_at_a_desk(f"//{settings.website_hostname}")
    if is_deployed and _is_at_a_desk(settings.public_url):
        yield (
            f"PUBLIC_URL is {settings.public_url} in an app that the platform calls {settings.website_hostname}: "
            "webhooks that are registered in Dataverse and ArcGIS would point to nowhere"
        )


def _is_at_a_desk(url: str) -> bool:
    return urlsplit(url).hostname in _AT_A_DESK


def _roles(settings: Settings) -> Iterator[str]:
    if settings.role_directory == "graph":
        needed = {"DATAVERSE_URL": settings.dataverse_url, "SHAREPOINT_SITE_ID": settings.sharepoint_site_id}
        if missing := [name for name, value in needed.items() if not value]:
            yield f"ROLE_DIRECTORY is graph, and {' and '.join(missing)} is not set: roles cannot be looked up"
    elif settings.sharepoint_site_id:
        yield "SHAREPOINT_SITE_ID is set, and ROLE_DIRECTORY is table: the list of roles in SharePoint is not read"
    if settings.relationship_manager_role.casefold() == settings.administrator_role.casefold():
        yield (
            "RELATIONSHIP_MANAGER_ROLE and ADMINISTRATOR_ROLE are the same role: each Relationship Manager is an "
            "administrator too"
        )


def _callers(settings: Settings) -> Iterator[str]:
    given = {"ENTRA_TENANT_ID": settings.entra_tenant_id, "ENTRA_CLIENT_ID": settings.entra_client_id}
    is_signed_in_before = settings.app_service_auth
    if is_signed_in_before and not settings.entra_tenant_id:
        yield "App Service Authentication is on, and ENTRA_TENANT_ID is not set: whoever it signs in is refused"
    elif any(given.values()) and not all(given.values()) and not is_signed_in_before:
        [missing] = [name for name, value in given.items() if not value]
        [there] = [name for name in given if name != missing]
        yield f"{there} is set, and {missing} is not: no access token of Entra is accepted"


def _arcgis(settings: Settings) -> Iterator[str]:
    if settings.arcgis_follow_changes and not settings.arcgis_org_ids:
        yield "ARCGIS_FOLLOW_CHANGES is set, and ARCGIS_ORG_IDS is not: nobody of ArcGIS may register a connection"
    if settings.arcgis_org_ids and settings.secrets_key is None:
        yield "ARCGIS_ORG_IDS is set, and SECRETS_KEY is not: connections of ArcGIS cannot be registered with a secret"


def _notices(settings: Settings) -> Iterator[str]:
    if settings.notice_domains and not settings.notice_mailbox:
        yield "NOTICE_DOMAINS is set, and NOTICE_MAILBOX is not: notices of disabled webhooks are only logged"


def _delivery(settings: Settings) -> Iterator[str]:
    longest = max(settings.circuit_delays)
    if longest >= settings.give_up_seconds:
        yield (
            f"DELIVERY_CIRCUIT_DELAYS reaches {longest} and DELIVERY_GIVE_UP_SECONDS is {settings.give_up_seconds}: "
            "deliveries fail before their receiver is tried again"
        )


def _retention(settings: Settings) -> Iterator[str]:
    yield from retention_warnings(settings.retention_days, settings.retention_payload_days)
    if not settings.retention_schedule:
        yield (
            "RETENTION_SCHEDULE is not set: the function Retention never runs, so nothing is removed, and what was "
            "lost is not made again"
        )
