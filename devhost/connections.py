"""Queue clients for the `connection` of a binding: an app setting's name or a prefix (facts/functions.md 1.5, 2)."""

from collections.abc import Mapping
from typing import Any

from azure.storage.queue import QueueServiceClient

_DEFAULT = "AzureWebJobsStorage"
_QUICK: dict[str, Any] = {
    "connection_timeout": 3,
    "read_timeout": 10,
    "retry_total": 2,
    "initial_backoff": 0.3,
    "increment_base": 2,
}


class NoConnection(ValueError):
    """No app setting has this name."""


def queue_service(connection: str, environment: Mapping[str, str]) -> QueueServiceClient:
    """The queue service that a binding names; raises NoConnection."""
    name = connection or _DEFAULT
    for candidate in (name, f"AzureWebJobs{name}"):
        if text := environment.get(candidate):
            return QueueServiceClient.from_connection_string(text, **_QUICK)
        if uri := _service_uri(candidate, environment):
            return _by_identity(uri, environment.get(f"{candidate}__clientId"))
    raise NoConnection(f"the app setting {name} is missing, which a queue's connection names")


def _service_uri(prefix: str, environment: Mapping[str, str]) -> str | None:
    account = environment.get(f"{prefix}__accountName")
    uri = environment.get(f"{prefix}__queueServiceUri")
    return uri or (f"https://{account}.queue.core.windows.net" if account else None)


def _by_identity(uri: str, client_id: str | None) -> QueueServiceClient:
    from azure.identity import DefaultAzureCredential

    credential = DefaultAzureCredential(managed_identity_client_id=client_id)
    return QueueServiceClient(uri, credential=credential, **_QUICK)
