"""Which conditions a filter of deliveries becomes."""

import pytest

from shared.delivery.filter import DeliveryFilter, matching_records, records_between
from shared.delivery.record import DeliveryState


def test_no_filter_is_no_condition() -> None:
    assert matching_records(DeliveryFilter()).conditions == ()
    assert [*records_between(DeliveryFilter()).parameters.values()] == ["w-"]


@pytest.mark.parametrize(
    ("wanted", "may_wait_only", "takes_any"),
    [
        (DeliveryFilter(), True, True),
        (DeliveryFilter(webhook_id=1, type="a.b"), True, True),
        (DeliveryFilter(states=(DeliveryState.WAITING, DeliveryState.FAILED)), True, False),
        (DeliveryFilter(states=(DeliveryState.FAILED,)), False, False),
        (DeliveryFilter(error_class="dns"), False, False),
        (DeliveryFilter(status=(500, 599), states=(DeliveryState.WAITING,)), False, False),
    ],
)
def test_what_was_never_attempted_has_no_last_attempt_to_filter_by(
    wanted: DeliveryFilter, *, may_wait_only: bool, takes_any: bool
) -> None:
    assert (wanted.may_wait_only, wanted.takes_any) == (may_wait_only, takes_any)


def test_a_value_is_a_parameter_and_never_part_of_the_text() -> None:
    query = matching_records(DeliveryFilter(type="x' or 1 eq 1", error_class="dns", status=(503, 503)))
    assert "x'" not in query.text
    assert [*query.parameters.values()] == ["dns", 503, 503, "x' or 1 eq 1"]
