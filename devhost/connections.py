"""The queues that the `connection` of a binding names: an app setting's name or a prefix.

Source: docs/sources/functions.md 1.5, 2.
"""

from collections.abc import Callable, Mapping

from devhost.azurite import DEFAULT_PORTS, development_connection_string
from devhost.queue_account import QueueAccount, Token, account_by_connection_string
from devhost.queue_service import QueueService
from shared.azure_transport import DeadlineTransport
from shared.errors import IdentityDown

_DEFAULT = "AzureWebJobsStorage"
_SCOPE = "https://storage.azure.com/.default"


class NoConnection(ValueError):
    """The app setting that a connection names is missing or cannot be used."""


def queue_service(connection: str, environment: Mapping[str, str]) -> QueueService:
    """The queue service that a binding names; raises NoConnection."""
    name = connection or _DEFAULT
    for candidate in (name, f"AzureWebJobs{name}"):
        if text := environment.get(candidate):
            return _by_connection_string(candidate, text)
        if uri := _service_uri(candidate, environment):
            return QueueService(QueueAccount(uri.rstrip("/"), Token(_token(environment.get(f"{candidate}__clientId")))))
    raise NoConnection(f"the app setting {name} is missing: a queue's connection names it")


def _by_connection_string(name: str, text: str) -> QueueService:
    try:
        return QueueService(account_by_connection_string(text, development_connection_string(DEFAULT_PORTS)))
    except ValueError:
        # Its own text may repeat a part of the connection string.
        raise NoConnection(f"the app setting {name} is not a connection string") from None


def _service_uri(prefix: str, environment: Mapping[str, str]) -> str | None:
    account = environment.get(f"{prefix}__accountName")
    uri = environment.get(f"{prefix}__queueServiceUri")
    return uri or (f"https://{account}.queue.core.windows.net" if account else None)


def _token(client_id: str | None) -> Callable[[], str]:
    from azure.identity import DefaultAzureCredential

    # It keeps a token for as long as it is valid.
    transport = DeadlineTransport(IdentityDown, "the identity provider")
    credential = DefaultAzureCredential(managed_identity_client_id=client_id, transport=transport)
    return lambda: credential.get_token(_SCOPE).token
