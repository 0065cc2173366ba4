import json
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from shared.dynamics.connection_created import event_id
from shared.dynamics.connection_intake import CONNECTION_CREATED, ConnectionIntake, IntakeOutcome
from shared.errors import BadRequest, Forbidden, HubError, NotJson, StorageDown
from shared.events.announcement import Announcement
from shared.events.event import Event, EventId, EventState
from shared.events.store import StoredEvent
from shared.hub.hub import Hub
from shared.roles.table import ROLES_TABLE, TableRoles
from tests.dynamics.samples import REMOVED, SAMPLE_CONNECTION, SAMPLE_OPPORTUNITY, TARGET, attribute, sample_with
from tests.support.cases import holds_for
from tests.support.events import RECEIVED_AT
from tests.support.queues import announcements
from tests.support.transport import Fault, JournalTransport

ORGANIZATION = "3609bbbd-a041-5c9e-acb0-045d2dff171d"
CONNECTION = "37c7c867-d571-e911-a956-000d3a1bc3f6"
MANAGER = "cc03d281-c95c-e911-a979-000d3a1cc8fe"
SYSTEM = "fb3ba9ef-3b43-4a4e-8c5c-8f4e4c9a9b1d"
ID = EventId(event_id(ORGANIZATION, CONNECTION))
OPPORTUNITY, USER = (
    {"LogicalName": "opportunity", "Id": str(uuid4())},
    {"LogicalName": "systemuser", "Id": str(uuid4())},
)


def grant(hub: Hub, user: str) -> None:
    TableRoles(hub.storage.table(ROLES_TABLE)).grant(user, hub.settings.relationship_manager_role)


def with_records(record1: object, record2: object) -> bytes:
    body = sample_with(record1, *attribute("record1id"))
    return sample_with(record2, *attribute("record2id"), body=body)


def of_new_connection() -> bytes:
    return sample_with(str(uuid4()), "PrimaryEntityId")


@pytest.fixture
def intake(hub: Hub) -> ConnectionIntake:
    """An intake whose clock stands still, and for which the sample's user is a Relationship Manager."""
    grant(hub, MANAGER)
    return ConnectionIntake(hub.roles, hub.events, lambda: RECEIVED_AT, hub.settings.relationship_manager_role)


def test_a_created_connection_is_stored_as_an_event(hub: Hub, intake: ConnectionIntake) -> None:
    assert intake.receive(SAMPLE_CONNECTION, trimmed=False) is IntakeOutcome.STORED
    stored = hub.events.get_with_payload(ID)
    assert stored is not None
    assert stored.payload == SAMPLE_CONNECTION
    assert stored.event == Event(
        id=ID,
        type=CONNECTION_CREATED,
        source=f"dynamics/{ORGANIZATION}",
        entity="connection",
        entity_id=CONNECTION,
        initiator=MANAGER,
        received_at=RECEIVED_AT,
        field_values=stored.event.field_values,
        trimmed=False,
        state=EventState.RECEIVED,
    )


def test_the_event_carries_the_ids_of_the_connection(hub: Hub, intake: ConnectionIntake) -> None:
    intake.receive(SAMPLE_CONNECTION, trimmed=False)
    stored = hub.events.get_with_payload(ID)
    assert stored is not None
    assert stored.event.field_values == {
        "connectionid": CONNECTION,
        "organizationid": ORGANIZATION,
        "initiatinguserid": MANAGER,
        "correlationid": json.loads(SAMPLE_CONNECTION)["CorrelationId"],
        "record1id": "b8f6c781-41c9-5a89-a370-a2c6711d3691",
        "record1id_logicalname": "opportunity",
        "record2id": stored.event.field_values["record2id"],
        "record2id_logicalname": "systemuser",
        "record2roleid": "7365d018-97cb-5b59-a256-758da83c102a",
    }


def test_a_stored_event_is_announced(intake: ConnectionIntake, connection_string: str) -> None:
    intake.receive(SAMPLE_CONNECTION, trimmed=False)
    assert [one.event_id for one in announcements(connection_string)] == [ID]


def test_the_app_puts_the_current_time_on_its_events(hub: Hub) -> None:
    grant(hub, MANAGER)
    assert hub.intake.receive(SAMPLE_CONNECTION, trimmed=False) is IntakeOutcome.STORED
    stored = hub.events.get_with_payload(ID)
    assert stored is not None
    assert stored.event.received_at > RECEIVED_AT.replace(year=2025)


