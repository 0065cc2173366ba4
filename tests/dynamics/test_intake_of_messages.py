"""Any message, at the address of all messages (intake.py); created connections are in test_intake.py."""

import json
import logging
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.dynamics.intake import DataverseIntake, IntakeOutcome
from shared.errors import BadRequest, ContentTooLarge, Forbidden, NotJson, StorageDown
from shared.events.store import StoredEvent
from shared.hub.hub import Hub
from shared.settings import Settings
from tests.dynamics.contexts import (
    ACCOUNT,
    NO_ID,
    ORGANIZATION,
    ROW,
    USER,
    Json,
    as_async,
    body,
    context,
    delete,
    entity,
    images,
    money,
    on_target,
    option,
    reference,
    several,
    update,
)
from tests.dynamics.grammar import CONTRACT_LIKE, SentColumns, columns, values
from tests.dynamics.reading import event_in, intake_that_takes_nothing, refusal_of
from tests.dynamics.receiving import grant, intake_of, send, stored
from tests.dynamics.samples import REMOVED, SAMPLE_CONNECTION, SAMPLE_OPPORTUNITY, paths, sample_with
from tests.support.cases import holds_for
from tests.support.lines import lines_in
from tests.support.queues import announcements
from tests.support.tenant import Tenant
from tests.support.transport import Fault, JournalTransport

STORED, DUPLICATE, IGNORED = IntakeOutcome.STORED, IntakeOutcome.DUPLICATE, IntakeOutcome.IGNORED
UPDATED = update({"name": "Forty bicycles", "estimatedvalue": money(48500)})
MESSAGES = [
    on_target("Create", {"name": "x"}),
    UPDATED,
    delete(PreEntityImages=images(entity(ROW, {"name": "x"}))),
    context("Assign", {"Target": reference("opportunity", ROW), "Assignee": reference("team", ACCOUNT)}),
    context("SetState", {"EntityMoniker": reference("opportunity", ROW), "State": option(1), "Status": option(3)}),
    context("Win", {"Status": option(3)}),
    context("Associate", {"Target": reference("account", ACCOUNT)}, table="none", row_id=NO_ID),
    context("new_Approve", {"Amount": money(7)}, table="none", row_id=REMOVED),
]
ANOTHER_ORGANIZATION = "4b8e2d61-90f3-4c7a-b5d8-1e6f0a9c3733"


@pytest.fixture
def intake(hub: Hub) -> DataverseIntake:
    """An intake that takes every event and asks for no role."""
    return intake_of(hub)


@pytest.mark.parametrize("document", MESSAGES, ids=lambda document: document["MessageName"])
def test_a_message_is_stored_once_with_its_payload_and_announced(
    hub: Hub, intake: DataverseIntake, connection_string: str, document: Json
) -> None:
    event = event_in(document)
    assert [send(intake.receive, document), send(intake.receive, as_async(document))] == [STORED, DUPLICATE]
    assert hub.events.get_with_payload(event.id) == StoredEvent(event, body(document))
    assert {one.event_id for one in announcements(connection_string)} == {event.id}


def test_two_updates_of_a_row_are_stored_as_two(hub: Hub, intake: DataverseIntake) -> None:
    second = update({"name": "Fifty bicycles"})
    assert [send(intake.receive, UPDATED), send(intake.receive, second)] == [STORED, STORED]
    assert stored(hub, event_in(second).id).field_values["name"] == "Fifty bicycles"


def test_an_event_costs_two_transactions(intake: DataverseIntake, transport: JournalTransport) -> None:
    send(intake.receive, UPDATED)
    for document in [update({"name": "y"}), update({"name": "x" * 40_000}), *MESSAGES[2:]]:
        transport.forget()
        send(intake.receive, document)
        assert len(transport.calls) == 2
        assert transport.summary[0] == "POST events/messages"


def test_long_values_are_stored_whole(hub: Hub, intake: DataverseIntake) -> None:
    document = update(
        {"description": "é" * 100_000, "name": "x"}, PreEntityImages=images(entity(ROW, {"a": "b" * 40_000}))
    )
    assert send(intake.receive, document) is STORED
    assert stored(hub, event_in(document).id) == event_in(document)


def test_all_digits_are_stored(hub: Hub, intake: DataverseIntake) -> None:
    sent = body(update({"a": "NUMBER"})).replace(b'"NUMBER"', b"12345678901234567890.12")
    assert intake.receive(sent, trimmed=False) is STORED
    assert stored(hub, event_in(sent).id).field_values["a"] == Decimal("12345678901234567890.12")


