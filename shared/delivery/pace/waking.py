"""What a wake-up does with the deliveries that wait, and when the next one is due. Pure.

docs/delivery.md "At the receiver's pace". Times are by the storage service's clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from shared.delivery.pace.circuit import PaceLimits, blocked, claim_probe, may_probe, reserve_turns
from shared.delivery.pace.state import Pace
from shared.delivery.waiting import WaitingDelivery

LOOK_SOON = timedelta(seconds=3)
"""A dispatch may have parked a delivery by a list that it read a second ago."""

LOOK_AGAIN = timedelta(seconds=180)
"""A process may have parked a delivery by an older reading: longer than any message is worked on."""

OVERDUE = timedelta(seconds=60)
"""A wake-up that is late by this much is taken for lost."""

MAX_RELEASED = 96
"""How many deliveries one wake-up puts back into the queue at most: one transaction, of 100 rows at most, ends them."""

_STEP = timedelta(seconds=1)
_MAX_PLACE_SECONDS = 60
_SLOW_RECEIVER = 4
_TURNS_AHEAD_SECONDS = 10


@dataclass(frozen=True)
class NotYet:
    """The webhook may not be called yet; the next wake-up is due at `due`."""

    pace: Pace
    due: datetime


@dataclass(frozen=True)
class Probe:
    """One delivery tries whether the receiver is well again; the next wake-up, at `due`, sees to it that it ends."""

    pace: Pace
    delivery: WaitingDelivery
    due: datetime


@dataclass(frozen=True)
class Release:
    """These deliveries go back into the queue, each after its delay; the next wake-up is due at `due`.

    `has_turns`: the moments were reserved, because the receiver allows only a number of requests a minute.
    """

    pace: Pace
    deliveries: tuple[WaitingDelivery, ...]
    delays: tuple[timedelta, ...]
    due: datetime
    has_turns: bool = False


@dataclass(frozen=True)
class LookAgain:
    """Nothing waits. Another wake-up comes at `due`, for what somebody parks meanwhile by an older reading."""

    pace: Pace
    due: datetime


@dataclass(frozen=True)
class Rest:
    """Nothing waits, and nothing has come since the last look: no further wake-up."""

    pace: Pace


type Step = NotYet | Probe | Release | LookAgain | Rest


def next_step(
    pace: Pace,
    waiting: Sequence[WaitingDelivery],
    now: datetime,
    limits: PaceLimits,
    *,
    per_minute: int | None = None,
    a_second: float | None = None,
) -> Step:
    """What a wake-up of an active webhook does.

    `waiting` are the oldest deliveries that wait, oldest first. `per_minute` is how many requests the receiver allows,
    None for any number. `a_second` is how many it answers in this process, None where the process does not know.
    """
    if not waiting:
        return _without_any(pace, now)
    if may_probe(pace, now):
        claimed = claim_probe(pace, now, limits)
        return Probe(claimed, _probed(pace, waiting), claimed.circuit_until or now)
    if (stopped := blocked(pace, now)) is not None:
        return NotYet(replace(pace, is_idle=False), stopped.until)
    waiting = _due_first(waiting, now)
    if per_minute is not None:
        return _in_turns(pace, waiting, now, per_minute)
    count = min(_released(pace, a_second), len(waiting))
    waits = 0 if pace.is_answering else pace.place_waits + 1
    released = replace(pace, ramp=count, place_waits=waits, is_idle=False)
    return Release(released, tuple(waiting[:count]), (timedelta(0),) * count, now + place_delay(waits))


def place_delay(waits: int) -> timedelta:
    """When the next wake-up is due for want of a place: a second after this one, or ever later without an answer."""
    return timedelta(seconds=min(2 ** max(waits - 1, 0), _MAX_PLACE_SECONDS))


def needs_wake_up(pace: Pace, now: datetime, due: datetime) -> bool:
    """Whether whoever parks a delivery, or blocks the webhook, has to send a wake-up that is due at `due`.

    Not if one is under way that comes by then, or as soon as the webhook may be called. An earlier one could do
    nothing, and its number would end a probe that is under way, which is known by the number of the latest wake-up. The
    looks at an idle webhook are none: what is parked from now on must not wait for them.
    """
    if pace.wake_due is None or pace.is_idle or is_overdue(pace, now):
        return True
    stopped = blocked(pace, now)
    return pace.wake_due > (max(due, stopped.until) if stopped else due) + _STEP


def is_overdue(pace: Pace, now: datetime) -> bool:
    """Whether the wake-up that should be under way is taken for lost."""
    return pace.wake_due is not None and pace.wake_due + OVERDUE < now


def with_wake_up(pace: Pace, due: datetime) -> Pace:
    """The pace once the next wake-up was sent."""
    return replace(pace, wake_number=pace.wake_number + 1, wake_due=due, is_idle=False)


def _without_any(pace: Pace, now: datetime) -> LookAgain | Rest:
    if pace.is_idle:
        if pace.has_looked:
            return Rest(replace(pace, wake_due=None))
        return LookAgain(replace(pace, has_looked=True), now + LOOK_AGAIN)
    # Dispatch sends messages again: where the circuit is open, the next of them is the probe.
    idle = replace(pace, is_idle=True, has_looked=False, is_listed=False, ramp=0, place_waits=0)
    return LookAgain(idle, now + LOOK_SOON)


def _probed(pace: Pace, waiting: Sequence[WaitingDelivery]) -> WaitingDelivery:
    """The oldest one that was never attempted; where there is none, each in its turn.

    Not the one that failed as the last probe while another waits: it may be what is wrong. So may several events be,
    and where only they were tried, in turn, everything else would wait until their schedules end.
    """
    others = [one for one in waiting if one.event_id != pace.failed_probe] or waiting
    fresh = next((one for one in others if not one.is_logged), None)
    return fresh or others[max(pace.openings - 1, 0) % len(others)]


def _due_first(waiting: Sequence[WaitingDelivery], now: datetime) -> list[WaitingDelivery]:
    """Oldest first, but those that failed and whose schedule asks for more patience come last.

    They may be what is wrong, and would open the circuit again before the others are delivered.
    """
    return sorted(waiting, key=lambda one: one.due_at is not None and one.due_at > now)


def _released(pace: Pace, a_second: float | None) -> int:
    """How many go back: 1, 2, 4, ... up to what the receiver answers in a second; one while it does not answer."""
    if not pace.is_answering:
        return 1
    # Where this process does not know it, it gets twice of what the last wake-up released, wherever that was.
    bears = (MAX_RELEASED if pace.is_quick else _SLOW_RECEIVER) if a_second is None else ceil(a_second)
    return max(1, min(pace.ramp * 2, bears, MAX_RELEASED))


def _in_turns(pace: Pace, waiting: Sequence[WaitingDelivery], now: datetime, per_minute: int) -> Release | NotYet:
    soon = max(1, per_minute * _TURNS_AHEAD_SECONDS // 60)
    count = min(soon if pace.is_answering else 1, len(waiting), MAX_RELEASED)
    horizon = now + timedelta(seconds=_TURNS_AHEAD_SECONDS)
    if pace.next_turn is not None and pace.next_turn > horizon:
        # What was reserved already is still under way.
        return NotYet(replace(pace, is_idle=False), pace.next_turn - timedelta(seconds=_TURNS_AHEAD_SECONDS / 2))
    reserved, turns = reserve_turns(pace, per_minute, now, count)
    released = replace(reserved, ramp=count, is_idle=False)
    delays = tuple(turn - now for turn in turns)
    due = max(turns[-1], now + _STEP)
    return Release(released, tuple(waiting[:count]), delays, due, has_turns=True)


def given_up(waiting: Sequence[WaitingDelivery], now: datetime, give_up_after: timedelta) -> list[WaitingDelivery]:
    """Those that have waited for longer than the hub goes on."""
    return [one for one in waiting if now - one.parked_at > give_up_after]
