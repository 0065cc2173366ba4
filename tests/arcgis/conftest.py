"""An ArcGIS organization at hand, and the app put together for it."""

from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet

from shared.hub.hub import Hub
from shared.settings import Settings
from tests.support.arcgis import ArcGisOrganization, running_organization
from tests.support.transport import JournalTransport


@pytest.fixture(scope="module")
def organization() -> Iterator[ArcGisOrganization]:
    with running_organization() as running:
        yield running


@pytest.fixture
def arcgis(organization: ArcGisOrganization) -> Iterator[ArcGisOrganization]:
    """Nobody and nothing is there yet."""
    organization.reset()
    yield organization
    organization.reset()


@pytest.fixture
def arcgis_hub(connection_string: str, transport: JournalTransport, arcgis: ArcGisOrganization) -> Hub:
    """A hub that serves the organization, and asks the portal every time."""
    environment = {
        **arcgis.settings,
        "AzureWebJobsStorage": connection_string,
        "SECRETS_KEY": Fernet.generate_key().decode(),
        "ROLE_CACHE_SECONDS": "0",
        "ARCGIS_FOLLOW_CHANGES": "all",
    }
    return Hub.assemble(Settings.read(environment), transport=transport)
