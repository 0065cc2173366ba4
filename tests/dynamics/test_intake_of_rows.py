"""Messages on several rows (intake.py): one event a row, all checked before one is stored."""

import json
from uuid import UUID, uuid4

import pytest

from shared.dynamics.intake import DataverseIntake, IntakeOutcome, read_events
from shared.dynamics.row_change import MAX_ROWS, own_payload
from shared.dynamics.values import read_pairs
from shared.errors import BadRequest, ContentTooLarge, Forbidden, StorageDown
from shared.events.store import StoredEvent
from shared.hub.hub import Hub
from tests.dynamics.contexts import (
    ACCOUNT,
    NO_ID,
    ROW,
    USER,
    Json,
    body,
    collection,
    context,
    entity,
    images,
    pairs,
    reference,
    several,
    update,
)
from tests.dynamics.reading import changes_in, event_in, events_of
from tests.dynamics.receiving import grant, intake_of, send, stored
from tests.support.cases import holds_for
from tests.support.events import RECEIVED_AT
from tests.support.queues import announcements
from tests.support.transport import Fault, JournalTransport

STORED, DUPLICATE, IGNORED = IntakeOutcome.STORED, IntakeOutcome.DUPLICATE, IntakeOutcome.IGNORED
OTHER = "7a1e4c90-58d2-4b3f-9e06-d3c5b2f8a099"
ROWS = [entity(ROW, {"name": "One"}), entity(OTHER, {"name": "Two"}), entity(ACCOUNT, {"name": "Three"})]
UPDATED = several("UpdateMultiple", ROWS)
OPPORTUNITY, PERSON = reference("opportunity", ROW), reference("systemuser", USER)
LINKED = {"record1id": OPPORTUNITY, "record2id": PERSON}
RECIPROCAL = {"record1id": PERSON, "record2id": OPPORTUNITY}


def many(number: int) -> list[Json]:
    return [entity(f"{row:08x}-0000-4000-8000-000000000000", {"name": "x"}) for row in range(1, number + 1)]


def connections(*columns: Json, **others: object) -> Json:
    rows = [entity(f"{row:08x}-0000-4000-8000-000000000000", each, "connection") for row, each in enumerate(columns, 1)]
    members: Json = {"table": "connection", **others}
    return several("CreateMultiple", rows, **members)


@pytest.fixture
def intake(hub: Hub) -> DataverseIntake:
    """An intake that takes every event."""
    return intake_of(hub)


def test_each_row_is_an_event_with_a_payload_of_its_own(hub: Hub, intake: DataverseIntake) -> None:
    document = several("UpdateMultiple", ROWS, PreEntityImagesCollection=[images(ROWS[0]), [], images(ROWS[2])])
    assert send(intake.receive, document) is STORED
    for event, change in zip(events_of(document), changes_in(document), strict=True):
        assert hub.events.get_with_payload(event.id) == StoredEvent(event, own_payload(document, change))


def test_the_payload_of_an_event_holds_its_row_alone(hub: Hub, intake: DataverseIntake) -> None:
    send(intake.receive, UPDATED)
    found = hub.events.get_with_payload(events_of(UPDATED)[1].id)
    assert found is not None
    assert read_pairs(json.loads(found.payload)["InputParameters"]) == {"Targets": collection([ROWS[1]])}
    assert found.event == event_in(found.payload)


def test_one_announcement_names_all_of_them(intake: DataverseIntake, connection_string: str) -> None:
    send(intake.receive, UPDATED)
    [announcement] = announcements(connection_string)
    assert [announcement.event_id, *announcement.others] == [event.id for event in events_of(UPDATED)]


def test_a_request_costs_one_transaction_and_one_more_a_row(
    intake: DataverseIntake, transport: JournalTransport
) -> None:
    send(intake.receive, update({"name": "before"}))
    transport.forget()
    send(intake.receive, UPDATED)
    assert transport.summary == ["POST events/messages", *["POST events"] * 3]


