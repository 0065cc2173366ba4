from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.arcgis.callers import WorkflowRequest
from shared.arcgis.operations import ConnectionOperations
from shared.callers.caller import Caller
from shared.errors import Conflict, StorageDown, Unavailable
from shared.hub.hub import Hub
from shared.roles.user import User
from shared.settings import Settings
from tests.arcgis.stored import WORKFLOW, consents
from tests.support.arcgis import MANAGER, ArcGisOrganization, connection_document
from tests.support.transport import Fault, JournalTransport

REQUEST = WorkflowRequest(WORKFLOW, Caller(User.of_account("manager@hub.example")))


@pytest.fixture
def operations(arcgis_hub: Hub) -> ConnectionOperations:
    return arcgis_hub.arcgis.services.operations


@pytest.fixture
def document(arcgis: ArcGisOrganization) -> dict[str, object]:
    """An unmanaged connection that acts as the owner of the service."""
    token = arcgis.portal.sign_in(MANAGER)
    return connection_document(arcgis.add_item(), manageWebhook=False, username=MANAGER, userToken=token)


def test_a_create_costs_two_transactions_and_two_questions_to_the_portal(
    operations: ConnectionOperations,
    document: dict[str, object],
    arcgis: ArcGisOrganization,
    transport: JournalTransport,
) -> None:
    operations.create(REQUEST, document)
    transport.forget()
    arcgis.portal.journal.clear()
    operations.create(REQUEST, document)
    assert transport.summary == ["POST connections", "PUT runas"]
    assert [call.path for call in arcgis.portal.journal] == [
        "/sharing/rest/community/self",
        f"/sharing/rest/content/items/{document['itemId']}",
    ]


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", [1, 2])
def test_a_create_that_fails_leaves_nothing_behind(
    arcgis_hub: Hub,
    operations: ConnectionOperations,
    document: dict[str, object],
    transport: JournalTransport,
    number: int,
    fault: Fault,
) -> None:
    id_ = operations.create(REQUEST, document)["connectionId"]
    operations.delete(REQUEST, str(id_))
    transport.forget()
    transport.fail(number, fault)
    with pytest.raises(StorageDown):
        operations.create(REQUEST, document)
    assert operations.list(REQUEST) == {"webhookConnections": []}
    assert consents(arcgis_hub).get(WORKFLOW, MANAGER) is None


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", range(1, 6))
def test_a_delete_that_fails_can_be_made_again(
    arcgis_hub: Hub,
    operations: ConnectionOperations,
    document: dict[str, object],
    transport: JournalTransport,
    number: int,
    fault: Fault,
) -> None:
    id_ = str(operations.create(REQUEST, document)["connectionId"])
    transport.forget()
    transport.fail(number, fault)
    with pytest.raises(StorageDown):
        operations.delete(REQUEST, id_)
    if operations.list(REQUEST)["webhookConnections"]:
        assert operations.delete(REQUEST, id_) == {"success": True, "connectionId": id_}
    assert consents(arcgis_hub).get(WORKFLOW, MANAGER) is None


def test_an_update_keeps_what_the_caller_could_not_see(
    operations: ConnectionOperations, document: dict[str, object]
) -> None:
    id_ = str(operations.create(REQUEST, document)["connectionId"])
    operations.update(REQUEST, id_, {**document, "connectionName": "Renamed", "secret": "********", "userToken": None})
    shown = operations.get(REQUEST, id_)
    assert (shown["connectionName"], shown["username"]) == ("Renamed", MANAGER)


def test_of_two_updates_at_once_one_is_a_conflict(
    operations: ConnectionOperations, document: dict[str, object], transport: JournalTransport
) -> None:
    id_ = str(operations.create(REQUEST, document)["connectionId"])
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: outcome(operations, id_, document), range(8)))
    assert "done" in made
    assert set(made) <= {"done", "conflict"}


def outcome(operations: ConnectionOperations, id_: str, document: dict[str, object]) -> str:
    try:
        operations.update(REQUEST, id_, document)
    except Conflict:
        return "conflict"
    return "done"


def test_without_a_hook_key_a_managed_webhook_is_a_partial_failure_that_says_so(
    arcgis_hub: Hub, document: dict[str, object], arcgis: ArcGisOrganization
) -> None:
    settings = arcgis_hub.settings.model_copy(update={"arcgis_hook_key": None})
    operations = Hub.assemble(settings).arcgis.services.operations
    answer = operations.create(REQUEST, {**document, "manageWebhook": True})
    assert (answer["success"], answer["name"]) == (False, "InvalidConfiguration")
    assert "ARCGIS_HOOK_KEY is not set" in str(answer["message"])
    assert arcgis.service.journal == []


def test_without_keys_for_secrets_nothing_is_stored(
    connection_string: str, document: dict[str, object], arcgis: ArcGisOrganization
) -> None:
    hub = Hub.assemble(Settings.read({**arcgis.settings, "AzureWebJobsStorage": connection_string}))
    with pytest.raises(Unavailable):
        hub.arcgis.services.operations.create(REQUEST, document)
    assert hub.arcgis.services.operations.list(REQUEST) == {"webhookConnections": []}
