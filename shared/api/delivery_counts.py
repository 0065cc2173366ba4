"""`GET /api/v1/events/deliveries/counts`: how many deliveries are in which state."""

from collections import Counter
from collections.abc import Mapping

from shared.api.delivery_filter import parse_filter
from shared.api.parameters import parse_place, require_known, token_of
from shared.delivery.log import DeliveryLog
from shared.delivery.record import DeliveryState
from shared.storage.scan import WorkBudget

MAX_COUNTED = 10_000
"""Deliveries a call."""

_PARAMETERS = ("webhook", "type", "since", "until", "continuationToken")


def count_deliveries(log: DeliveryLog, query: Mapping[str, str], budget: WorkBudget) -> dict[str, object]:
    """`{"pending", "delivered", "failed", "held", "waiting", "more"}`, and a token where there are more.

    The numbers are those of this call alone. Raises BadRequest.
    """
    require_known(query, _PARAMETERS)
    wanted = parse_filter(query)
    asked = ("counts", wanted)
    scan = log.states(wanted, place=parse_place(query, asked), budget=budget)
    counts = Counter[DeliveryState]()
    for _, state in scan:
        counts[state] += 1
        if counts.total() == MAX_COUNTED:
            break
    told: dict[str, object] = {state.value: counts[state] for state in DeliveryState}
    if scan.is_complete:
        return {**told, "more": False}
    return {**told, "more": True, "continuationToken": token_of(scan.place, asked)}
