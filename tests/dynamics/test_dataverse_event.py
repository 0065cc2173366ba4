"""What the event of a row is called, and what receivers get of it; its id stands in test_event_identity.py."""

import pytest
from hypothesis import given

from shared.dynamics.dataverse_event import event_of
from shared.dynamics.event_name import VERBS
from shared.events.event import Event, EventState
from shared.exact_json import dump_json, load_json
from shared.webhooks.fields import MAX_EVENT_NAME
from tests.dynamics.contexts import (
    ACCOUNT,
    CORRELATION,
    NO_ID,
    ORGANIZATION,
    ROW,
    RUN_AS,
    TABLE,
    USER,
    Json,
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
from tests.dynamics.grammar import SentColumns, columns, values
from tests.dynamics.reading import changes_in, context_of, event_in, events_of, refusal_of
from tests.dynamics.samples import REMOVED
from tests.support.cases import holds_for
from tests.support.events import RECEIVED_AT

CIRCUMSTANCES = {
    "organizationid": ORGANIZATION,
    "initiatinguserid": USER,
    "userid": RUN_AS,
    "correlationid": CORRELATION,
    "depth": 1,
}
SENT = {
    "estimatedvalue": money(48500),
    f"{TABLE}id": ROW,
    "customerid": reference("account", ACCOUNT, "Contoso"),
    "modifiedon": "/Date(1768471205000)/",
    "modifiedby": reference("systemuser", USER),
    "modifiedonbehalfby": None,
    "versionnumber": 7,
    "timezoneruleversionnumber": 0,
    "utcconversiontimezonecode": None,
    "statecode": option(0),
    "description": None,
}
TOLD = {
    "estimatedvalue": 48500,
    f"{TABLE}id": ROW,
    "customerid": ACCOUNT,
    "customerid_logicalname": "account",
    "customerid_name": "Contoso",
    "modifiedon": "2026-01-15T10:00:05Z",
    "modifiedby": USER,
    "modifiedby_logicalname": "systemuser",
    "modifiedonbehalfby": None,
    "versionnumber": 7,
    "timezoneruleversionnumber": 0,
    "utcconversiontimezonecode": None,
    "statecode": 0,
    "description": None,
}
BEFORE = images(entity(ROW, {"estimatedvalue": money(100), "statecode": option(1)}, TABLE, {"statecode": "Won"}))
BEFORE_TOLD = {"estimatedvalue": 100, "statecode": 1, "statecode_formatted": "Won"}


def test_an_update_is_told_with_what_was_sent_and_by_whom() -> None:
    event = event_in(update(SENT))
    assert event == Event(
        id=event.id,
        type="opportunity.updated",
        source=f"dynamics/{ORGANIZATION}",
        entity=TABLE,
        entity_id=ROW,
        initiator=USER,
        received_at=RECEIVED_AT,
        field_values=TOLD | CIRCUMSTANCES,
        changes=("estimatedvalue", "customerid", "statecode", "description"),
        state=EventState.RECEIVED,
    )


@pytest.mark.parametrize("message", [*VERBS, "Win", "new_Approve"])
def test_a_message_on_a_row_is_named_by_its_table_and_what_happened(message: str) -> None:
    verb = VERBS.get(message, message).lower()
    assert event_in(context(message)).type == f"opportunity.{verb}"


def test_changes_are_the_columns_in_the_order_in_which_they_were_sent() -> None:
    assert event_in(update({"b": 1, "a": None, "c": 3})).changes == ("b", "a", "c")


def test_an_activitys_own_key_is_no_change() -> None:
    event = event_in(update({"activityid": ROW, "subject": "x", "opportunityid": ROW}, table="new_activity"))
    assert event.changes == ("subject", "opportunityid")


def test_field_values_have_the_id_of_the_row_where_it_was_not_sent() -> None:
    assert event_in(update({})).field_values == {f"{TABLE}id": ROW} | CIRCUMSTANCES


def test_what_is_not_known_of_the_circumstances_is_left_out() -> None:
    event = event_in(update({}, UserId=None, CorrelationId=NO_ID, Depth="1"))
    assert event.field_values.keys() == {f"{TABLE}id", "organizationid", "initiatinguserid"}


def test_a_column_of_the_row_wins_over_the_circumstances() -> None:
    organization = reference("organization", ACCOUNT)
    own = {"depth": 700, "userid": "x", "organizationid": organization, "correlationid": None, "initiatinguserid": 0}
    told = event_in(update({**own, f"{TABLE}id": None})).field_values
    assert told == {
        # The primary id decides.
        f"{TABLE}id": ROW,
        "depth": 700,
        "userid": "x",
        "correlationid": None,
        "initiatinguserid": 0,
        "organizationid": ACCOUNT,
        "organizationid_logicalname": "organization",
    }


def test_the_row_before_an_update_is_told_where_the_step_has_an_image() -> None:
    event = event_in(update({"statecode": option(0)}, PreEntityImages=BEFORE))
    assert (event.previous_values, event.values) == (BEFORE_TOLD, None)


@pytest.mark.parametrize("message", ["Assign", "SetState", "Merge", "Win"])
def test_the_row_before_any_other_message_is_told_too(message: str) -> None:
    assert event_in(context(message, PreEntityImages=BEFORE)).previous_values == BEFORE_TOLD


def test_without_an_image_nothing_is_told_of_before() -> None:
    event = event_in(update({"statecode": option(0)}))
    assert (event.previous_values, event.values) == (None, None)


def test_what_is_left_of_a_deleted_row_is_its_image() -> None:
    event = event_in(delete(PreEntityImages=BEFORE))
    assert (event.type, event.values) == ("opportunity.deleted", BEFORE_TOLD)
    assert (event.changes, event.previous_values) == ((), None)
    assert event.field_values == {f"{TABLE}id": ROW} | CIRCUMSTANCES


@pytest.mark.parametrize("trimmed", [False, True])
def test_what_is_left_of_a_deleted_row_without_an_image_is_its_id(*, trimmed: bool) -> None:
    event = event_in(delete(), trimmed=trimmed)
    assert (event.values, event.changes, event.previous_values) == ({f"{TABLE}id": ROW}, (), None)


def test_parameters_are_told_under_the_names_that_were_sent() -> None:
    given = {"Target": entity(ROW, {}), "Assignee": reference("team", ACCOUNT, "Sales"), "new_When": "/Date(0)/"}
    assert event_in(context("Assign", given)).parameters == {
        "Assignee": ACCOUNT,
        "Assignee_logicalname": "team",
        "Assignee_name": "Sales",
        "new_When": "1970-01-01T00:00:00Z",
    }


def test_a_changed_state_is_told_by_its_parameters() -> None:
    given = {"EntityMoniker": reference(TABLE, ROW), "State": option(1), "Status": option(3)}
    event = event_in(context("SetStateDynamicEntity", given))
    assert (event.type, event.parameters) == ("opportunity.statechanged", {"State": 1, "Status": 3})


def test_a_link_is_told_with_what_was_linked() -> None:
    relationship = {"PrimaryEntityRole": None, "SchemaName": "account_contacts"}
    given = {"Target": reference("account", ACCOUNT), "Relationship": relationship}
    linked = context("Associate", {**given, "RelatedEntities": [reference("contact", ROW)]}, table="none", row_id=NO_ID)
    event = event_in(linked)
    assert (event.type, event.entity, event.entity_id) == ("account.associated", "account", ACCOUNT)
    related = [{"id": ROW, "logicalname": "contact", "name": None}]
    assert event.parameters == {"Relationship": relationship, "RelatedEntities": related}
    assert event.field_values == {"accountid": ACCOUNT} | CIRCUMSTANCES


def test_without_parameters_there_are_none() -> None:
    assert event_in(update({"name": "x"})).parameters is None


@pytest.mark.parametrize("row_id", [REMOVED, NO_ID, ROW], ids=str)
def test_a_message_about_no_table_is_told_without_a_row(row_id: object) -> None:
    event = event_in(context("new_Approve", {"Amount": money(7)}, table="none", row_id=row_id))
    assert (event.type, event.entity, event.entity_id) == ("dataverse.new_approve", "dataverse", "")
    assert (event.field_values, event.parameters) == (CIRCUMSTANCES, {"Amount": 7})


@pytest.mark.parametrize("message", ["Create", "Update"])
def test_rows_of_no_table_are_told_without_a_column_for_their_id(message: str) -> None:
    [event] = events_of(several(f"{message}Multiple", [entity(ROW, {"name": "x"})], table="none"))
    assert event.entity == "dataverse"
    assert event.field_values == {"name": "x"} | CIRCUMSTANCES


def test_several_rows_are_told_as_the_messages_of_each() -> None:
    rows = [entity(ROW, SENT), entity(ACCOUNT, {"name": "x"})]
    one, two = events_of(several("UpdateMultiple", rows, PreEntityImagesCollection=[BEFORE, []]))
    assert one == event_in(update(SENT, PreEntityImages=BEFORE))
    assert (two.type, two.entity_id, two.changes, two.previous_values) == (
        "opportunity.updated",
        ACCOUNT,
        ("name",),
        None,
    )


@pytest.mark.parametrize("message", ["Create", "Update"])
def test_a_trimmed_request_tells_what_there_is_and_no_changes(message: str) -> None:
    event = event_in(context(message, InputParameters=[], PreEntityImages=[], PostEntityImages=[]), trimmed=True)
    assert (event.trimmed, event.changes, event.previous_values, event.parameters) == (True, (), None, None)
    assert event.field_values == {f"{TABLE}id": ROW} | CIRCUMSTANCES


def test_a_trimmed_request_that_still_has_columns_tells_no_changes() -> None:
    event = event_in(update({"name": "x"}), trimmed=True)
    assert (event.field_values["name"], event.changes) == ("x", ())


@pytest.mark.parametrize(("message", "verb"), [("Create", "created"), ("Update", "updated"), ("Delete", "deleted")])
def test_a_trimmed_message_on_several_rows_without_ids_is_one_event_without_a_row(message: str, verb: str) -> None:
    event = event_in(several(f"{message}Multiple", [], InputParameters=[]), trimmed=True)
    assert (event.type, event.entity, event.entity_id, event.trimmed) == (f"opportunity.{verb}", TABLE, "", True)
    assert event.field_values == CIRCUMSTANCES


def test_an_event_is_as_far_from_the_first_of_its_chain_as_its_request() -> None:
    context_, [change] = context_of(update({})), changes_in(update({}))
    assert [event_of(context_, change, RECEIVED_AT, hops=hops).hops for hops in (0, 3)] == [0, 3]


def test_a_lost_request_is_told_as_reconstructed_and_without_changes() -> None:
    event = event_in(update({"name": "x"}), job_id=ACCOUNT)
    assert (event.reconstructed, event.changes, event.field_values["name"]) == (True, (), "x")
    assert not event_in(update({"name": "x"})).reconstructed


@holds_for(("member", "table", "message"), [
    ("MessageName", "account", "x" * MAX_EVENT_NAME),
    ("PrimaryEntityName", "x" * MAX_EVENT_NAME, "Update"),
    ("MessageName", "none", "x" * MAX_EVENT_NAME),
])  # fmt: skip
def test_a_name_that_is_too_long_is_refused_by_what_makes_it_so(member: str, table: str, message: str) -> None:
    (error,) = refusal_of(context(message, table=table)).errors
    assert error.pointer == f"#/{member}"
    assert f"longer than {MAX_EVENT_NAME} characters" in error.detail


def test_the_longest_name_is_told() -> None:
    message = "x" * (MAX_EVENT_NAME - len("account."))
    assert event_in(context(message, table="account")).type == f"account.{message}"
    assert refusal_of(context(f"{message}x", table="account")).errors[0].pointer == "#/MessageName"


NUMBERS: list[tuple[bytes, object, str]] = [
    (b"12345678901234567890.12", "12345678901234567890.12", "12345678901234567890.12"),
    (b"0.1234567890123456789012", "0.1234567890123456789012", "0.1234567890123456789012"),
    (b"-922337203685477.5807", "-922337203685477.5807", "-922337203685477.5807"),
    (b"9007199254740993", "9007199254740993", "9007199254740993"),
    (b"1e400", "1e400", '"1e400"'),
    (b"9" * 400, "9" * 400, f'"{"9" * 400}"'),
    (b"9" * 5000, "9" * 5000, f'"{"9" * 5000}"'),
    (b"NaN", None, "null"),
    (b"-Infinity", None, "null"),
    (b"1.10", "1.1", "1.1"),
]


@holds_for(("sent", "told", "shown"), NUMBERS)
def test_no_digit_of_a_number_is_lost_and_what_cannot_be_one_is_text_or_null(
    sent: bytes, told: object, shown: str
) -> None:
    event = event_in(body(update({"a": "NUMBER"}, PreEntityImages=BEFORE)).replace(b'"NUMBER"', sent))
    value = event.field_values["a"]
    assert value is told or str(value) == told
    assert f'"a": {shown}' in dump_json(dict(event.field_values))


@given(columns(values()), columns(values()))
def test_what_goes_in_as_json_comes_out_as_it_should_be_told(sent: SentColumns, before: SentColumns) -> None:
    target, image = (entity(ROW, part.wire, TABLE, part.formatted) for part in (sent, before))
    document: Json = context("Update", {"Target": target}, PreEntityImages=images(image))
    event = event_in(document)
    assert event.field_values == {f"{TABLE}id": ROW} | CIRCUMSTANCES | sent.told
    assert (event.changes, event.previous_values) == (tuple(sent.columns), before.told)
    assert load_json(dump_json(event.as_json())) == event.as_json()


@given(columns(values()))
def test_parameters_come_out_as_they_should_be_told(sent: SentColumns) -> None:
    event = event_in(context("new_Approve", sent.wire, table="none"))
    told = SentColumns(sent.columns, {}).told
    assert (event.parameters or {}) == told


@given(columns(values()))
def test_a_row_on_its_own_is_told_as_in_any_other_message(sent: SentColumns) -> None:
    created = event_in(on_target("Create", sent.wire))
    [among_several] = events_of(several("CreateMultiple", [entity(ROW, sent.wire)]))
    assert created == among_several


@pytest.mark.parametrize("verb", sorted({*VERBS.values()}))
@pytest.mark.parametrize("table", ["connection", "opportunity"])
def test_a_message_that_has_the_name_of_a_verb_passes_for_no_other_message(verb: str, table: str) -> None:
    refusal = refusal_of(context(verb.upper(), {"Target": entity(ROW, {"a": 1}, table)}, table=table))
    assert [error.pointer for error in refusal.errors] == ["#/MessageName"]


def test_an_image_gives_its_own_text_beside_its_value() -> None:
    first, second = entity(ROW, {"status": option(1)}), entity(ROW, {"status": option(2)}, TABLE, {"status": "Lost"})
    event = event_in(update({"name": "x"}, PreEntityImages=images(first, second)))
    assert event.previous_values == {"status": 1}


def test_a_reference_by_an_alternate_key_stays_as_it_came() -> None:
    by_key = {**reference("account", NO_ID), "KeyAttributes": [{"key": "accountnumber", "value": "7"}]}
    assert event_in(update({"a": by_key})).field_values["a"] == by_key
