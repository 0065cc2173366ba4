"""The filters of listings of deliveries, as parameters of requests."""

import re
from collections.abc import Mapping

from shared.api.parameters import event_name_filter, parse_moment, parse_webhook_id
from shared.delivery.filter import DeliveryFilter
from shared.delivery.record import DeliveryState
from shared.outbound.reply import ErrorClass
from shared.validation import bad_field, one_of

FILTERS = ("webhook", "state", "errorClass", "status", "type", "since", "until")
_ORDERS = ("webhook", "time")
_STATUS = re.compile(r"[1-5]([0-9]{2}|[xX]{2})")
_MAX_SHOWN = 50


def parse_filter(query: Mapping[str, str]) -> DeliveryFilter:
    """The filter in those of FILTERS that are there; raises BadRequest."""
    webhook = query.get("webhook")
    webhook_id = None if webhook is None else parse_webhook_id(webhook)
    if webhook is not None and webhook_id is None:
        raise bad_field("webhook", "must be the id of a webhook")
    type_ = event_name_filter(query.get("type"), "type")
    return DeliveryFilter(
        webhook_id=webhook_id,
        states=parse_states(query),
        since=parse_moment(query, "since"),
        until=parse_moment(query, "until"),
        type=type_.lower() if type_ else None,
        error_class=_error_class(query),
        status=_status(query),
    )


def is_by_time(query: Mapping[str, str]) -> bool:
    """Whether `order` asks for the order of time; raises BadRequest."""
    order = query.get("order", _ORDERS[0]).lower()
    if order not in _ORDERS:
        raise bad_field("order", one_of(_ORDERS))
    return order == "time"


def parse_states(query: Mapping[str, str]) -> tuple[DeliveryState, ...]:
    """`state`: one or several states with commas between them, in any case; none if it is left out.

    They come in one order, each once. Raises BadRequest for an unknown or empty one.
    """
    text = query.get("state")
    if text is None:
        return ()
    named = text.lower().split(",")
    for name in named:
        if name not in set(DeliveryState):
            known = one_of(list(DeliveryState))
            raise bad_field("state", f"{known}, or several of them with commas between: {_quoted(name)} is none")
    return tuple(state for state in DeliveryState if state in named)


def _error_class(query: Mapping[str, str]) -> str | None:
    text = query.get("errorClass")
    if text is None:
        return None
    if text.lower() not in set(ErrorClass):
        raise bad_field("errorClass", f"{one_of(list(ErrorClass))}: {_quoted(text)} is none")
    return text.lower()


def _status(query: Mapping[str, str]) -> tuple[int, int] | None:
    """`status`: one status, or a class of them, as the first and the last status that pass."""
    text = query.get("status")
    if text is None:
        return None
    if not _STATUS.fullmatch(text):
        raise bad_field("status", "must be a status, such as 503, or a class of them, such as 5xx")
    text = text.lower()
    return int(text.replace("x", "0")), int(text.replace("x", "9"))


def _quoted(name: str) -> str:
    shown = name if name.isprintable() else repr(name)[1:-1]
    return f"'{shown[:_MAX_SHOWN]}'"
