"""What follows from a change of a webhook's pace: a wake-up, and its entry in the list of blocked webhooks. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta

from shared.delivery.pace.circuit import Blocked, blocked
from shared.delivery.pace.state import Pace
from shared.delivery.pace.waking import is_overdue, needs_wake_up, with_wake_up
from shared.delivery.waiting import WaitingReason

_A_SECOND = timedelta(seconds=1)


def settled(before: Pace, after: Pace, now: datetime) -> Pace:
    """The pace after a change, with the wake-up that it makes necessary and its place on the list.

    A webhook that is blocked from now on, or for longer, is listed and has a wake-up that comes by then. One that may
    be called again leaves the list, and what waits for it is woken at once; so is what waited ever longer for a
    receiver that did not answer, and does.
    """
    stopped, was = blocked(after, now), blocked(before, now)
    if stopped is not None:
        if was is not None and stopped.until <= was.until + _A_SECOND and after.circuit is before.circuit:
            return after
        return _with_wake_up_by(replace(after, is_listed=True), now, stopped.until)
    if was is not None:
        return with_wake_up(replace(after, is_listed=False), now)
    after = replace(after, is_listed=False) if after.is_answering else after
    if before.place_waits and not after.place_waits and after.wake_due is not None and not after.is_idle:
        return _with_wake_up_by(after, now, now)
    return with_wake_up(after, now) if is_overdue(after, now) else after


def short_of_places(pace: Pace, now: datetime, due: datetime, *, is_answering: bool) -> Pace:
    """The pace once a delivery was parked for want of a place; one that does not answer is listed until its wake-up."""
    waking = _with_wake_up_by(pace, now, due)
    # What the last attempt showed is out of date: the next success takes it off the list.
    return waking if is_answering else replace(waking, is_listed=True, is_answering=False)


def list_entry(pace: Pace, now: datetime) -> Blocked | None:
    """The entry of the list for a webhook with this pace; None if it is not listed."""
    if not pace.is_listed:
        return None
    return blocked(pace, now) or Blocked(WaitingReason.PLACE, pace.wake_due or now)


def is_news(before: Blocked | None, after: Blocked) -> bool:
    """Whether an entry says something new, and has to be written: another reason, or another moment by a second."""
    return before is None or after.reason is not before.reason or abs(after.until - before.until) > _A_SECOND


def is_same_wake_up(one: Pace, other: Pace) -> bool:
    """Whether the wake-ups under way of two paces are one: the same number, due within a second."""
    if one.wake_number != other.wake_number or one.wake_due is None or other.wake_due is None:
        return False
    return abs(one.wake_due - other.wake_due) <= _A_SECOND


def _with_wake_up_by(pace: Pace, now: datetime, due: datetime) -> Pace:
    return with_wake_up(pace, due) if needs_wake_up(pace, now, due) else pace
