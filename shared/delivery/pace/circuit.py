"""Circuit and pauses: how the outcome of an attempt changes a webhook's pace, and what the pace allows now. Pure.

docs/delivery.md "At the receiver's pace". Times are by the storage service's clock.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto

from shared.delivery.pace.state import Circuit, Pace
from shared.delivery.waiting import WaitingReason

_MINUTE_SECONDS = 63.0
"""A little more than a minute has: messages come a little late, and a late call must not coincide with the next."""


@dataclass(frozen=True)
class PaceLimits:
    """When a circuit opens, and for how long.

    after: failed attempts in a row that open it.
    delays: seconds that it stays open, the first time, the second, and so on; the last one counts from then on.
    probe_seconds: how long a probe may last until anybody may claim the next one.
    """

    after: int = 5
    delays: tuple[int, ...] = (5, 15, 60, 300, 1800)
    probe_seconds: float = 45.0


class Kind(Enum):
    """What an attempt means for the pace."""

    SUCCESS = auto()
    FAILURE = auto()
    PAUSE = auto()
    """The receiver asked for a pause: 429, or 503 with Retry-After."""


@dataclass(frozen=True)
class Outcome:
    """An attempt for this event, which began at `began`.

    `is_quick`: the answer began within a second. `wait`: how long a pause is asked for, 0 if the answer does not say.
    `is_probe`: it was the one attempt that a half-open circuit allows.
    """

    kind: Kind
    event_id: str
    began: datetime
    is_quick: bool = False
    wait: timedelta = timedelta(0)
    is_probe: bool = False


@dataclass(frozen=True)
class Blocked:
    """Why a webhook is not called now, and until when, at the earliest."""

    reason: WaitingReason
    until: datetime


def blocked(pace: Pace, now: datetime) -> Blocked | None:
    """Why no ordinary attempt may begin; None if one may.

    A circuit whose time is over is still open: one attempt has to claim the probe first.
    """
    paused = pace.paused_until if pace.paused_until and pace.paused_until > now else None
    if pace.circuit is not Circuit.CLOSED:
        until = max(pace.circuit_until or now, now)
        return Blocked(WaitingReason.CIRCUIT, max(until, paused) if paused else until)
    return Blocked(WaitingReason.PAUSED, paused) if paused else None


def may_probe(pace: Pace, now: datetime) -> bool:
    """Whether the probe may be claimed: the circuit's time is over, or the last claim's, and there is no pause."""
    is_paused = pace.paused_until is not None and pace.paused_until > now
    return pace.circuit is not Circuit.CLOSED and not is_paused and (pace.circuit_until or now) <= now


def claim_probe(pace: Pace, now: datetime, limits: PaceLimits) -> Pace:
    """The pace once somebody has claimed the probe."""
    return replace(
        pace, circuit=Circuit.HALF_OPEN, circuit_until=now + timedelta(seconds=limits.probe_seconds), is_idle=False
    )


def after(pace: Pace, outcome: Outcome, now: datetime, limits: PaceLimits, spread: float) -> Pace:
    """The pace after an attempt. `spread`, from 0 to 1, lengthens what the hub chooses by up to a tenth."""
    match outcome.kind:
        case Kind.SUCCESS:
            return _after_success(pace, outcome, now)
        case Kind.PAUSE:
            return _after_pause(pace, outcome, now, limits, spread)
        case Kind.FAILURE:
            return _after_failure(pace, outcome, now, limits, spread)


def open_for_silence(pace: Pace, now: datetime, limits: PaceLimits, spread: float) -> Pace:
    """The pace once all places that the webhook has in a process have been without an answer for seconds."""
    if pace.circuit is not Circuit.CLOSED:
        return pace
    return replace(_opened(pace, now, limits, spread), is_silent=True)


def well_again(pace: Pace, now: datetime, *, ends_pause: bool) -> Pace:
    """The pace after a save whose test event succeeded. `ends_pause`: what paused was another receiver.

    Attempts that began before it may have been for another address, so they count for nothing.
    """
    paused_until, pauses = (None, 0) if ends_pause else (pace.paused_until, pace.pauses)
    return replace(_closed(pace, now), failing_since=None, paused_until=paused_until, pauses=pauses, place_waits=0)


def take_turn(pace: Pace, per_minute: int, now: datetime) -> Pace | None:
    """The pace once a turn was reserved for a call now, where `per_minute` calls are allowed; None if none is free."""
    if pace.next_turn is not None and pace.next_turn > now:
        return None
    return replace(pace, next_turn=now + _between_turns(per_minute))


def reserve_turns(pace: Pace, per_minute: int, now: datetime, count: int) -> tuple[Pace, list[datetime]]:
    """The pace once this many turns were reserved, and their moments, from the first free one on."""
    first = max(pace.next_turn or now, now)
    turns = [first + number * _between_turns(per_minute) for number in range(count + 1)]
    return replace(pace, next_turn=turns[-1]), turns[:-1]


def _between_turns(per_minute: int) -> timedelta:
    return timedelta(seconds=_MINUTE_SECONDS / per_minute)


def _after_success(pace: Pace, outcome: Outcome, now: datetime) -> Pace:
    told = replace(pace, failing_since=None, is_answering=True, place_waits=0)
    # What opened the circuit may have been that nobody had answered: one that does after all shows that it was wrong.
    if _is_old(pace, outcome) and not outcome.is_probe and not pace.is_silent:
        return told
    told = replace(told, pauses=0, is_quick=outcome.is_quick, failures=0)
    return told if pace.circuit is Circuit.CLOSED else _closed(told, now)


def _after_failure(pace: Pace, outcome: Outcome, now: datetime, limits: PaceLimits, spread: float) -> Pace:
    is_old = _is_old(pace, outcome)
    if is_old and pace.circuit is Circuit.CLOSED:
        # It ran into its deadline while the receiver is well again.
        return pace
    told = replace(pace, failing_since=pace.failing_since or outcome.began, is_quick=False, is_answering=False)
    if outcome.is_probe and pace.circuit is Circuit.HALF_OPEN:
        return replace(_opened(told, now, limits, spread), failed_probe=outcome.event_id, is_silent=False)
    if pace.circuit is not Circuit.CLOSED:
        return told
    if pace.failures + 1 < limits.after:
        return replace(told, failures=pace.failures + 1)
    return _opened(told, now, limits, spread)


def _after_pause(pace: Pace, outcome: Outcome, now: datetime, limits: PaceLimits, spread: float) -> Pace:
    wait, pauses = outcome.wait, pace.pauses
    is_paused = pace.paused_until is not None and pace.paused_until > now
    if not wait and not is_paused:
        # Those that were under way together ask once, however many they are.
        wait, pauses = _delay(limits, pauses, spread), pauses + 1
    until = max(now + wait, pace.paused_until or now)
    paused = replace(pace, paused_until=until, pauses=pauses, is_quick=False, ramp=0)
    if outcome.is_probe and pace.circuit is Circuit.HALF_OPEN:
        # It neither failed nor succeeded: another probe has to follow when the pause is over.
        return replace(paused, circuit=Circuit.OPEN, circuit_until=until)
    return paused


def _opened(pace: Pace, now: datetime, limits: PaceLimits, spread: float) -> Pace:
    return replace(
        pace,
        circuit=Circuit.OPEN,
        circuit_until=now + _delay(limits, pace.openings, spread),
        turned_at=now,
        openings=pace.openings + 1,
        failures=0,
        is_quick=False,
        is_answering=False,
        ramp=0,
    )


def _closed(pace: Pace, now: datetime) -> Pace:
    return replace(
        pace,
        circuit=Circuit.CLOSED,
        circuit_until=None,
        turned_at=now,
        openings=0,
        is_silent=False,
        failures=0,
        failed_probe="",
        ramp=0,
    )


def _delay(limits: PaceLimits, number: int, spread: float) -> timedelta:
    seconds = limits.delays[min(number, len(limits.delays) - 1)]
    return timedelta(seconds=seconds * (1 + spread / 10))


def _is_old(pace: Pace, outcome: Outcome) -> bool:
    return pace.turned_at is not None and outcome.began < pace.turned_at
