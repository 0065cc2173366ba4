"""Created connections, at both addresses; all other messages are in test_intake_of_messages.py."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from shared.dynamics.connection_created import CONNECTION_CREATED
from shared.dynamics.intake import DataverseIntake, IntakeOutcome
from shared.errors import BadRequest, Forbidden, HubError, NotJson, StorageDown
from shared.events.announcement import Announcement
from shared.events.event import EventId, EventState
from shared.events.store import StoredEvent
from shared.hub.hub import Hub
from tests.dynamics.reading import event_in
from tests.dynamics.receiving import Receive, grant, intake_of, stored
from tests.dynamics.samples import REMOVED, SAMPLE_CONNECTION, SAMPLE_OPPORTUNITY, TARGET, attribute, sample_with
from tests.support.cases import holds_for
from tests.support.events import RECEIVED_AT
from tests.support.queues import announcements
from tests.support.transport import Fault, JournalTransport

ORGANIZATION = "3609bbbd-a041-5c9e-acb0-045d2dff171d"
CONNECTION = "37c7c867-d571-e911-a956-000d3a1bc3f6"
MANAGER = "cc03d281-c95c-e911-a979-000d3a1cc8fe"
SYSTEM = "fb3ba9ef-3b43-4a4e-8c5c-8f4e4c9a9b1d"
ID = event_in(SAMPLE_CONNECTION).id
OPPORTUNITY, USER = (
    {"LogicalName": "opportunity", "Id": str(uuid4())},
    {"LogicalName": "systemuser", "Id": str(uuid4())},
)


def with_records(record1: object, record2: object) -> bytes:
    body = sample_with(record1, *attribute("record1id"))
    return sample_with(record2, *attribute("record2id"), body=body)


def of_new_connection() -> bytes:
    return sample_with(str(uuid4()), "PrimaryEntityId")


@pytest.fixture
def intake(hub: Hub) -> DataverseIntake:
    """An intake for which the sample's user is a Relationship Manager."""
    grant(hub, MANAGER)
    return intake_of(hub)


@pytest.fixture(params=["receive_connection", "receive"])
def receive(request: pytest.FixtureRequest, intake: DataverseIntake) -> Receive:
    """What either address does with a request."""
    found: Receive = getattr(intake, request.param)
    return found


def test_a_created_connection_is_stored_as_an_event(hub: Hub, receive: Receive) -> None:
    assert receive(SAMPLE_CONNECTION, trimmed=False) is IntakeOutcome.STORED
    found = hub.events.get_with_payload(ID)
    assert found == StoredEvent(event_in(SAMPLE_CONNECTION), SAMPLE_CONNECTION)
    assert (found.event.type, found.event.state) == (CONNECTION_CREATED, EventState.RECEIVED)


def test_the_event_carries_the_ids_of_the_connection(hub: Hub, receive: Receive) -> None:
    receive(SAMPLE_CONNECTION, trimmed=False)
    sent = {
        "connectionid": CONNECTION,
        "organizationid": ORGANIZATION,
        "initiatinguserid": MANAGER,
        "correlationid": json.loads(SAMPLE_CONNECTION)["CorrelationId"],
        "record1id": "b8f6c781-41c9-5a89-a370-a2c6711d3691",
        "record1id_logicalname": "opportunity",
        "record2id": "088071bb-1802-56ac-ae8d-7cbae6b9ba36",
        "record2id_logicalname": "systemuser",
        "record2roleid": "7365d018-97cb-5b59-a256-758da83c102a",
    }
    assert sent.items() <= stored(hub, ID).field_values.items()


def test_a_stored_event_is_announced(receive: Receive, connection_string: str) -> None:
    receive(SAMPLE_CONNECTION, trimmed=False)
    assert [one.event_id for one in announcements(connection_string)] == [ID]


def test_the_app_puts_the_current_time_on_its_events(hub: Hub) -> None:
    grant(hub, MANAGER)
    assert hub.intake.receive_connection(SAMPLE_CONNECTION, trimmed=False) is IntakeOutcome.STORED
    assert stored(hub, ID).received_at > RECEIVED_AT.replace(year=2025)


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
def test_the_same_connection_is_stored_once(hub: Hub, receive: Receive, again: bytes) -> None:
    receive(SAMPLE_CONNECTION, trimmed=False)
    before = hub.events.get_with_payload(ID)
    assert receive(again, trimmed=False) is IntakeOutcome.DUPLICATE
    assert hub.events.get_with_payload(ID) == before