@settings(max_examples=25)
@given(columns(values()))
def test_whatever_is_sent_is_stored_as_it_should_be_told(own_hub: Hub, sent: SentColumns) -> None:
    document = update(sent.wire)
    send(intake_of(own_hub).receive, document)
    assert stored(own_hub, event_in(document).id).field_values.items() >= SentColumns(sent.columns, {}).told.items()


@pytest.fixture(scope="module")
def own_hub(new_account: Callable[[], str]) -> Hub:
    """One hub for all examples of a property."""
    return Hub.assemble(Settings.read({"AzureWebJobsStorage": new_account()}))


@holds_for(("patterns", "taken"), [
    (["*.*"], True),
    (["opportunity.updated"], True),
    (["opportunity.*"], True),
    (["*.updated"], True),
    (["account.*", "*.updated"], True),
    (["opportunity.created", "account.updated"], False),
    (["connection.*"], False),
])  # fmt: skip
def test_what_no_pattern_takes_is_ignored_and_nobody_is_asked(
    hub: Hub, transport: JournalTransport, patterns: list[str], taken: bool
) -> None:
    transport.forget()
    outcome = send(intake_of(hub, *patterns, asks_role=not taken).receive, UPDATED)
    assert (outcome is not IGNORED, transport.calls != []) == (taken, taken)


def test_a_message_without_a_table_is_taken_by_its_name(hub: Hub) -> None:
    approved = MESSAGES[-1]
    assert send(intake_of(hub, "account.*", "*.created").receive, approved) is IGNORED
    assert send(intake_of(hub, "dataverse.new_approve").receive, approved) is STORED


def test_the_settings_say_what_is_taken(connection_string: str) -> None:
    given_settings = {"AzureWebJobsStorage": connection_string, "DYNAMICS_EVENTS": "Opportunity.*, *.deleted"}
    intake = Hub.assemble(Settings.read(given_settings)).intake
    outcomes = [send(intake.receive, document) for document in (UPDATED, update({}, table="account"), delete())]
    assert outcomes == [STORED, IGNORED, STORED]


def test_no_role_is_asked_for(hub: Hub, transport: JournalTransport) -> None:
    send(intake_of(hub).receive, UPDATED)
    assert "GET roles" not in transport.summary


@pytest.mark.parametrize("trimmed", [False, True])
def test_the_role_is_asked_of_every_message_where_the_settings_say_so(
    connection_string: str, transport: JournalTransport, *, trimmed: bool
) -> None:
    given_settings = {"AzureWebJobsStorage": connection_string, "DYNAMICS_EVENTS_ROLE": "true"}
    hub = Hub.assemble(Settings.read(given_settings), transport=transport)
    grant(hub, USER)
    transport.forget()
    with pytest.raises(Forbidden, match=ACCOUNT):
        send(hub.intake.receive, {**UPDATED, "InitiatingUserId": ACCOUNT}, trimmed=trimmed)
    assert transport.summary == ["GET roles"]
    assert send(hub.intake.receive, UPDATED, trimmed=trimmed) is STORED


def test_the_id_of_entra_that_the_request_tells_saves_the_look_up(connection_string: str, tenant: Tenant) -> None:
    given_settings = {"AzureWebJobsStorage": connection_string, "DYNAMICS_EVENTS_ROLE": "true", **tenant.settings}
    intake = Hub.assemble(Settings.read(given_settings)).intake
    member, stranger = tenant.add_person(), tenant.add_person(is_member=False)
    outcome = send(intake.receive, {**UPDATED, **user_ids(member.system_user, member.oid)})
    with pytest.raises(Forbidden):
        send(intake.receive, {**UPDATED, **user_ids(stranger.system_user, stranger.oid)})
    assert (outcome, tenant.dataverse.journal) == (STORED, [])


@pytest.mark.parametrize("entra_id", [NO_ID, None, "odd"])
def test_without_such_an_id_dataverse_is_asked_for_it(
    connection_string: str, tenant: Tenant, entra_id: str | None
) -> None:
    given_settings = {"AzureWebJobsStorage": connection_string, "DYNAMICS_EVENTS_ROLE": "true", **tenant.settings}
    intake = Hub.assemble(Settings.read(given_settings)).intake
    member = tenant.add_person()
    assert send(intake.receive, {**UPDATED, **user_ids(member.system_user, entra_id)}) is STORED
    assert [call.path for call in tenant.dataverse.journal] == [f"/api/data/v9.2/systemusers({member.system_user})"]


def user_ids(system_user: str, entra_id: str | None) -> Json:
    return {"InitiatingUserId": system_user, "InitiatingUserAzureActiveDirectoryObjectId": entra_id}


