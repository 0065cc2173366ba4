"""The storage account: its tables and queues, by connection string or identity, over one transport per process."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from azure.data.tables import TableClient
from azure.storage.queue import QueueClient, TextBase64EncodePolicy

from shared.azure_transport import DeadlineTransport
from shared.errors import IdentityDown, Misconfigured
from shared.settings import StorageSettings
from shared.storage.connection_string import connection_string_fault
from shared.storage.queues import Queue
from shared.storage.tables import Table
from shared.storage.transport import StorageTransport

_TABLE_RETRIES = {
    **{f"retry_{what}": 2 for what in ("total", "connect", "read", "status")},
    "retry_backoff_factor": 0.5,
    "retry_backoff_max": 2,
}
# Once more after about a second. A send that timed out may have arrived, so each further try can be one message more.
_QUEUE_RETRIES = {
    **{f"retry_{what}": 1 for what in ("total", "connect", "read", "status")},
    "initial_backoff": 0,
    "increment_base": 1,
    "random_jitter_range": 0,
}

# One line for each storage call at level INFO would drown the app's own log.
logging.getLogger("azure.core.pipeline.policies.http_logging_policy").setLevel(logging.WARNING)


class StorageAccount:
    """Gives tables and queues by name. Tests pass a `transport` that counts calls, or lets them fail.

    Each client is made here, not by a service client: that would wrap the transport in one without its `sleep`.
    """

    def __init__(self, settings: StorageSettings, transport: StorageTransport | None = None) -> None:
        self._settings = settings
        self._transport = transport or StorageTransport()
        self._credential = None if settings.connection_string else _identity(settings)

    def now(self) -> datetime:
        """The current time, in UTC, by storage's clock, which all instances share, as its answers so far tell it.

        It is about a second exact. It may go back a little when another answer tells it better.
        """
        return self._transport.now()

    @property
    def is_refusing(self) -> bool:
        """True while calls to tables or to queues are refused at once, because the last ones got no answer."""
        return self._transport.is_refusing

    def table(self, name: str) -> Table:
        """The table with this name; the first write creates it."""
        options: dict[str, Any] = {"transport": self._transport, **_TABLE_RETRIES}
        if self._settings.connection_string is not None:
            return Table(self._from_string(TableClient.from_connection_string, table_name=name, **options))
        endpoint = self._settings.table_service_uri or self._endpoint("table")
        return Table(TableClient(endpoint, name, credential=self._credential, **options))

    def queue(self, name: str) -> Queue:
        """The queue with this name; the first message creates it. Texts are base64, as host.json says."""
        encoding = {"message_encode_policy": TextBase64EncodePolicy()}
        options: dict[str, Any] = {"transport": self._transport, **encoding, **_QUEUE_RETRIES}
        if self._settings.connection_string is not None:
            return Queue(self._from_string(QueueClient.from_connection_string, queue_name=name, **options))
        endpoint = self._settings.queue_service_uri or self._endpoint("queue")
        return Queue(QueueClient(endpoint, name, credential=self._credential, **options))

    def _from_string[T](self, make: Callable[..., T], **options: Any) -> T:  # noqa: ANN401 - handed on as it is
        secret = self._settings.connection_string
        # One of the two SDKs refuses "UseDevelopmentStorage=true;", which Core Tools accept.
        text = secret.get_secret_value().rstrip("; ") if secret else ""
        if (fault := connection_string_fault(text)) is not None:
            raise Misconfigured(f"AzureWebJobsStorage is not a valid connection string: {fault}")
        try:
            return make(text, **options)
        except ValueError:
            # The SDK's own text repeats parts of the connection string, so nothing of it is kept.
            raise Misconfigured("AzureWebJobsStorage is not a valid connection string") from None

    def _endpoint(self, service: str) -> str:
        if not self._settings.account_name:
            name = f"AzureWebJobsStorage__{service}ServiceUri"
            raise Misconfigured(
                f"{name} is not set, so the app does not know where its {service}s are;"
                " AzureWebJobsStorage__accountName is enough, or a connection string in AzureWebJobsStorage"
            )
        return f"https://{self._settings.account_name}.{service}.core.windows.net"


def _identity(settings: StorageSettings) -> Any:  # noqa: ANN401 - azure-identity is imported only where it is used
    from azure.identity import DefaultAzureCredential

    # With its own transport it would wait for minutes, whatever time the request has left.
    transport = DeadlineTransport(IdentityDown, "the identity provider")
    return DefaultAzureCredential(managed_identity_client_id=settings.client_id, transport=transport, retry_total=2)