@pytest.mark.parametrize(
    "again",
    [
        SAMPLE_CONNECTION,
        sample_with(CONNECTION.upper(), "PrimaryEntityId"),
        sample_with(ORGANIZATION.upper(), "OrganizationId"),
        sample_with("another name", "OrganizationName"),
        sample_with(str(uuid4()), "OperationId"),
        sample_with(str(uuid4()), "CorrelationId"),
    ],
)
def test_the_same_connection_is_stored_once(hub: Hub, intake: ConnectionIntake, again: bytes) -> None:
    intake.receive(SAMPLE_CONNECTION, trimmed=False)
    before = hub.events.get_with_payload(ID)
    assert intake.receive(again, trimmed=False) is IntakeOutcome.DUPLICATE
    assert hub.events.get_with_payload(ID) == before


@pytest.mark.parametrize("trimmed", [True, False])
def test_a_trimmed_request_and_a_whole_one_are_the_same_connection(intake: ConnectionIntake, *, trimmed: bool) -> None:
    assert intake.receive(SAMPLE_CONNECTION, trimmed=trimmed) is IntakeOutcome.STORED
    assert intake.receive(SAMPLE_CONNECTION, trimmed=not trimmed) is IntakeOutcome.DUPLICATE


@pytest.mark.parametrize(
    "other", [sample_with(str(uuid4()), "PrimaryEntityId"), sample_with(str(uuid4()), "OrganizationId")]
)
def test_another_connection_or_organization_is_another_event(intake: ConnectionIntake, other: bytes) -> None:
    intake.receive(SAMPLE_CONNECTION, trimmed=False)
    assert intake.receive(other, trimmed=False) is IntakeOutcome.STORED


@pytest.mark.parametrize(
    ("record1", "record2"),
    [
        (USER, OPPORTUNITY),
        (OPPORTUNITY, OPPORTUNITY),
        (USER, USER),
        ({**OPPORTUNITY, "LogicalName": "account"}, USER),
        (OPPORTUNITY, {**USER, "LogicalName": "team"}),
    ],
)
@pytest.mark.parametrize("user", [MANAGER, SYSTEM])
def test_other_records_are_ignored_whoever_connected_them_and_nobody_is_asked(
    intake: ConnectionIntake, transport: JournalTransport, record1: object, record2: object, user: str
) -> None:
    transport.forget()
    body = sample_with(user, "InitiatingUserId", body=with_records(record1, record2))
    assert intake.receive(body, trimmed=False) is IntakeOutcome.IGNORED
    assert transport.calls == []


def test_the_names_of_records_compare_ignoring_case(intake: ConnectionIntake) -> None:
    body = with_records({**OPPORTUNITY, "LogicalName": "Opportunity"}, {**USER, "LogicalName": "SYSTEMUSER"})
    assert intake.receive(body, trimmed=False) is IntakeOutcome.STORED


def test_a_trimmed_request_is_stored_without_its_records(hub: Hub, intake: ConnectionIntake) -> None:
    body = sample_with([], "InputParameters")
    assert intake.receive(body, trimmed=True) is IntakeOutcome.STORED
    stored = hub.events.get_with_payload(ID)
    assert stored is not None
    assert (stored.event.trimmed, stored.payload) == (True, body)
    assert not any(name.startswith("record") for name in stored.event.field_values)


def test_the_role_is_asked_for_a_trimmed_request_too(intake: ConnectionIntake) -> None:
    with pytest.raises(Forbidden):
        intake.receive(sample_with(SYSTEM, "InitiatingUserId"), trimmed=True)


@holds_for(
    ("body", "pointer"),
    [
        (b"", None),
        (b"not JSON", None),
        (b"[]", "#"),
        (b'"text"', "#"),
        (sample_with(REMOVED, "MessageName"), "#/MessageName"),
        (sample_with("Update", "MessageName"), "#/MessageName"),
        (sample_with(5, "MessageName"), "#/MessageName"),
        (sample_with("contact", "PrimaryEntityName"), "#/PrimaryEntityName"),
        (SAMPLE_OPPORTUNITY, "#/PrimaryEntityName"),
        (sample_with(None, "PrimaryEntityId"), "#/PrimaryEntityId"),
        (sample_with("x", "OrganizationId"), "#/OrganizationId"),
        (sample_with(REMOVED, "InitiatingUserId"), "#/InitiatingUserId"),
        (sample_with("", "InitiatingUserId"), "#/InitiatingUserId"),
        (sample_with(REMOVED, "InputParameters"), "#/InputParameters"),
        (sample_with([], "InputParameters"), "#/InputParameters/Target"),
        (sample_with({}, *TARGET), "#/InputParameters/Target/Attributes"),
        (with_records(None, USER), "#/InputParameters/Target/Attributes/record1id"),
        (with_records(OPPORTUNITY, {"LogicalName": "x"}), "#/InputParameters/Target/Attributes/record2id/Id"),
    ],
)
def test_what_is_no_created_connection_is_refused_by_its_field_and_nobody_is_asked(
    intake: ConnectionIntake, transport: JournalTransport, body: bytes, pointer: str | None
) -> None:
    transport.forget()
    with pytest.raises(BadRequest) as caught:
        intake.receive(body, trimmed=False)
    assert [error.pointer for error in caught.value.errors] == ([pointer] if pointer else [])
    assert isinstance(caught.value, NotJson) == (pointer is None)
    assert transport.calls == []


