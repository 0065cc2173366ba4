"""One running app for all e2e tests that do not need one of their own."""

from collections.abc import Iterator

import pytest
from devhost.azurite import Azurite

from tests.e2e.running import RunningApp, running_app


@pytest.fixture(scope="session")
def app(azurite_process: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The app, seeded, on the session's Azurite."""
    folder = tmp_path_factory.mktemp("app")
    with running_app(azurite_process.connection_string, folder) as running:
        yield running
