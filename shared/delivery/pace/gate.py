"""What a worker asks of a webhook's pace: whether an attempt may begin, and where the delivery waits if not."""

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.deadline import MESSAGE_SECONDS
from shared.delivery.attempt import Attempt
from shared.delivery.pace.blocked import GRACE, BlockedWebhooks
from shared.delivery.pace.bulkhead import ReceiverBulkhead
from shared.delivery.pace.circuit import (
    Blocked,
    Kind,
    Outcome,
    after,
    blocked,
    claim_probe,
    may_probe,
    open_for_silence,
    take_turn,
    well_again,
)
from shared.delivery.pace.parking import Parking
from shared.delivery.pace.state import Circuit, Pace, PacedUsage
from shared.delivery.pace.store import PaceStore
from shared.delivery.pace.transition import short_of_places
from shared.delivery.pace.wakeups import WakeUp, WakeUpQueue
from shared.delivery.pace.waking import is_overdue, needs_wake_up, place_delay, with_wake_up
from shared.delivery.waiting import WaitingDelivery, WaitingReason
from shared.events.event import Event
from shared.telemetry.tracing import traceparent_text
from shared.webhooks.registration import Registration
from shared.webhooks.stats import CountedAttempt, counted_in
from shared.webhooks.usage import CallResult, counted

_CHANGE_LASTS = timedelta(seconds=MESSAGE_SECONDS + 30)
"""By then a change of a webhook's state is stored, or never will be: a message may take so long, a request less."""


@dataclass(frozen=True)
class Admitted:
    """An attempt may begin. `is_probe`: it is the one that a half-open circuit allows."""

    pace: Pace
    is_probe: bool = False