def test_what_came_before_row_by_row_is_not_stored_again(intake: DataverseIntake) -> None:
    alone = [context("Update", {"Target": row}, row_id=row["Id"]) for row in ROWS]
    assert [send(intake.receive, document) for document in alone[:2]] == [STORED, STORED]
    assert [send(intake.receive, UPDATED), send(intake.receive, UPDATED)] == [STORED, DUPLICATE]
    assert send(intake.receive, alone[2]) is DUPLICATE


def test_a_message_with_no_rows_is_ignored_and_nobody_is_asked(
    intake: DataverseIntake, transport: JournalTransport
) -> None:
    transport.forget()
    assert send(intake.receive, several("UpdateMultiple", [])) is IGNORED
    assert transport.calls == []


def test_rows_that_no_pattern_takes_are_ignored(hub: Hub) -> None:
    outcomes = [send(intake_of(hub, text).receive, UPDATED) for text in ("*.updatemultiple", "*.created", "*.updated")]
    assert outcomes == [IGNORED, IGNORED, STORED]


@holds_for("rows", [[*ROWS, entity(NO_ID, {})], [*ROWS[:1], {}, *ROWS[1:]], [*ROWS, {"Id": "odd"}]])
def test_one_row_without_an_id_is_told_and_nothing_is_stored(
    intake: DataverseIntake, transport: JournalTransport, rows: list[Json]
) -> None:
    number = next(number for number, row in enumerate(rows) if row not in ROWS)
    transport.forget()
    with pytest.raises(BadRequest) as caught:
        send(intake.receive, several("UpdateMultiple", rows))
    assert [error.pointer for error in caught.value.errors] == [f"#/InputParameters/Targets/{number}/Id"]
    assert transport.calls == []


def test_a_thousand_rows_are_stored(hub: Hub, intake: DataverseIntake, connection_string: str) -> None:
    document = several("CreateMultiple", many(1000))
    assert send(intake.receive, document) is STORED
    [announcement] = announcements(connection_string)
    ids = [event.id for event in events_of(document)]
    assert [announcement.event_id, *announcement.others] == ids
    assert all(hub.events.get(id_) is not None for id_ in ids[::100])


def test_more_rows_are_too_many_and_nothing_is_stored(intake: DataverseIntake, transport: JournalTransport) -> None:
    transport.forget()
    with pytest.raises(ContentTooLarge):
        send(intake.receive, several("CreateMultiple", many(1001)))
    assert transport.calls == []


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_what_storage_has_when_it_fails_half_way_is_not_stored_again(
    hub: Hub,
    intake: DataverseIntake,
    connection_string: str,
    transport: JournalTransport,
    number: int,
    fault: Fault,
) -> None:
    send(intake.receive, update({"name": "before"}))
    transport.forget()
    transport.fail(number, fault)
    with pytest.raises(StorageDown):
        send(intake.receive, UPDATED)
    announced = {id_ for one in announcements(connection_string) for id_ in (one.event_id, *one.others)}
    assert all(event.id in announced or hub.events.get(event.id) is None for event in events_of(UPDATED))
    assert send(intake.receive, UPDATED) in {STORED, DUPLICATE}
    assert [stored(hub, event.id) for event in events_of(UPDATED)] == events_of(UPDATED)


def test_rows_of_a_trimmed_request_are_stored_by_their_ids(hub: Hub, intake: DataverseIntake) -> None:
    ids = pairs({"Ids": [ROW, OTHER]})
    document = several("CreateMultiple", [], InputParameters=[], OutputParameters=ids)
    assert send(intake.receive, document, trimmed=True) is STORED
    found = [stored(hub, event.id) for event in events_of(document, trimmed=True)]
    assert [(event.entity_id, event.trimmed, event.type) for event in found] == [
        (ROW, True, "opportunity.created"),
        (OTHER, True, "opportunity.created"),
    ]


def test_a_trimmed_request_without_ids_is_stored_as_one_event_without_a_row(hub: Hub, intake: DataverseIntake) -> None:
    document = several("DeleteMultiple", [], InputParameters=[])
    assert [send(intake.receive, document, trimmed=True) for _ in range(2)] == [STORED, DUPLICATE]
    found = stored(hub, event_in(document, trimmed=True).id)
    assert (found.type, found.entity, found.entity_id, found.trimmed) == (
        "opportunity.deleted",
        "opportunity",
        "",
        True,
    )


