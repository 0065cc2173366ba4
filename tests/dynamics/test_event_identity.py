"""Which requests are one event (dataverse_event.py): second attempts and second steps are, two operations are not."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.events.event import EventId
from tests.dynamics.contexts import (
    ACCOUNT,
    CORRELATION,
    NO_ID,
    OPERATION,
    ORGANIZATION,
    REQUEST,
    ROW,
    TABLE,
    USER,
    Json,
    as_async,
    body,
    boxed,
    context,
    delete,
    entity,
    images,
    money,
    on_target,
    option,
    pairs,
    reference,
    several,
    untyped,
    update,
)
from tests.dynamics.grammar import SentColumns, columns, values
from tests.dynamics.reading import event_in, events_of
from tests.dynamics.samples import SAMPLE_CONNECTION, SAMPLE_OPPORTUNITY, WITHOUT_TYPES
from tests.support.cases import holds_for

ANOTHER = "94b3e7f0-6c1d-4285-a0f9-57d8c2b1e622"
COLUMNS: Json = {
    "name": "Forty bicycles",
    "customerid": reference("account", ACCOUNT),
    "estimatedvalue": money(48500),
    "new_colours": [option(1), option(22)],
    "closedate": "/Date(1769860800000)/",
    "description": None,
}
CREATED, UPDATED, DELETED = on_target("Create", COLUMNS), update(COLUMNS), delete()
ASSIGNED = context("Assign", {"Target": reference(TABLE, ROW), "Assignee": reference("team", USER)})
APPROVED = context("new_Approve", {"Amount": money(7), "When": "/Date(0)/"}, table="none", row_id=NO_ID)
WON = context("Win", {"Status": option(3)})
ALL = [CREATED, UPDATED, DELETED, ASSIGNED, APPROVED, WON]
TRIMMED: Json = {"InputParameters": [], "PreEntityImages": [], "PostEntityImages": [], "ParentContext": None}


def id_of(document: Json | bytes, *, trimmed: bool = False, job_id: str | None = None) -> EventId:
    return event_in(document, trimmed=trimmed, job_id=job_id).id


def with_parameters(document: Json, **parameters: object) -> Json:
    return {**document, "InputParameters": [*document["InputParameters"], *pairs(parameters)]}


def turned_round(document: Json) -> Json:
    """The same with all keys and all pairs in the opposite order."""
    turned = {name: document[name] for name in reversed(document)}
    parameters = [dict(reversed(pair.items())) for pair in reversed(turned["InputParameters"])]
    for pair in parameters:
        if isinstance(pair["value"], dict) and "Attributes" in pair["value"]:
            pair["value"] = {**pair["value"], "Attributes": pair["value"]["Attributes"][::-1]}
    return {**turned, "InputParameters": parameters}


def test_the_ids_of_events_never_change() -> None:
    # A stored event is found by its id again: another value here means another namespace, and every event twice.
    assert [id_of(SAMPLE_CONNECTION), id_of(SAMPLE_OPPORTUNITY)] == [
        "8beb086c-1bcb-5ce8-b2b5-0aec2c2b08a7",
        "bf37c3ae-cae3-57fa-947f-84086865a291",
    ]
    assert [id_of(UPDATED), id_of(DELETED), id_of(ASSIGNED), id_of(APPROVED)] == [
        "ac125ce8-0de7-530e-a73c-4eb95dd6d2b3",
        "c39f5e43-5f4e-5e41-aab7-77d0d1b97e85",
        "16c0d33b-6084-57f7-98a0-bcc38af87054",
        "06f089db-dff1-5f93-a293-fc7bd305b0b0",
    ]


@holds_for("document", ALL)
def test_an_id_is_a_lower_case_uuid_of_the_fifth_kind(document: Json) -> None:
    found = id_of(document)
    assert (str(UUID(found)), UUID(found).version) == (found, 5)


def test_different_messages_are_different_events() -> None:
    assert len({id_of(document) for document in ALL}) == len(ALL)


@holds_for("document", ALL)
@holds_for("change", [
    lambda document: document,
    as_async,
    turned_round,
    lambda document: {**document, "OwningExtension": untyped(reference("sdkmessageprocessingstep", ANOTHER))},
    lambda document: {**document, "OperationId": ANOTHER, "RequestId": REQUEST},
    lambda document: {**document, "PreEntityImages": images(entity(ROW, {"name": "Before"}))},
    lambda document: {**document, "OrganizationId": ORGANIZATION.upper(), "CorrelationId": CORRELATION.upper()},
    lambda document: {**document, "MessageName": document["MessageName"].upper()},
    lambda document: {**document, "PrimaryEntityName": document["PrimaryEntityName"].title()},
    lambda document: {**document, "InitiatingUserId": ANOTHER, "UserId": ANOTHER, "Depth": 7},
    lambda document: {**document, "OrganizationName": "renamed", "NewIn2030": 1, "SharedVariables": None},
])  # fmt: skip
def test_a_second_attempt_and_a_second_step_are_the_same_event(document: Json, change: object) -> None:
    assert callable(change)
    assert id_of(change(document)) == id_of(document)


SPELLINGS: Json = {
    "customerid": reference("account", ACCOUNT.upper(), "Contoso"),
    "estimatedvalue": untyped(money(48500)),
    "new_colours": [untyped(option(1)), boxed("Object", option(22))],
    "closedate": "/Date(1769860800000+0100)/",
    "name": boxed("String", "Forty bicycles"),
}


@holds_for("name", SPELLINGS)
def test_a_value_that_is_spelled_in_another_way_is_the_same_value(name: str) -> None:
    again = update({**COLUMNS, name: SPELLINGS[name]})
    assert event_in(again).changes == event_in(UPDATED).changes
    assert id_of(again) == id_of(UPDATED)


def test_missing_types_and_texts_for_users_make_no_difference() -> None:
    target = untyped(entity(ROW, COLUMNS, TABLE, {"statecode": "Open"}))
    assert id_of(context("Update", {"Target": target})) == id_of(UPDATED)
    assert id_of(WITHOUT_TYPES) == id_of(SAMPLE_CONNECTION)


@holds_for("changed", [
    {**COLUMNS, "name": "Fifty bicycles"},
    {**COLUMNS, "description": ""},
    {**COLUMNS, "customerid": reference("account", ROW)},
    {**COLUMNS, "customerid": reference("contact", ACCOUNT)},
    {**COLUMNS, "estimatedvalue": money(48501)},
    {**COLUMNS, "new_colours": [option(22), option(1)]},
    {**COLUMNS, "closedate": "/Date(1769860800001)/"},
    {**COLUMNS, "new": None},
    {name: value for name, value in COLUMNS.items() if name != "description"},
    {},
])  # fmt: skip
def test_two_updates_of_one_row_in_one_operation_are_two_events(changed: Json) -> None:
    assert id_of(update(changed)) != id_of(UPDATED)


def test_two_updates_that_ask_for_the_same_are_two_by_the_time_at_which_they_were_made() -> None:
    first, second = (update({**COLUMNS, "modifiedon": f"/Date({moment})/"}) for moment in (1, 2))
    assert len({id_of(first), id_of(second), id_of(UPDATED)}) == 3
    assert id_of(first) == id_of(update({**COLUMNS, "modifiedon": "/Date(1+0000)/"}))


@holds_for("name", [
    *["modifiedby", "modifiedonbehalfby", "versionnumber", "timezoneruleversionnumber", "utcconversiontimezonecode"],
    *[f"{TABLE}id", "activityid"],
])  # fmt: skip
def test_what_else_the_platform_adds_makes_no_difference(name: str) -> None:
    assert id_of(update({**COLUMNS, name: ANOTHER})) == id_of(UPDATED)


def test_other_parameters_of_an_update_make_no_difference() -> None:
    assert id_of(with_parameters(UPDATED, SuppressDuplicateDetection=True)) == id_of(UPDATED)


@pytest.mark.parametrize("document", [ASSIGNED, APPROVED, WON], ids=lambda document: document["MessageName"])
def test_any_other_message_is_told_apart_by_its_parameters(document: Json) -> None:
    first, second = with_parameters(document, State=option(1)), with_parameters(document, State=option(2))
    assert len({id_of(first), id_of(second), id_of(document)}) == 3
    assert id_of(with_parameters(document, parentExecutionId=ANOTHER)) == id_of(document)


def test_any_other_message_is_told_apart_by_its_columns_too() -> None:
    sent = [with_parameters(on_target("Win", {"name": name}), Status=option(3)) for name in ("One", "Two")]
    assert len({id_of(document) for document in [*sent, with_parameters(sent[0], State=option(1))]}) == 3


@pytest.mark.parametrize("document", [CREATED, DELETED], ids=lambda document: document["MessageName"])
def test_a_row_is_created_and_deleted_once_in_an_operation(document: Json) -> None:
    target = entity(ROW, {"name": "something else"})
    assert id_of({**document, "InputParameters": pairs({"Target": target, "Other": 7})}) == id_of(document)


@holds_for("document", ALL)
def test_another_organization_or_operation_is_another_event(document: Json) -> None:
    others = [{**document, name: ANOTHER} for name in ("OrganizationId", "CorrelationId")]
    assert len({id_of(one) for one in [document, *others]}) == 3


@holds_for("document", [CREATED, UPDATED, DELETED, ASSIGNED, WON])
def test_another_row_or_table_is_another_event(document: Json) -> None:
    others = [{**document, "PrimaryEntityId": ANOTHER}, {**document, "PrimaryEntityName": "account"}]
    assert len({id_of(one) for one in [document, *others]}) == 3


@holds_for("document", ALL)
@holds_for("missing", [None, NO_ID, "odd"])
def test_without_a_correlation_the_operation_and_then_the_request_tells_operations_apart(
    document: Json, missing: object
) -> None:
    bare: Json = {**document, "CorrelationId": missing}
    assert id_of({**bare, "OperationId": ANOTHER}) != id_of(bare)
    assert id_of({**bare, "RequestId": ANOTHER}) == id_of(bare)
    last: Json = {**bare, "OperationId": missing}
    assert id_of({**last, "RequestId": ANOTHER}) != id_of(last)
    assert id_of(bare) == id_of({**document, "CorrelationId": OPERATION})


@pytest.mark.parametrize("message", ["Update", "Assign", "Win"])
def test_trimmed_requests_of_two_operations_are_two_events(message: str) -> None:
    trimmed = context(message, **TRIMMED)
    other = {**trimmed, "OperationId": ANOTHER}
    assert id_of(trimmed, trimmed=True) != id_of(other, trimmed=True)
    assert id_of(trimmed, trimmed=True) == id_of({**trimmed, "Mode": 1}, trimmed=True)


@pytest.mark.parametrize("document", [CREATED, DELETED], ids=lambda document: document["MessageName"])
def test_a_trimmed_request_about_a_new_or_a_gone_row_is_the_same_event_as_a_whole_one(document: Json) -> None:
    assert id_of({**document, **TRIMMED, "OperationId": ANOTHER}, trimmed=True) == id_of(document)


def test_a_trimmed_request_that_still_has_columns_is_known_by_them() -> None:
    other = {**UPDATED, "OperationId": ANOTHER}
    assert id_of(other, trimmed=True) == id_of(UPDATED, trimmed=True) == id_of(UPDATED)


def test_a_connection_is_known_by_itself_alone() -> None:
    created = on_target("Create", {"name": "x"}, table="connection")
    whole = id_of(created)
    assert whole == id_of({**created, "CorrelationId": ANOTHER, "OperationId": ANOTHER})
    assert whole == id_of({**created, **TRIMMED}, trimmed=True) == id_of(created, job_id=ANOTHER)
    others = [{**created, "PrimaryEntityId": ANOTHER}, {**created, "OrganizationId": ANOTHER}]
    assert len({whole, *map(id_of, others)}) == 3


@given(st.lists(st.uuids().filter(lambda id_: id_.int > 0).map(str), min_size=3, max_size=3, unique=True))
def test_different_connections_are_different_events(ids: list[str]) -> None:
    first, second, other = ids
    pairs_of_ids = [(first, other), (second, other), (other, first), (other, second), (first, second), (second, first)]
    documents = [
        context("Create", table="connection", row_id=connection, OrganizationId=organization)
        for organization, connection in pairs_of_ids
    ]
    assert len({id_of(document) for document in documents}) == 6


@pytest.mark.parametrize("message", ["Create", "Update", "Delete"])
def test_rows_of_one_request_have_the_ids_of_single_messages(message: str) -> None:
    rows = [entity(ROW, COLUMNS), entity(ACCOUNT, {**COLUMNS, "name": "x"})]
    together = [event.id for event in events_of(several(f"{message}Multiple", rows))]
    alone = [
        id_of(context(message, {"Target": row}, row_id=id_)) for row, id_ in zip(rows, [ROW, ACCOUNT], strict=True)
    ]
    assert together == alone


@pytest.mark.parametrize("message", ["Create", "Update"])
def test_rows_of_a_trimmed_request_have_the_ids_of_single_trimmed_ones(message: str) -> None:
    ids = pairs({"Ids": [ROW, ACCOUNT]})
    together = events_of(several(f"{message}Multiple", [], **TRIMMED, OutputParameters=ids), trimmed=True)
    alone = [id_of(context(message, **TRIMMED, row_id=id_), trimmed=True) for id_ in (ROW, ACCOUNT)]
    assert [event.id for event in together] == alone


def test_rows_of_a_trimmed_connections_request_are_these_connections() -> None:
    ids = pairs({"Ids": [ROW]})
    [one] = events_of(several("CreateMultiple", [], **TRIMMED, OutputParameters=ids, table="connection"), trimmed=True)
    assert one.id == id_of(context("Create", table="connection"))


@pytest.mark.parametrize("message", ["UpdateMultiple", "DeleteMultiple", "CreateMultiple"])
def test_two_trimmed_requests_about_unknown_rows_are_two_events(message: str) -> None:
    trimmed = several(message, [], **TRIMMED)
    assert id_of(trimmed, trimmed=True) != id_of({**trimmed, "OperationId": ANOTHER}, trimmed=True)


@pytest.mark.parametrize("member", ["CorrelationId", "OperationId"])
def test_two_trimmed_requests_about_unknown_connections_are_two_events(member: str) -> None:
    trimmed = several("CreateMultiple", [], **TRIMMED, table="connection")
    assert id_of(trimmed, trimmed=True) != id_of({**trimmed, member: ANOTHER}, trimmed=True)


@pytest.mark.parametrize("document", [CREATED, DELETED], ids=lambda document: document["MessageName"])
def test_a_lost_creation_or_deletion_has_the_id_that_its_request_would_have_had(document: Json) -> None:
    assert id_of(document, job_id=ANOTHER) == id_of(document)


def test_a_lost_update_is_known_by_its_job() -> None:
    first, second = (id_of(UPDATED, job_id=job_id) for job_id in (ANOTHER, ACCOUNT))
    assert len({first, second, id_of(UPDATED)}) == 3
    assert first == id_of(update({"name": "as it is now"}), job_id=ANOTHER)


@settings(max_examples=100)
@given(columns(values()), st.randoms(use_true_random=False))
def test_the_order_of_keys_makes_no_difference(sent: SentColumns, random: object) -> None:
    names = list(sent.wire)
    random.shuffle(names)  # type: ignore[attr-defined]  # hypothesis' own kind of random.Random
    assert id_of(update({name: sent.wire[name] for name in names})) == id_of(update(sent.wire))


@settings(max_examples=100)
@given(columns(values()))
def test_two_steps_report_whatever_is_sent_as_one_event(sent: SentColumns) -> None:
    document = update(sent.wire)
    assert id_of(body(as_async(document))) == id_of(document)


@pytest.mark.parametrize("name", ["Target", "EntityMoniker"])
def test_a_message_about_no_table_is_told_apart_by_the_row_that_it_names(name: str) -> None:
    one, other = (
        context("new_x", {name: reference("account", id_), "Note": "x"}, table="none", row_id=None)
        for id_ in (ACCOUNT, ANOTHER)
    )
    assert id_of(one) != id_of(other)
    assert id_of(one) == id_of({**one, "InputParameters": one["InputParameters"][::-1]})


def test_references_by_another_alternate_key_are_told_apart() -> None:
    by_key = [
        {**reference("account", NO_ID), "KeyAttributes": [{"key": "accountnumber", "value": number}]} for number in "12"
    ]
    assert id_of(update({"a": by_key[0]})) != id_of(update({"a": by_key[1]}))
    linked = [context("Associate", {"Target": one}, table="none", row_id=NO_ID) for one in by_key]
    assert id_of(linked[0]) != id_of(linked[1])
