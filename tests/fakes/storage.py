"""A server that stands for storage: it answers what it is told to, hangs, and comes back."""

from http import HTTPStatus

from pydantic import SecretStr

from shared.settings import StorageSettings
from shared.storage.account import StorageAccount
from shared.storage.transport import StorageTransport
from tests.fakes.server import FakeServer, Received, Reply


class FakeStorage(FakeServer):
    """A server that answers what it is told to, and is never storage."""

    def reply(self, request: Received) -> Reply:
        """As a gateway answers that does not find the service behind it."""
        return Reply(HTTPStatus.BAD_GATEWAY)

    def account(self, transport: StorageTransport | None = None) -> StorageAccount:
        """The account that it claims to be."""
        endpoints = ";".join(f"{service}Endpoint={self.url}/a" for service in ("Table", "Queue"))
        text = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=c2VjcmV0;{endpoints}"
        return StorageAccount(StorageSettings(AzureWebJobsStorage=SecretStr(text)), transport)
