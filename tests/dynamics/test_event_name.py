import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.dynamics.event_name import VERBS, EventPattern, event_name, is_taken
from tests.support.cases import holds_for

NAMES = {
    ("Create", "opportunity"): "opportunity.created",
    ("Update", "opportunity"): "opportunity.updated",
    ("Delete", "opportunity"): "opportunity.deleted",
    ("Associate", "account"): "account.associated",
    ("Disassociate", "account"): "account.disassociated",
    ("Assign", "account"): "account.assigned",
    ("SetState", "incident"): "incident.statechanged",
    ("SetStateDynamicEntity", "incident"): "incident.statechanged",
    ("Merge", "contact"): "contact.merged",
    ("Win", "opportunity"): "opportunity.win",
    ("new_Approve", "quote"): "quote.new_approve",
    ("devkit_DebugCustomApi", None): "dataverse.devkit_debugcustomapi",
    ("Associate", None): "dataverse.associated",
    ("CREATE", "New_Custom"): "new_custom.created",
    ("new approve!", "café"): "caf_.new_approve_",
}
TAKEN = {
    "opportunity.updated": [("*.*", True), ("opportunity.*", True), ("*.updated", True), ("opportunity.updated", True)],
    "account.created": [("opportunity.*", False), ("*.updated", False), ("opportunity.created", False)],
    "dataverse.new_approve": [("dataverse.*", True), ("*.new_approve", True), ("dataverse.new_*", False)],
    "quote.new.approve": [("quote.new.approve", True), ("quote.new", False), ("quote.*", True)],
}


def patterns(*texts: str) -> list[EventPattern]:
    return [EventPattern.parse(text) for text in texts]


@holds_for(("given", "name"), NAMES.items())
def test_an_event_is_named_by_its_table_and_what_happened(given: tuple[str, str | None], name: str) -> None:
    assert event_name(*given) == name


@given(st.sampled_from(list(VERBS)) | st.text(min_size=1), st.none() | st.text(min_size=1))
def test_every_name_is_one_that_a_webhook_can_subscribe_to(message: str, table: str | None) -> None:
    assert re.fullmatch(r"[a-z0-9_.-]+\.[a-z0-9_.-]+", event_name(message, table))


@given(st.sampled_from(list(VERBS)), st.text(alphabet="abcXYZ_", min_size=1))
def test_names_ignore_case(message: str, table: str) -> None:
    assert event_name(message.upper(), table.upper()) == event_name(message.lower(), table.lower())


@holds_for("name", TAKEN)
def test_a_pattern_takes_a_table_and_a_verb_or_any(name: str) -> None:
    for text, is_so in TAKEN[name]:
        assert is_taken(name, patterns(text)) is is_so, text


def test_one_pattern_of_several_is_enough() -> None:
    several = patterns("account.created", "*.deleted", "quote.*")
    names = ["account.created", "account.updated", "contact.deleted", "quote.win", "contact.created"]
    assert [is_taken(name, several) for name in names] == [True, False, True, True, False]


def test_without_patterns_nothing_is_taken() -> None:
    assert not is_taken("opportunity.updated", [])


@pytest.mark.parametrize("table", ["account", "*"])
@pytest.mark.parametrize("verb", ["created", "*"])
def test_a_pattern_takes_the_very_event_that_it_names(table: str, verb: str) -> None:
    assert is_taken(event_name("Create", "Account"), patterns(f"{table}.{verb}"))