def test_a_user_without_the_role_is_not_allowed_and_nothing_is_stored(
    intake: ConnectionIntake, transport: JournalTransport
) -> None:
    transport.forget()
    with pytest.raises(Forbidden, match=SYSTEM):
        intake.receive(sample_with(SYSTEM, "InitiatingUserId"), trimmed=False)
    assert transport.summary == ["GET roles"]


def test_the_initiating_user_counts_and_not_the_user_that_the_step_runs_as(intake: ConnectionIntake) -> None:
    assert intake.receive(sample_with(SYSTEM, "UserId"), trimmed=False) is IntakeOutcome.STORED
    body = sample_with(SYSTEM, "InitiatingUserId", body=sample_with(MANAGER, "UserId"))
    with pytest.raises(Forbidden):
        intake.receive(body, trimmed=False)


def test_the_role_that_was_granted_to_an_object_id_is_not_the_system_users(hub: Hub) -> None:
    grant(hub, "manager@hub.example")
    with pytest.raises(Forbidden):
        hub.intake.receive(SAMPLE_CONNECTION, trimmed=False)


def test_receiving_costs_two_transactions_once_the_role_is_known(
    intake: ConnectionIntake, transport: JournalTransport
) -> None:
    intake.receive(of_new_connection(), trimmed=False)
    transport.forget()
    assert intake.receive(of_new_connection(), trimmed=False) is IntakeOutcome.STORED
    assert transport.summary == ["POST events/messages", "POST events"]


def test_the_role_is_asked_before_anything_is_announced_or_stored(
    intake: ConnectionIntake, transport: JournalTransport
) -> None:
    transport.forget()
    intake.receive(SAMPLE_CONNECTION, trimmed=False)
    assert transport.summary[0] == "GET roles"


def test_twenty_equal_requests_at_once_are_stored_once(intake: ConnectionIntake) -> None:
    with ThreadPoolExecutor(20) as pool:
        outcomes = list(pool.map(lambda _: intake.receive(SAMPLE_CONNECTION, trimmed=False), range(20)))
    assert sorted(outcome.name for outcome in outcomes) == ["DUPLICATE"] * 19 + ["STORED"]


def test_twenty_requests_of_one_user_at_once_ask_for_her_role_once(
    intake: ConnectionIntake, transport: JournalTransport
) -> None:
    transport.forget()
    bodies = [of_new_connection() for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda body: intake.receive(body, trimmed=False), bodies))
    assert transport.summary.count("GET roles") == 1


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", [1, 2, 3])
def test_whatever_fails_is_an_outage_and_never_a_refusal(
    hub: Hub, intake: ConnectionIntake, connection_string: str, transport: JournalTransport, number: int, fault: Fault
) -> None:
    hub.events.publish(Announcement(event_id=EventId(str(uuid4()))))
    transport.forget()
    transport.fail(number, fault)
    with pytest.raises(StorageDown):
        intake.receive(SAMPLE_CONNECTION, trimmed=False)
    announced = ID in {found.event_id for found in announcements(connection_string)}
    assert announced or hub.events.get(ID) is None


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", range(1, 8))
def test_after_any_failure_the_same_request_is_taken(
    hub: Hub, intake: ConnectionIntake, transport: JournalTransport, number: int, fault: Fault
) -> None:
    transport.forget()
    transport.fail(number, fault)
    with pytest.raises(HubError):
        intake.receive(SAMPLE_CONNECTION, trimmed=False)
    assert intake.receive(SAMPLE_CONNECTION, trimmed=False) in {IntakeOutcome.STORED, IntakeOutcome.DUPLICATE}
    stored = hub.events.get_with_payload(ID)
    assert isinstance(stored, StoredEvent)
    assert stored.payload == SAMPLE_CONNECTION


def test_an_event_is_as_far_from_the_first_of_its_chain_as_the_request(hub: Hub, intake: ConnectionIntake) -> None:
    assert intake.receive(SAMPLE_CONNECTION, trimmed=False, hops=3) is IntakeOutcome.STORED
    stored = hub.events.get_with_payload(ID)
    assert stored is not None
    assert stored.event.hops == 3
