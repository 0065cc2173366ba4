"""One run: events are offered to a sender, and counted one by one where they arrive."""

import math
import time

import requests

from bench.load import Run, counted, offer
from bench.receiver import Receipt, RunningReceiver
from bench.senders import Sender

HEALTHY = "healthy"
PATIENCE_SECONDS = 60.0
_WARM_UP = 20
_LOOK_SECONDS = 0.2


def warm_up(sender: Sender, receiver: RunningReceiver, *, path: str = HEALTHY) -> None:
    """Deliver a few events; raises RuntimeError where none arrive."""
    run = run_events(sender, receiver, _WARM_UP, path=path)
    if run.missing or not run.accepted:
        raise RuntimeError(f"{sender.name} delivers nothing: see its log below .local/bench")


def run_events(
    sender: Sender,
    receiver: RunningReceiver,
    events: int,
    a_second: float = math.inf,
    *,
    path: str = HEALTHY,
    patience_seconds: float = PATIENCE_SECONDS,
) -> Run:
    """Offer events, then wait until every accepted one has come to this path of the receiver, or time is up."""
    accepted = offer(sender.post, events, a_second=a_second)
    came: list[tuple[str, float]] = []
    give_up_at = time.monotonic() + patience_seconds
    while True:
        came += marks_of(sender, receipts_of(receiver), path)
        if accepted.keys() <= dict(came).keys() or time.monotonic() > give_up_at:
            break
        time.sleep(_LOOK_SECONDS)
    arrived, receipts = counted([(mark, at) for mark, at in came if mark in accepted])
    return Run(events, accepted, arrived, receipts)


def receipts_of(receiver: RunningReceiver) -> list[Receipt]:
    """What came since the last look; nothing while the receiver restarts."""
    try:
        return receiver.receipts()
    except requests.ConnectionError:
        return []


def marks_of(sender: Sender, receipts: list[Receipt], path: str) -> list[tuple[str, float]]:
    """The marks of the events among them that came to this path, and when."""
    return [(sender.mark_of(one.body), one.at) for one in receipts if one.path == path and _is_event(one)]


def _is_event(receipt: Receipt) -> bool:
    # The hub's test event, sent when a webhook is saved, names no connection.
    return receipt.body.get("Event", "") != "test"