@pytest.mark.parametrize("trimmed", [True, False])
def test_a_trimmed_request_and_a_whole_one_are_the_same_connection(receive: Receive, *, trimmed: bool) -> None:
    assert receive(SAMPLE_CONNECTION, trimmed=trimmed) is IntakeOutcome.STORED
    assert receive(SAMPLE_CONNECTION, trimmed=not trimmed) is IntakeOutcome.DUPLICATE


@pytest.mark.parametrize(
    "other", [sample_with(str(uuid4()), "PrimaryEntityId"), sample_with(str(uuid4()), "OrganizationId")]
)
def test_another_connection_or_organization_is_another_event(receive: Receive, other: bytes) -> None:
    receive(SAMPLE_CONNECTION, trimmed=False)
    assert receive(other, trimmed=False) is IntakeOutcome.STORED


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
    receive: Receive, transport: JournalTransport, record1: object, record2: object, user: str
) -> None:
    transport.forget()
    body = sample_with(user, "InitiatingUserId", body=with_records(record1, record2))
    assert receive(body, trimmed=False) is IntakeOutcome.IGNORED
    assert transport.calls == []


def test_the_names_of_records_compare_ignoring_case(receive: Receive) -> None:
    body = with_records({**OPPORTUNITY, "LogicalName": "Opportunity"}, {**USER, "LogicalName": "SYSTEMUSER"})
    assert receive(body, trimmed=False) is IntakeOutcome.STORED


def test_a_trimmed_request_is_stored_without_its_records(hub: Hub, receive: Receive) -> None:
    body = sample_with([], "InputParameters")
    assert receive(body, trimmed=True) is IntakeOutcome.STORED
    found = hub.events.get_with_payload(ID)
    assert found is not None
    assert (found.event.trimmed, found.payload) == (True, body)
    assert not any(name.startswith("record") for name in found.event.field_values)


def test_the_role_is_asked_for_a_trimmed_request_too(receive: Receive) -> None:
    with pytest.raises(Forbidden):
        receive(sample_with(SYSTEM, "InitiatingUserId"), trimmed=True)