def test_of_several_connections_those_that_link_an_opportunity_with_a_user_are_stored(
    hub: Hub, intake: DataverseIntake
) -> None:
    grant(hub, USER)
    document = connections(RECIPROCAL, LINKED, {**LINKED, "record2id": reference("team", USER)})
    assert send(intake.receive, document) is STORED
    assert [hub.events.get(event.id) is not None for event in events_of(document)] == [False, True, False]


def test_of_several_connections_none_may_count_whoever_made_them(
    intake: DataverseIntake, transport: JournalTransport
) -> None:
    transport.forget()
    assert send(intake.receive, connections(RECIPROCAL, RECIPROCAL)) is IGNORED
    assert transport.calls == []


def test_the_role_is_asked_once_for_several_connections(
    hub: Hub, intake: DataverseIntake, transport: JournalTransport
) -> None:
    transport.forget()
    with pytest.raises(Forbidden, match=USER):
        send(intake.receive, connections(LINKED, RECIPROCAL, LINKED))
    assert transport.summary == ["GET roles"]
    grant(hub, ACCOUNT)
    transport.forget()
    assert send(intake.receive, connections(LINKED, LINKED, InitiatingUserId=ACCOUNT)) is STORED
    assert transport.summary.count("GET roles") == 1


def test_the_role_is_asked_for_several_trimmed_connections_too(intake: DataverseIntake) -> None:
    ids = pairs({"Ids": [ROW, OTHER]})
    with pytest.raises(Forbidden):
        send(intake.receive, connections(InputParameters=[], OutputParameters=ids), trimmed=True)


def test_a_connection_without_its_records_is_told_by_its_place_and_nothing_is_stored(
    hub: Hub, intake: DataverseIntake, transport: JournalTransport
) -> None:
    grant(hub, USER)
    transport.forget()
    with pytest.raises(BadRequest) as caught:
        send(intake.receive, connections(LINKED, {"record1id": OPPORTUNITY}, {}))
    above = "#/InputParameters/Targets"
    assert [error.pointer for error in caught.value.errors] == [
        f"{above}/1/Attributes/record2id",
        f"{above}/2/Attributes/record1id",
        f"{above}/2/Attributes/record2id",
    ]
    assert transport.calls == []


def test_a_connection_among_several_is_the_one_that_comes_alone(hub: Hub, intake: DataverseIntake) -> None:
    grant(hub, USER)
    document = connections(LINKED)
    id_ = events_of(document)[0].entity_id
    alone = context("Create", {"Target": entity(id_, LINKED, "connection")}, table="connection", row_id=id_)
    assert [send(intake.receive, document), intake.receive_connection(body(alone), trimmed=False)] == [
        STORED,
        DUPLICATE,
    ]


def test_updates_of_several_connections_are_not_judged(intake: DataverseIntake) -> None:
    rows = [entity(str(uuid4()), RECIPROCAL, "connection"), entity(str(uuid4()), {}, "connection")]
    assert send(intake.receive, several("UpdateMultiple", rows, table="connection")) is STORED


def test_rows_share_the_parameters_that_they_have_in_common() -> None:
    rows = [entity(str(UUID(int=number + 1)), {}) for number in range(MAX_ROWS)]
    document = several("UpdateMultiple", rows)
    document["InputParameters"] += pairs({"P": [[] for _ in range(12_000)]})
    events = read_events(body(document), trimmed=False, now=RECEIVED_AT)
    assert len(events) == MAX_ROWS
    assert all(event.parameters is events[0].parameters for event in events)


def test_what_is_too_much_to_store_with_each_row_is_refused_before_it_is_read_for_each() -> None:
    rows = [entity(str(UUID(int=number + 1)), {}) for number in range(MAX_ROWS)]
    document = several("UpdateMultiple", rows)
    document["InputParameters"] += pairs({"P": [[] for _ in range(300_000)]})
    with pytest.raises(ContentTooLarge):
        read_events(body(document), trimmed=False, now=RECEIVED_AT)
