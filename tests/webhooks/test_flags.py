from contextlib import suppress
from enum import IntFlag
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.webhooks.webhook import NotifyVia, NotifyWhen, WebhookState, flag_names, parse_flags, parse_state
from tests.api.superoffice.samples import ANY_JSON
from tests.support.superoffice import Channel, Occasion, State


def test_the_states_are_the_vendors_in_the_vendors_order() -> None:
    assert get_args(State) == (*WebhookState,)


@pytest.mark.parametrize(("flags", "names"), [(NotifyVia, get_args(Channel)), (NotifyWhen, get_args(Occasion))])
def test_the_flags_are_the_vendors(flags: type[IntFlag], names: tuple[str, ...]) -> None:
    assert tuple(flag_names(flags(number)) for number in range(3)) == names
    assert [parse_flags(flags, name) for name in names] == [0, 1, 2]


@given(st.sampled_from([NotifyVia, NotifyWhen]), st.integers(0, 3))
def test_flags_are_read_as_they_are_written(flags: type[IntFlag], number: int) -> None:
    assert parse_flags(flags, flag_names(flags(number))) == parse_flags(flags, number) == flags(number)


@given(ANY_JSON)
def test_any_value_is_a_state_or_refused(value: object) -> None:
    with suppress(ValueError):
        assert parse_state(value) in WebhookState
