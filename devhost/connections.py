"""Queue clients for the `connection` of a binding: an app setting's name or a prefix.

Source: docs/sources/functions.md 1.5, 2.
"""

from collections.abc import Mapping
from typing import Any

from azure.storage.queue import QueueServiceClient

from shared.azure_transport import DeadlineTransport
from shared.errors import IdentityDown

_DEFAULT = "AzureWebJobsStorage"
_QUICK: dict[str, Any] = {
    "retry_total": 1,
    "initial_backoff": 0.2,
    "increment_base": 0,
    "random_jitter_range": 0,
}


class NoConnection(ValueError):
    """The app setting that a connection names is missing or cannot be used."""


def queue_service(connection: str, environment: Mapping[str, str]) -> QueueServiceClient:
    """The queue service that a binding names; raises NoConnection."""
    name = connection or _DEFAULT
    for candidate in (name, f"AzureWebJobs{name}"):
        if text := environment.get(candidate):
            return _by_connection_string(candidate, text)
        if uri := _service_uri(candidate, environment):
            return _by_identity(uri, environment.get(f"{candidate}__clientId"))
    raise NoConnection(f"the app setting {name} is missing: a queue's connection names it")


def _by_connection_string(name: str, text: str) -> QueueServiceClient:
    try:
        # The SDK refuses "UseDevelopmentStorage=true;", which Core Tools take.
        return QueueServiceClient.from_connection_string(
            text.strip("; \t\r\n"), transport=DeadlineTransport(), **_QUICK
        )
    except ValueError:
        # The SDK's own text may repeat the connection string.
        raise NoConnection(f"the app setting {name} is not a connection string") from None


def _service_uri(prefix: str, environment: Mapping[str, str]) -> str | None:
    account = environment.get(f"{prefix}__accountName")
    uri = environment.get(f"{prefix}__queueServiceUri")
    return uri or (f"https://{account}.queue.core.windows.net" if account else None)


def _by_identity(uri: str, client_id: str | None) -> QueueServiceClient:
    from azure.identity import DefaultAzureCredential

    transport = DeadlineTransport(IdentityDown, "the identity provider")
    credential = DefaultAzureCredential(managed_identity_client_id=client_id, transport=transport)
    return QueueServiceClient(uri, credential=credential, transport=DeadlineTransport(), **_QUICK)
