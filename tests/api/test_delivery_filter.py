"""The filters of listings of deliveries: what each lets through, and what each must be."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import BadRequest
from shared.hub.hub import Hub
from tests.support.delivering import delivering_hub
from tests.support.events import RECEIVED_AT
from tests.support.listings import (
    TYPES,
    api,
    everything,
    keys,
    mixture,
)
from tests.support.transport import JournalTransport


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


def is_between(one: Mapping[str, object], low: int, high: int) -> bool:
    status = one["status"]
    return isinstance(status, int) and low <= status <= high


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("order", "newest"),
        ("order", ""),
        ("errorClass", ""),
        ("errorClass", "HTTP/1.1"),
        ("errorClass", "x" * 10_000),
        ("status", ""),
        ("status", "600"),
        ("status", "5x"),
        ("status", "5xxx"),
        ("status", "\u0665\u0660\u0663"),
        ("status", "503\n"),
        ("status", "200,503"),
        ("type", "x" * 251),
        ("type", " a"),
        ("continuationToken", "x"),
    ],
)
def test_a_wrong_filter_is_refused_by_its_name(hub: Hub, name: str, value: str) -> None:
    for order in ({}, {"order": "time"}):
        with pytest.raises(BadRequest) as caught:
            api(hub).list({**order, name: value})
        assert caught.value.errors[0].pointer == f"#/{name}"
        assert caught.value.detail.startswith(name)
        assert len(caught.value.detail) < 400


@pytest.mark.parametrize("order", ["time", "webhook"])
def test_filters_hold_in_both_orders_and_for_one_webhook_too(hub: Hub, order: str) -> None:
    expected = mixture(hub, 5)
    since, until = RECEIVED_AT + timedelta(hours=20), RECEIVED_AT + timedelta(hours=60)
    cases: list[tuple[dict[str, str], Callable[[Mapping[str, Any]], bool]]] = [
        ({"state": "failed,held"}, lambda one: one["state"] in {"failed", "held"}),
        ({"state": "waiting"}, lambda one: one["state"] == "waiting"),
        ({"errorClass": "HTTP"}, lambda one: is_between(one, 400, 599)),
        ({"errorClass": "timeout"}, lambda one: one["attempted"] and one["status"] is None),
        ({"errorClass": "dns"}, lambda one: False),
        ({"status": "503"}, lambda one: is_between(one, 503, 503)),
        ({"status": "5XX"}, lambda one: is_between(one, 500, 599)),
        ({"status": "4xx", "state": "failed"}, lambda one: is_between(one, 400, 499) and one["state"] == "failed"),
        ({"type": TYPES[0].upper()}, lambda one: one["type"] == TYPES[0]),
        ({"type": "a.b"}, lambda one: False),
        ({"since": since.isoformat()}, lambda one: one["at"] >= since),
        ({"since": since.isoformat(), "until": until.isoformat()}, lambda one: since <= one["at"] < until),
        ({"until": until.isoformat(), "type": TYPES[1]}, lambda one: one["at"] < until and one["type"] == TYPES[1]),
    ]
    for query, passes in cases:
        for webhook in (dict[str, str](), {"webhook": "3"}):
            wanted = [one for one in expected if passes(one) and (not webhook or one["webhookId"] == 3)]
            found = keys(everything(api(hub), order=order, limit="5", **query, **webhook))
            assert found == keys(wanted) if order == "time" else sorted(found) == sorted(keys(wanted)), query
