"""Whether registrations that do not match slow a dispatch down: three accounts with more and more of them, in turn."""

import base64
import math
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from unittest.mock import patch

from azure.data.tables import TableClient

from bench.alone import EVENT, MATCHING, accepted, dispatch, register
from bench.counting import CountingTransport
from bench.loopback import loopback_hub, loopback_receiver
from bench.report import Figure, at_most, shown
from devhost.azurite import azurite
from shared.hub.hub import Hub
from shared.storage.keys import row_key
from shared.webhooks.subscriptions import SUBSCRIPTIONS_TABLE

_OTHERS = (10, 1_000, 100_000)
_ROUNDS = 60
_WARM_UP = 5
_BATCH = 100
_KEY = base64.b64encode(b"a key of the benchmark").decode()


@dataclass
class _Account:
    """A hub with so many other registrations, and what was measured on it, in seconds."""

    hub: Hub
    transport: CountingTransport
    index: TableClient
    dispatches: list[float] = field(default_factory=list)
    reads: list[float] = field(default_factory=list)
    transactions: int = 0


def figures() -> list[Figure]:
    """A dispatch beside so many others over that beside the fewest: all of it, and without the bare read of the index.

    Azurite looks at every row of a table for a query, Table Storage at those of the partition that the query names.
    The rest is what the hub adds.
    """
    names = {others: f"others{others}" for others in _OTHERS}
    own = ";".join(f"{name}:{_KEY}" for name in names.values())
    with patch.dict(os.environ, AZURITE_ACCOUNTS=own), azurite() as storage, loopback_receiver() as url:
        strings = {others: storage.connection_string_for(name, _KEY) for others, name in names.items()}
        accounts = {others: _account(string, url, others) for others, string in strings.items()}
        _measure(list(accounts.values()))
    first = accounts[_OTHERS[0]]
    return [figure for others in _OTHERS[1:] for figure in _compared(others, accounts[others], first)]


def _compared(others: int, account: _Account, first: _Account) -> list[Figure]:
    name = f"dispatch beside {others:,} other registrations over that beside {_OTHERS[0]}"
    dispatch_, read = statistics.median(account.dispatches), statistics.median(account.reads)
    dispatch_first, read_first = statistics.median(first.dispatches), statistics.median(first.reads)
    method = f"{dispatch_ * 1000:.1f} over {dispatch_first * 1000:.1f} ms, medians of {_ROUNDS}, in turn"
    reads = f"the bare read: {read * 1000:.1f} over {read_first * 1000:.1f} ms, for Azurite looks at all rows"
    return [
        at_most(
            f"{name}: transactions",
            account.transactions / first.transactions,
            1,
            "counted in the transport; the list of blocked webhooks is read once a second",
            unit="x",
            digits=1,
        ),
        shown(f"{name}: time", f"{dispatch_ / dispatch_first:.2f}x", method),
        at_most(
            f"{name}: time without the bare read of the index",
            (dispatch_ - read) / (dispatch_first - read_first),
            1.1,
            reads,
            unit="x",
        ),
    ]


def _measure(accounts: list[_Account]) -> None:
    """In turn, so that other load on the machine affects all of them alike."""
    for number in range(_WARM_UP + _ROUNDS):
        for account in accounts:
            event = accepted(account.hub)
            before = account.transport.count
            took = _seconds(partial(dispatch, account.hub, event))
            read = _seconds(partial(_read_index, account.index))
            if number >= _WARM_UP:
                account.transactions += account.transport.count - before
                account.dispatches.append(took)
                account.reads.append(read)


def _read_index(index: TableClient) -> None:
    """As dispatch reads it."""
    list(index.query_entities(f"PartitionKey eq '{EVENT}'"))


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _account(connection_string: str, url: str, others: int) -> _Account:
    hub = loopback_hub(connection_string, transport := CountingTransport())
    for _ in range(MATCHING):
        register(hub, url)
    index = TableClient.from_connection_string(connection_string, SUBSCRIPTIONS_TABLE)
    _fill(index, others)
    return _Account(hub, transport, index)


def _fill(index: TableClient, rows: int) -> None:
    """Write so many rows by the bare SDK: other events with up to 100 webhooks each, a batch for each event.

    The index is all that a dispatch reads of webhooks that do not match.
    """
    for number in range(math.ceil(rows / _BATCH)):
        keys = {"PartitionKey": f"other{number:06}.created", "Revision": 1}
        webhooks = range(1000 + _BATCH * number, 1000 + min(_BATCH * (number + 1), rows))
        index.submit_transaction([("create", {**keys, "RowKey": row_key(row)}) for row in webhooks])
