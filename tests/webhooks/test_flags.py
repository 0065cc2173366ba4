from contextlib import suppress
from enum import IntFlag

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.webhooks.webhook import NotifyVia, NotifyWhen, WebhookState, flag_names, parse_flags, parse_state
from tests.api.superoffice.samples import ANY_JSON, DEFINITIONS, WEBHOOK


def vendors_names(member: str) -> list[str]:
    definition = DEFINITIONS[WEBHOOK]["properties"][member]
    assert isinstance(definition, dict)
    return list(definition["enum"])


def test_the_states_are_the_vendors_in_the_vendors_order() -> None:
    assert vendors_names("State") == [*WebhookState]


@pytest.mark.parametrize(("flags", "member"), [(NotifyVia, "NotifyVia"), (NotifyWhen, "NotifyWhen")])
def test_the_flags_are_the_vendors(flags: type[IntFlag], member: str) -> None:
    assert [flag_names(flags(number)) for number in range(3)] == vendors_names(member)
    assert [parse_flags(flags, name) for name in vendors_names(member)] == [0, 1, 2]


@given(st.sampled_from([NotifyVia, NotifyWhen]), st.integers(0, 3))
def test_flags_are_read_as_they_are_written(flags: type[IntFlag], number: int) -> None:
    assert parse_flags(flags, flag_names(flags(number))) == parse_flags(flags, number) == flags(number)


@given(ANY_JSON)
def test_any_value_is_a_state_or_refused(value: object) -> None:
    with suppress(ValueError):
        assert parse_state(value) in WebhookState
