"""What reading any event of Dataverse costs: a large payload parsed and flattened."""

import json
import statistics
import time
from datetime import UTC, datetime

from bench.report import Figure, at_most, expect
from shared.dynamics.intake import read_events

PAYLOAD_BYTES = 200_000
ROUNDS = 60
_GOAL_MILLISECONDS = 15
_ROW = "5f0d9c1e-2b7a-4f43-9d55-61b0c7a2e801"


def payload_read() -> Figure:
    """Processor time from the body of an Update with a pre-image to its event, before anything is stored."""
    body = large_update(PAYLOAD_BYTES)
    expect(len(read_events(body, trimmed=False, now=datetime.now(UTC))), 1)
    taken = [_seconds(body) for _ in range(ROUNDS)]
    found = statistics.median(taken) * 1000
    method = f"median of {ROUNDS}, {len(body):,} bytes, {body.count(b'Attributes')} rows"
    return at_most("a payload of 200 kB parsed and flattened", found, _GOAL_MILLISECONDS, method, unit=" ms CPU")


def large_update(size: int) -> bytes:
    """An Update of at least so many bytes, with columns of all kinds and a pre-image of half of them."""
    count = 0
    while len(body := _update(count)) < size:
        count += 20
    return body


def _update(count: int) -> bytes:
    columns = [pair for number in range(count) for pair in _columns(number)]
    formatted = [{"key": pair["key"], "value": f"text of {pair['key']}"} for pair in columns]
    target = {"Attributes": columns, "FormattedValues": formatted, "Id": _ROW, "LogicalName": "opportunity"}
    image = {"Attributes": columns[::2], "FormattedValues": formatted[::2], "Id": _ROW, "LogicalName": "opportunity"}
    document = {
        "CorrelationId": "d81b3f64-9e05-4a72-86cf-30e7a1b4d544",
        "InitiatingUserId": "2f4b7d90-83c1-4e6a-b0d7-94c5e1f3a822",
        "InputParameters": [{"key": "Target", "value": target}],
        "MessageName": "Update",
        "OrganizationId": "6c1d0c35-5d2f-4c55-9a7e-0b9e3a5a7d11",
        "PreEntityImages": [{"key": "PreImage", "value": image}],
        "PrimaryEntityId": _ROW,
        "PrimaryEntityName": "opportunity",
        "Stage": 40,
    }
    return json.dumps(document).encode()


def _columns(number: int) -> list[dict[str, object]]:
    values: dict[str, object] = {
        "text": f"Some text with an é, number {number}",
        "amount": {"__type": "Money:http://schemas.microsoft.com/xrm/2011/Contracts", "Value": 1234.5678 + number},
        "choice": {"__type": "OptionSetValue:http://schemas.microsoft.com/xrm/2011/Contracts", "Value": number},
        "account": {"Id": _ROW, "LogicalName": "account", "Name": "Contoso"},
        "date": f"/Date({1768471205000 + number})/",
        "choices": [{"Value": number}, {"Value": number + 1}],
        "flag": True,
        "nothing": None,
    }
    return [{"key": f"new_{name}{number}", "value": value} for name, value in values.items()]


def _seconds(body: bytes) -> float:
    began = time.process_time()
    read_events(body, trimmed=False, now=datetime.now(UTC))
    return time.process_time() - began
