"""Storage for the tests: one Azurite a session, in memory, and in it an account of its own for each test."""

import base64
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from unittest.mock import patch

import pytest
from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from azure.storage.queue import QueueServiceClient
from hypothesis import HealthCheck, settings

from devhost.azurite import Azurite, azurite
from devhost.install import find_node
from shared.hub.hub import Hub
from shared.settings import Settings, StorageSettings
from tests.fakes.dataverse import FakeDataverse
from tests.fakes.receiver import Receiver
from tests.support.tenant import Tenant, running_tenant
from tests.support.transport import JournalTransport

_ACCOUNTS = 1500
_KEY = base64.b64encode(b"a key of the tests").decode()
# Azurite's well-known account, which a running app of the e2e tests uses.
_WELL_KNOWN = (
    "devstoreaccount1:Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

# Storage and a busy machine make single examples slow; a test as a whole has its time limit.
settings.register_profile("hub", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hub")

# Azurite, a host, fakes behind TLS and npm's clients: what takes seconds to start.
_SERVICES = frozenset({"azurite_process", "host", "app"})
_FOLDERS_OF_PROCESSES = frozenset({"e2e", "deploy", "devhost", "bench", "browser", "console", "page"})

_numbers = count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that need a service, by the fixtures that start one: `make unit` leaves them out."""
    for item in items:
        folders = item.nodeid.partition("::")[0].split("/")
        if _SERVICES & set(getattr(item, "fixturenames", ())) or _FOLDERS_OF_PROCESSES & set(folders):
            item.add_marker("service")


@pytest.fixture(autouse=True)
def _environment_is_put_back() -> Iterator[None]:
    with patch.dict(os.environ):
        yield


@pytest.fixture(scope="session")
def azurite_process() -> Iterator[Azurite]:
    """The Azurite that all tests share. A test that pauses it must let it go on."""
    with patch.dict(os.environ):
        find_node()
        own = (f"test{number:04}:{_KEY}" for number in range(_ACCOUNTS))
        os.environ["AZURITE_ACCOUNTS"] = ";".join((_WELL_KNOWN, *own))
        with azurite() as running:
            yield running


@pytest.fixture(scope="session")
def new_account(azurite_process: Azurite) -> Callable[[], str]:
    """Gives the connection string of an account that nobody else has, so it holds nothing yet."""
    return lambda: _next_account(azurite_process)


@pytest.fixture(scope="module")
def own_accounts(azurite_process: Azurite) -> Iterator[Callable[[], str]]:
    """The same of an Azurite of the module's own: the one of all tests is slow once it holds tens of thousands of rows.

    It knows the accounts by the environment that the other one was started in.
    """
    with azurite() as own:
        yield lambda: _next_account(own)


def _next_account(running: Azurite) -> str:
    return running.connection_string_for(f"test{next(_numbers):04}", _KEY)


@pytest.fixture
def connection_string(new_account: Callable[[], str]) -> Iterator[str]:
    """The connection string of an account that no other test has, so it holds nothing yet.

    Its queues go with the test: Azurite keeps the messages of all accounts in one list, and each call to any queue
    becomes ten times as slow by the thousands that tests would leave there.
    """
    own = new_account()
    yield own
    with suppress(ServiceRequestError, ServiceResponseError), QueueServiceClient.from_connection_string(own) as service:
        for queue in service.list_queues():
            service.delete_queue(queue)


@pytest.fixture
def storage_settings(connection_string: str) -> StorageSettings:
    """The same account, as settings."""
    return Settings.read({"AzureWebJobsStorage": connection_string}).storage


@pytest.fixture
def transport() -> Iterator[JournalTransport]:
    """The transport between `hub` and storage: it keeps a journal, and fails where a test says so."""
    with JournalTransport() as made:
        yield made


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    """The app put together over a storage account of its own."""
    return Hub.assemble(Settings.read({"AzureWebJobsStorage": connection_string}), transport=transport)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A healthy receiver at http://127.0.0.1."""
    with Receiver() as running:
        yield running


@pytest.fixture(scope="session")
def dataverse_process() -> Iterator[FakeDataverse]:
    """The Dataverse that all tests share."""
    with FakeDataverse() as running:
        yield running


@pytest.fixture
def dataverse(dataverse_process: FakeDataverse) -> Iterator[FakeDataverse]:
    """Dataverse without a row, an empty journal, and no switch set."""
    dataverse_process.reset()
    yield dataverse_process
    dataverse_process.reset()


@pytest.fixture(scope="session")
def tenant_process() -> Iterator[Tenant]:
    """The neighbours in Microsoft's cloud that all tests share."""
    with running_tenant() as running:
        yield running


@pytest.fixture
def tenant(tenant_process: Tenant) -> Iterator[Tenant]:
    """A tenant with a group for Relationship Managers and nobody in it; this process has an identity there."""
    tenant_process.reset()
    os.environ.update(tenant_process.identity.environment)
    yield tenant_process
    tenant_process.reset()