@dataclass(frozen=True)
class PaceGate:
    """Admits attempts, counts them, and parks deliveries. All methods but `now` raise StorageDown."""

    store: PaceStore
    blocked: BlockedWebhooks
    bulkhead: ReceiverBulkhead
    parking: Parking
    wake_ups: WakeUpQueue

    def now(self) -> datetime:
        """The time by the storage service's clock."""
        return self.store.now()

    def admit(self, registration: Registration, probe: int | None, *, has_turn: bool) -> Admitted | Blocked:
        """Whether an attempt may begin now: a read, and a write where a probe or a turn is claimed.

        `probe` is the number of the wake-up that sent this delivery as its probe. `has_turn`: the moment was reserved
        for it, because the receiver allows only a number of requests a minute.
        """
        pace = self.store.read(registration.id).pace
        admitted = self._judge(registration.id, pace, probe)
        if isinstance(admitted, Blocked) or admitted.is_probe or registration.per_minute is None or has_turn:
            return admitted
        return self._in_turn(registration.id, registration.per_minute, admitted)

    def end_probe(self, webhook_id: int, number: int | None = None) -> None:
        """Give a claimed probe back that makes no attempt, for another message does: the next one is sent now.

        With `number` only that which the wake-up with this number sent.
        """

        def ended(row: PacedUsage, now: datetime) -> PacedUsage | None:
            if row.pace.circuit is not Circuit.HALF_OPEN or number not in (None, row.pace.wake_number):
                return None
            return replace(row, pace=replace(row.pace, circuit=Circuit.OPEN, circuit_until=now))

        self.store.change(webhook_id, ended)

    def still_blocked(self, registration: Registration, admitted: Admitted) -> Blocked | None:
        """Why an attempt that had to wait may not begin after all; costs nothing.

        It knows what attempts of this process have learnt meanwhile.
        """
        if admitted.is_probe:
            return None
        return blocked(self.store.latest(registration.id).pace, self.now())

    def may_have_forgotten(self, webhook_id: int, event: Event, *, has_waited: bool = False) -> bool:
        """Whether an event that this webhook is told of may have been forgotten; costs nothing.

        It goes by the row that is read before each attempt, and written after it. `has_waited`: since that read the
        attempt had to wait for a place, so the row is read once more.
        """
        forgotten_until = self.store.forgotten_until(webhook_id, reads=has_waited)
        return forgotten_until is not None and event.received_at <= forgotten_until

    def mark_forgotten(self, webhook_id: int, until: datetime) -> None:
        """Have workers look at each event received until then, before they send what a message carries of it.

        A read, and mostly a write. Raises StorageDown.
        """
        self.store.mark_forgotten(webhook_id, until)

    def no_place(self, webhook_id: int) -> Blocked:
        """Why a delivery that found no place has to wait; the wake-up that looks after it was sent."""
        if self.bulkhead.is_silent(webhook_id):
            self.store.change(webhook_id, self._silent)
        pace = self.store.latest(webhook_id).pace
        now = self.now()
        if (stopped := blocked(pace, now)) is not None:
            return stopped
        due, is_answering = now + place_delay(pace.place_waits + 1), self.bulkhead.is_answering(webhook_id)
        if needs_wake_up(pace, now, due) or (not is_answering and not pace.is_listed):
            self.store.change(
                webhook_id,
                lambda row, now: replace(row, pace=short_of_places(row.pace, now, due, is_answering=is_answering)),
            )
        return Blocked(WaitingReason.PLACE, due)

    def park(self, waiting: WaitingDelivery) -> None:
        """Write down that a delivery waits, after seeing to it that a wake-up comes for it."""
        self.ensure_wake_up(waiting.webhook_id, self.store.latest(waiting.webhook_id).pace, waiting.until)
        self.parking.park(waiting)

    def park_first(self, webhook_id: int, event: Event, entry: Blocked) -> bool:
        """Park a delivery that nobody has asked for yet, because of the webhook's entry in the list: one write.

        False if the entry has lost its meaning: whoever should have removed it is taken for dead, so a wake-up is made
        again, and the delivery is asked for as if there were no entry.
        """
        now = self.now()
        if entry.until + GRACE < now:
            self.ensure_not_lost(webhook_id)
            return False
        waiting = WaitingDelivery(
            webhook_id,
            event.id,
            event.type,
            event.received_at,
            entry.reason,
            parked_at=now,
            until=entry.until,
            traceparent=traceparent_text(),
        )
        self.parking.park_first(waiting)
        return True

    def ensure_wake_up(self, webhook_id: int, pace: Pace, due: datetime) -> None:
        """Send a wake-up that is due at `due` if the one under way comes later, or is taken for lost."""
        if not needs_wake_up(pace, self.now(), due):
            return

        def woken(row: PacedUsage, now: datetime) -> PacedUsage | None:
            return replace(row, pace=with_wake_up(row.pace, due)) if needs_wake_up(row.pace, now, due) else None

        self.store.change(webhook_id, woken)

    def ensure_not_lost(self, webhook_id: int) -> None:
        """Make a wake-up again that is overdue by a minute: a read, and where it is lost a message and a write."""
        pace = self.store.read(webhook_id).pace
        now = self.now()
        if pace.wake_due is None or is_overdue(pace, now):
            self.ensure_wake_up(webhook_id, pace, now)

    def remake_lost_wake_ups(self, *, dry_run: bool, at_most: int | None = None) -> int:
        """Make wake-ups again that are taken for lost: all, or so many at most.

        Returns how many, or with `dry_run` how many it would be.
        """
        lost = self.store.overdue()[:at_most]
        for webhook_id in [] if dry_run else lost:
            self.ensure_not_lost(webhook_id)
        return len(lost)

    def count(
        self, webhook_id: int, event: Event, attempt: Attempt, outcome: Outcome, *, tried: set[str] | None = None
    ) -> PacedUsage:
        """Count an attempt, and let the pace learn from it: a write, which attempts that end together share.

        Who counts the same attempt again after an outage gives the same `tried`.
        """
        failed = attempt.last_error
        call = CallResult(event.id, attempt.at, failed, counts_in_a_row=outcome.kind is not Kind.PAUSE)
        noted = CountedAttempt(
            attempt.duration, outcome.began + attempt.duration - event.received_at, attempt.error_class
        )
        spread = random.random()  # noqa: S311 - spreads the load

        def learnt(row: PacedUsage, now: datetime) -> PacedUsage:
            pace = after(row.pace, outcome, now, self.store.limits, spread)
            return replace(
                row,
                usage=counted(row.usage, call),
                pace=pace,
                last_event=call.event_id,
                last_call_at=call.at,
                last_success_at=call.at if failed is None else row.last_success_at,
                slots=counted_in(row.slots, now, noted),
            )

        return self.store.change(webhook_id, learnt, tried=tried) or self.store.latest(webhook_id)

    def watch(self, webhook_id: int) -> None:
        """Have somebody read a webhook, and put away what waits if it is not active, once a change of it is over."""
        self.wake_ups.send(WakeUp(webhook_id=webhook_id), self.now() + _CHANGE_LASTS)

    def ended(self, webhook_id: int) -> None:
        """A webhook was stopped, disabled or removed: what waits for it is put away at once."""
        self.wake_ups.send(WakeUp(webhook_id=webhook_id))

    def is_well(self, webhook_id: int, *, ends_pause: bool) -> None:
        """A save's test event succeeded: the circuit closes, errors begin anew, and what waits is woken."""

        def well(row: PacedUsage, now: datetime) -> PacedUsage | None:
            pace = well_again(row.pace, now, ends_pause=ends_pause)
            usage = replace(row.usage, consecutive_errors=0)
            return None if (pace, usage) == (row.pace, row.usage) else replace(row, pace=pace, usage=usage)

        self.store.change(webhook_id, well)

    def _judge(self, webhook_id: int, pace: Pace, probe: int | None) -> Admitted | Blocked:
        now = self.now()
        is_claimed = pace.circuit is Circuit.HALF_OPEN and probe is not None and probe == pace.wake_number
        if is_claimed and not (pace.paused_until and pace.paused_until > now):
            return Admitted(pace, is_probe=True)
        stopped = blocked(pace, now)
        if stopped is None:
            return Admitted(pace)
        if pace.is_idle and may_probe(pace, now):
            # Nothing waits, so no wake-up will send a probe: this delivery is the one.
            claimed = self.store.change(webhook_id, self._claimed)
            if claimed is not None:
                return Admitted(claimed.pace, is_probe=True)
        return stopped

    def _claimed(self, row: PacedUsage, now: datetime) -> PacedUsage | None:
        if not (row.pace.is_idle and may_probe(row.pace, now)):
            return None
        return replace(row, pace=claim_probe(row.pace, now, self.store.limits))

    def _in_turn(self, webhook_id: int, per_minute: int, admitted: Admitted) -> Admitted | Blocked:
        turn = self.store.change(webhook_id, lambda row, now: _with_turn(row, per_minute, now))
        if turn is not None:
            return replace(admitted, pace=turn.pace)
        pace = self.store.latest(webhook_id).pace
        return Blocked(WaitingReason.PAUSED, pace.next_turn or self.now())

    def _silent(self, row: PacedUsage, now: datetime) -> PacedUsage | None:
        spread = random.random()  # noqa: S311 - spreads the load
        pace = open_for_silence(row.pace, now, self.store.limits, spread)
        return None if pace == row.pace else replace(row, pace=pace)


def outcome_of(attempt: Attempt, event_id: str, began: datetime, *, is_quick: bool, is_probe: bool) -> Outcome:
    """What an attempt means for the pace; `began` is by the storage service's clock."""
    failed = Kind.PAUSE if attempt.asks_pause else Kind.FAILURE
    kind = Kind.SUCCESS if attempt.is_success else failed
    return Outcome(kind, event_id, began, is_quick=is_quick, wait=attempt.wait, is_probe=is_probe)


def _with_turn(row: PacedUsage, per_minute: int, now: datetime) -> PacedUsage | None:
    pace = take_turn(row.pace, per_minute, now)
    return None if pace is None else replace(row, pace=pace)
