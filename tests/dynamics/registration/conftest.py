"""The registration API of an app that lives in the tests' tenant, and what its Dataverse was asked."""

import json
from collections.abc import Callable

import pytest

from shared.hub.hub import Hub
from shared.hub.registration import DataverseRegistration
from shared.settings import Settings
from tests.dynamics.registration.samples import PUBLIC_URL
from tests.fakes.dataverse import API_PATH, FakeDataverse
from tests.support.tenant import Tenant

type Asked = list[tuple[str, str, dict[str, object]]]


@pytest.fixture
def dataverse(tenant: Tenant) -> FakeDataverse:
    """The tenant's Dataverse."""
    return tenant.dataverse


@pytest.fixture
def registering_hub(connection_string: str, tenant: Tenant) -> Hub:
    """An app with an address in the world, over a storage account of its own."""
    settings = {"AzureWebJobsStorage": connection_string, "DATAVERSE_URL": tenant.dataverse.url}
    return Hub.assemble(Settings.read({**settings, "PUBLIC_URL": PUBLIC_URL}))


@pytest.fixture
def registration(registering_hub: Hub) -> DataverseRegistration:
    """Its registration API."""
    return registering_hub.registration


@pytest.fixture
def written(dataverse: FakeDataverse) -> Callable[[], Asked]:
    """Gives what was written since the test began: method, path, and body in JSON terms."""

    def asked() -> Asked:
        return [
            (request.method, request.path.removeprefix(API_PATH), json.loads(request.body or b"{}"))
            for request in dataverse.journal
            if request.method != "GET"
        ]

    return asked
