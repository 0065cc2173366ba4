"""One running app for all e2e tests that do not need one of their own, and one for those about ArcGIS."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
import requests

from devhost.azurite import Azurite
from devhost.keys import KeyStore
from devhost.launch import keys_folder
from shared.roles.table import ROLES_TABLE, TableRoles
from tests.e2e.arcgis import ArcGisClient
from tests.e2e.running import ORIGINS, RunningApp, running_app
from tests.support.arcgis import HOOK_KEY, MANAGER, ArcGisOrganization, running_organization
from tests.support.contract import faults


@pytest.fixture(scope="session", autouse=True)
def _every_answer_is_documented() -> Iterator[None]:
    """Hold each answer that a test gets from a running app against the document of the API."""
    send = requests.Session.send

    def watched(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # noqa: ANN401
        answer = send(session, request, **options)
        url = str(request.url)
        if any(url.startswith(f"{origin}/api/") for origin in ORIGINS) and not options.get("stream"):
            assert faults(answer) == []
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.Session, "send", watched)
        yield


_SHARED: list[RunningApp] = []
"""The app of all tests, once one has asked for it."""


@pytest.fixture(scope="session")
def app(azurite_process: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The app, seeded, on the session's Azurite."""
    folder = tmp_path_factory.mktemp("app")
    with running_app(azurite_process.connection_string, folder) as running:
        _SHARED.append(running)
        yield running
    _SHARED.clear()


@pytest.fixture(scope="module", autouse=True)
def _webhooks_go_with_their_module() -> Iterator[None]:
    """Of the app that all share: it would go on trying receivers that are gone, for each event of the tests to come."""
    yield
    for app in _SHARED:
        receivers = app.hub.receivers
        for id_ in receivers.webhooks.ids():
            registration = receivers.webhooks.get(id_)
            if registration is not None:
                receivers.saving.delete(registration)


@pytest.fixture(scope="session")
def arcgis_organization() -> Iterator[ArcGisOrganization]:
    with running_organization() as running:
        yield running


@pytest.fixture(scope="session")
def arcgis_app(
    arcgis_organization: ArcGisOrganization, new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApp]:
    """An app that serves the organization, and has a key for its services."""
    folder = tmp_path_factory.mktemp("app")
    KeyStore(keys_folder(folder)).set_function_key("WebhookConnections", "arcgis", HOOK_KEY)
    environment = {**arcgis_organization.settings, "ROLE_CACHE_SECONDS": "0", "ARCGIS_FOLLOW_CHANGES": "all"}
    with running_app(new_account(), folder, lease_seconds=60, **environment) as running:
        TableRoles(running.hub.storage.table(ROLES_TABLE)).grant(f"arcgis:{MANAGER}", "Relationship Manager")
        yield running


@pytest.fixture
def arcgis(arcgis_organization: ArcGisOrganization) -> Iterator[ArcGisOrganization]:
    arcgis_organization.reset()
    yield arcgis_organization
    arcgis_organization.reset()


@pytest.fixture
def client(arcgis_app: RunningApp, arcgis: ArcGisOrganization) -> ArcGisClient:
    """A Relationship Manager of the organization, in a workflow item of their own."""
    return ArcGisClient(arcgis_app, arcgis.portal.sign_in(MANAGER), uuid4().hex)