@pytest.mark.parametrize("message", ["Create", "Update", "Delete", "Assign", "Win", "new_Approve"])
def test_a_trimmed_message_is_stored_to_be_completed(hub: Hub, intake: DataverseIntake, message: str) -> None:
    document = context(message, InputParameters=[], PreEntityImages=[], PostEntityImages=[])
    assert send(intake.receive, document, trimmed=True) is STORED
    found = stored(hub, event_in(document, trimmed=True).id)
    assert (found.trimmed, found.changes, found.previous_values) == (True, (), None)


@holds_for(("sent", "pointer"), [
    (b"", None),
    (b"{'a': 1}", None),
    (b"\xff\xfe{\x00}\x00", None),
    (b'{"a": ' + b"[" * 1000 + b"]" * 1000 + b"}", None),
    (b"[]", "#"),
    (b"null", "#"),
    (body(update({}, MessageName=REMOVED)), "#/MessageName"),
    (body(update({}, PrimaryEntityName=7)), "#/PrimaryEntityName"),
    (body(update({}, row_id=NO_ID)), "#/PrimaryEntityId"),
    (body(update({}, OrganizationId=NO_ID)), "#/OrganizationId"),
    (body(update({}, InitiatingUserId=None)), "#/InitiatingUserId"),
    (body(update({}, Stage=20)), "#/Stage"),
    (body(update({}, Stage="THIS")).replace(b'"THIS"', b"NaN"), "#/Stage"),
    (body(update({}, MessageName="THIS")).replace(b"THIS", rb"Upd\ud83date"), "#/MessageName"),
    (body(context("x" * 500)), "#/MessageName"),
    (body(context("UpdateMultiple")), "#/InputParameters/Targets"),
])  # fmt: skip
def test_what_is_malformed_is_refused_by_its_field_and_nobody_is_asked(
    intake: DataverseIntake, transport: JournalTransport, sent: bytes, pointer: str | None
) -> None:
    transport.forget()
    with pytest.raises(BadRequest) as caught:
        intake.receive(sent, trimmed=False)
    assert [error.pointer for error in caught.value.errors] == ([pointer] if pointer else [])
    assert isinstance(caught.value, NotJson) == (pointer is None)
    assert transport.calls == []


def test_what_every_message_needs_is_named_at_once_and_nothing_else() -> None:
    needed = ["MessageName", "PrimaryEntityName", "OrganizationId", "InitiatingUserId"]
    assert [error.pointer for error in refusal_of(b"{}").errors] == [f"#/{name}" for name in needed]


@pytest.mark.parametrize(
    "sent", [rb'"Kick-off \ud83d"', b"NaN", b"-Infinity", b"1e400", b"9" * 5000, b'"/Date(soon)/"']
)
def test_nothing_odd_in_a_column_costs_an_event(intake: DataverseIntake, sent: bytes) -> None:
    assert intake.receive(body(update({"a": "THIS"})).replace(b'"THIS"', sent), trimmed=False) is STORED


def test_two_hundred_parents_are_stored(intake: DataverseIntake) -> None:
    parents: Json = {"Stage": 30}
    for _ in range(200):
        parents = {**UPDATED, "ParentContext": parents}
    assert send(intake.receive, {**UPDATED, "ParentContext": parents}) is STORED


@pytest.mark.parametrize("levels", [100, 300, 900])
def test_what_is_nested_deep_is_stored(hub: Hub, intake: DataverseIntake, levels: int) -> None:
    sent = body(update({"a": "THIS"})).replace(b'"THIS"', b"[" * levels + b"1.5" + b"]" * levels)
    assert intake.receive(sent, trimmed=False) is STORED
    assert json.dumps(stored(hub, event_in(sent).id).field_values["a"]) == "[" * levels + "1.5" + "]" * levels


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", [1, 2])
def test_an_outage_of_storage_is_one_and_the_same_request_is_taken_later(
    hub: Hub, intake: DataverseIntake, transport: JournalTransport, number: int, fault: Fault
) -> None:
    send(intake.receive, update({"name": "before"}))
    transport.forget()
    transport.fail(number, fault)
    with pytest.raises(StorageDown):
        send(intake.receive, UPDATED)
    assert send(intake.receive, UPDATED) in {STORED, DUPLICATE}
    assert stored(hub, event_in(UPDATED).id) == event_in(UPDATED)


@pytest.fixture
def guarded(connection_string: str, transport: JournalTransport) -> DataverseIntake:
    """The intake of an app that one organization may send to."""
    given_settings = {"AzureWebJobsStorage": connection_string, "DYNAMICS_ORGANIZATIONS": ORGANIZATION.upper()}
    hub = Hub.assemble(Settings.read(given_settings), transport=transport)
    transport.forget()
    return hub.intake