@holds_for(
    ("body", "pointer"),
    [
        (b"", None),
        (b"not JSON", None),
        (b"[]", "#"),
        (b'"text"', "#"),
        (sample_with(REMOVED, "MessageName"), "#/MessageName"),
        (sample_with(5, "MessageName"), "#/MessageName"),
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
    receive: Receive, transport: JournalTransport, body: bytes, pointer: str | None
) -> None:
    transport.forget()
    with pytest.raises(BadRequest) as caught:
        receive(body, trimmed=False)
    assert [error.pointer for error in caught.value.errors] == ([pointer] if pointer else [])
    assert isinstance(caught.value, NotJson) == (pointer is None)
    assert transport.calls == []


@holds_for(
    ("body", "pointer"),
    [
        (sample_with("Update", "MessageName"), "#/MessageName"),
        (sample_with("CreateMultiple", "MessageName"), "#/MessageName"),
        (sample_with("contact", "PrimaryEntityName"), "#/PrimaryEntityName"),
        (SAMPLE_OPPORTUNITY, "#/PrimaryEntityName"),
    ],
)
def test_another_message_or_table_is_refused_at_the_address_of_created_connections(
    intake: DataverseIntake, transport: JournalTransport, body: bytes, pointer: str
) -> None:
    transport.forget()
    with pytest.raises(BadRequest) as caught:
        intake.receive_connection(body, trimmed=False)
    assert [error.pointer for error in caught.value.errors] == [pointer]
    assert transport.calls == []


def test_a_user_without_the_role_is_not_allowed_and_nothing_is_stored(
    receive: Receive, transport: JournalTransport
) -> None:
    transport.forget()
    with pytest.raises(Forbidden, match=SYSTEM):
        receive(sample_with(SYSTEM, "InitiatingUserId"), trimmed=False)
    assert transport.summary == ["GET roles"]


def test_the_initiating_user_counts_and_not_the_user_that_the_step_runs_as(receive: Receive) -> None:
    assert receive(sample_with(SYSTEM, "UserId"), trimmed=False) is IntakeOutcome.STORED
    body = sample_with(SYSTEM, "InitiatingUserId", body=sample_with(MANAGER, "UserId"))
    with pytest.raises(Forbidden):
        receive(body, trimmed=False)


def test_the_role_that_was_granted_to_an_object_id_is_not_the_system_users(hub: Hub) -> None:
    grant(hub, "manager@hub.example")
    with pytest.raises(Forbidden):
        hub.intake.receive_connection(SAMPLE_CONNECTION, trimmed=False)


def test_receiving_costs_two_transactions_once_the_role_is_known(receive: Receive, transport: JournalTransport) -> None:
    receive(of_new_connection(), trimmed=False)
    transport.forget()
    assert receive(of_new_connection(), trimmed=False) is IntakeOutcome.STORED
    assert transport.summary == ["POST events/messages", "POST events"]


def test_the_role_is_asked_before_anything_is_announced_or_stored(
    receive: Receive, transport: JournalTransport
) -> None:
    transport.forget()
    receive(SAMPLE_CONNECTION, trimmed=False)
    assert transport.summary[0] == "GET roles"


def test_twenty_equal_requests_at_once_are_stored_once(receive: Receive) -> None:
    with ThreadPoolExecutor(20) as pool:
        outcomes = list(pool.map(lambda _: receive(SAMPLE_CONNECTION, trimmed=False), range(20)))
    assert sorted(outcome.name for outcome in outcomes) == ["DUPLICATE"] * 19 + ["STORED"]


def test_twenty_requests_of_one_user_at_once_ask_for_her_role_once(
    receive: Receive, transport: JournalTransport
) -> None:
    transport.forget()
    bodies = [of_new_connection() for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda body: receive(body, trimmed=False), bodies))
    assert transport.summary.count("GET roles") == 1


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", [1, 2, 3])
def test_whatever_fails_is_an_outage_and_never_a_refusal(
    hub: Hub, receive: Receive, connection_string: str, transport: JournalTransport, number: int, fault: Fault
) -> None:
    hub.events.publish(Announcement(event_id=EventId(str(uuid4()))))
    transport.forget()
    transport.fail(number, fault)
    with pytest.raises(StorageDown):
        receive(SAMPLE_CONNECTION, trimmed=False)
    announced = ID in {found.event_id for found in announcements(connection_string)}
    assert announced or hub.events.get(ID) is None


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", range(1, 8))
def test_after_any_failure_the_same_request_is_taken(
    hub: Hub, receive: Receive, transport: JournalTransport, number: int, fault: Fault
) -> None:
    transport.forget()
    transport.fail(number, fault)
    with pytest.raises(HubError):
        receive(SAMPLE_CONNECTION, trimmed=False)
    assert receive(SAMPLE_CONNECTION, trimmed=False) in {IntakeOutcome.STORED, IntakeOutcome.DUPLICATE}
    found = hub.events.get_with_payload(ID)
    assert isinstance(found, StoredEvent)
    assert found.payload == SAMPLE_CONNECTION


def test_an_event_is_as_far_from_the_first_of_its_chain_as_the_request(hub: Hub, receive: Receive) -> None:
    assert receive(SAMPLE_CONNECTION, trimmed=False, hops=3) is IntakeOutcome.STORED
    assert stored(hub, ID).hops == 3


@pytest.mark.parametrize("turned", [False, True])
def test_a_connection_is_one_event_at_whichever_address_it_comes_first(
    intake: DataverseIntake, *, turned: bool
) -> None:
    addresses: list[Receive] = [intake.receive_connection, intake.receive]
    outcomes = [receive(SAMPLE_CONNECTION, trimmed=False) for receive in (addresses[::-1] if turned else addresses)]
    assert outcomes == [IntakeOutcome.STORED, IntakeOutcome.DUPLICATE]


@pytest.mark.parametrize("user", [MANAGER, SYSTEM])
@pytest.mark.parametrize("trimmed", [False, True])
def test_a_connection_that_is_not_taken_is_ignored_at_one_address_alone_and_nobody_is_asked(
    hub: Hub, transport: JournalTransport, user: str, *, trimmed: bool
) -> None:
    grant(hub, MANAGER)
    intake = intake_of(hub, "opportunity.*", "*.updated")
    transport.forget()
    body = sample_with(user, "InitiatingUserId")
    assert intake.receive(body, trimmed=trimmed) is IntakeOutcome.IGNORED
    assert transport.calls == []
    assert intake.receive_connection(SAMPLE_CONNECTION, trimmed=trimmed) is IntakeOutcome.STORED