@holds_for("sent", [
    body(UPDATED).replace(ORGANIZATION.encode(), ANOTHER_ORGANIZATION.encode()),
    body({**delete(), "OrganizationId": ANOTHER_ORGANIZATION}),
    SAMPLE_CONNECTION,
    SAMPLE_CONNECTION.replace(b'"systemuser"', b'"team"'),
    body(several("UpdateMultiple", [], OrganizationId=ANOTHER_ORGANIZATION)),
])  # fmt: skip
def test_another_organization_is_refused_before_anything_else_is_judged_and_nobody_is_asked(
    guarded: DataverseIntake, transport: JournalTransport, sent: bytes
) -> None:
    with pytest.raises(Forbidden, match="DYNAMICS_ORGANIZATIONS"):
        guarded.receive(sent, trimmed=False)
    assert transport.calls == []


def test_another_organization_is_refused_at_the_address_of_created_connections_too(guarded: DataverseIntake) -> None:
    with pytest.raises(Forbidden, match="DYNAMICS_ORGANIZATIONS"):
        guarded.receive_connection(SAMPLE_CONNECTION, trimmed=False)


def test_a_refused_organization_is_a_line_of_the_log_with_both_ids(
    guarded: DataverseIntake, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(Forbidden):
        send(guarded.receive, {**UPDATED, "OrganizationId": ANOTHER_ORGANIZATION})
    [record] = caplog.records
    assert ANOTHER_ORGANIZATION in record.getMessage()
    assert ORGANIZATION in record.getMessage()


def test_the_organization_that_may_send_is_stored(guarded: DataverseIntake) -> None:
    assert send(guarded.receive, {**UPDATED, "OrganizationId": ORGANIZATION.upper()}) is STORED


def test_what_is_malformed_is_told_before_the_organization_is_judged(guarded: DataverseIntake) -> None:
    with pytest.raises(BadRequest):
        send(guarded.receive, {**UPDATED, "OrganizationId": ANOTHER_ORGANIZATION, "Stage": 20})


def test_organizations_are_read_once_in_a_process(intake: DataverseIntake, transport: JournalTransport) -> None:
    transport.forget()
    for number in range(3):
        send(intake.receive, update({"name": str(number)}))
    assert transport.summary.count("GET organizations") == 1


REQUESTS = [
    *map(body, MESSAGES),
    body(several("CreateMultiple", [entity(ROW, {"name": "x"}), entity(ACCOUNT, {})])),
    SAMPLE_CONNECTION,
    SAMPLE_OPPORTUNITY,
]
ANYWHERE = st.sampled_from(REQUESTS).flatmap(lambda sent: st.tuples(st.just(sent), st.sampled_from(paths(sent))))


@settings(max_examples=250)
@given(ANYWHERE, CONTRACT_LIKE | st.just(REMOVED), st.booleans())
def test_any_change_of_a_request_is_judged_and_nothing_else_happens(
    at: tuple[bytes, tuple[str | int, ...]], value: object, trimmed: bool
) -> None:
    sent, path = at
    with suppress(BadRequest, ContentTooLarge):
        assert intake_that_takes_nothing().receive(sample_with(value, *path, body=sent), trimmed=trimmed) is IGNORED


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(list(UPDATED)), CONTRACT_LIKE), st.booleans())
def test_any_json_is_judged_and_nothing_else_happens(members: Json, trimmed: bool) -> None:
    with suppress(BadRequest, ContentTooLarge):
        assert intake_that_takes_nothing().receive(body(members), trimmed=trimmed) is IGNORED
    with suppress(BadRequest, ContentTooLarge):
        assert intake_that_takes_nothing().receive(body(UPDATED | members), trimmed=trimmed) is IGNORED


@given(st.binary() | st.text(alphabet='{}[]",:\\u0d8eE+-.1NaInfity').map(str.encode), st.booleans())
def test_any_bytes_are_refused_and_nothing_else_happens(sent: bytes, trimmed: bool) -> None:
    with pytest.raises(BadRequest):
        intake_that_takes_nothing().receive(sent, trimmed=trimmed)


def test_what_is_not_taken_is_a_line_with_its_id(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert send(intake_of(hub, "nothing.created").receive, UPDATED) is IGNORED
    [line] = lines_in(caplog.records)
    assert (line["name"], line["type"], line["outcome"]) == ("event.received", "opportunity.updated", "ignored")
    assert line["event"] == event_in(UPDATED).id
