"""The statistics of a webhook's attempts: a slot for each hour of a week, as columns of its row in `usage`. Pure.

A slot is a text that begins with its hour: `2026-11-30T14|delivered|failed|durations|latencies|classes`. Durations and
latencies are histograms, counts with commas between (an empty one is 0); failures by class are `dns=2,http=5`.
A slot with an hour of an earlier week counts as empty, so nobody has to clear it. The columns travel in the row that
each attempt reads and writes anyway.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil

HOURS_OF_WEEK = 168
AN_HOUR = timedelta(hours=1)

DURATION_BOUNDS = (25, 50, 100, 250, 500, 1000, 2500, 5000, 7500, 10_000, 15_000, 30_000, 60_000)
"""Upper bounds of the buckets for what an attempt takes, in ms. One more bucket has what is above the last."""

LATENCY_BOUNDS = (
    *(50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000),
    *(60_000, 300_000, 900_000, 3_600_000, 14_400_000, 43_200_000, 86_400_000, 259_200_000),
)
"""The same for the time from an event's receipt to the receiver's 2xx: a delivery may wait for three days."""

_HOUR_FORMAT = "%Y-%m-%dT%H"
_NO_DURATIONS = (0,) * (len(DURATION_BOUNDS) + 1)
_NO_LATENCIES = (0,) * (len(LATENCY_BOUNDS) + 1)


@dataclass(frozen=True)
class CountedAttempt:
    """What the statistics note of an attempt.

    `error_class` is empty for a success. `latency`, from the event's receipt to the receiver's 2xx, counts for a
    success alone. A span below zero, as clocks that differ may give, counts as none.
    """

    duration: timedelta
    latency: timedelta
    error_class: str = ""


@dataclass(frozen=True)
class Counts:
    """Attempts of one hour, of a webhook or of several: `failed` counts what TotalErrors counts.

    `durations` of all attempts and `latencies` of the delivered ones have a count for each bound, and one for what is
    above. `classes` has the failures by error class.
    """

    delivered: int = 0
    failed: int = 0
    durations: tuple[int, ...] = _NO_DURATIONS
    latencies: tuple[int, ...] = _NO_LATENCIES
    classes: Mapping[str, int] = field(default_factory=dict)

    def after(self, attempt: CountedAttempt) -> "Counts":
        """The counts with one more attempt."""
        is_failure = bool(attempt.error_class)
        return Counts(
            delivered=self.delivered + (not is_failure),
            failed=self.failed + is_failure,
            durations=_raised(self.durations, DURATION_BOUNDS, attempt.duration),
            latencies=self.latencies if is_failure else _raised(self.latencies, LATENCY_BOUNDS, attempt.latency),
            classes=dict(Counter(self.classes) + Counter([attempt.error_class] if is_failure else [])),
        )

    @property
    def attempts(self) -> int:
        """How many attempts there were."""
        return self.delivered + self.failed


def merged(all_counts: Iterable[Counts]) -> Counts:
    """The counts of several webhooks, or hours, together."""
    found = [one for one in all_counts if one.attempts]
    if len(found) <= 1:
        return found[0] if found else Counts()
    return Counts(
        delivered=sum(one.delivered for one in found),
        failed=sum(one.failed for one in found),
        durations=tuple(map(sum, zip(*(one.durations for one in found), strict=True))),
        latencies=tuple(map(sum, zip(*(one.latencies for one in found), strict=True))),
        classes=dict(sum((Counter(one.classes) for one in found), Counter[str]())),
    )


def slot_column(moment: datetime) -> str:
    """The column of the hour that this moment belongs to: `Hour000` is the first one of Monday, in UTC."""
    utc = moment.astimezone(UTC)
    return f"Hour{utc.weekday() * 24 + utc.hour:03d}"


def hour_of(moment: datetime) -> datetime:
    """When the hour of this moment began, in UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def last_hours(now: datetime, count: int) -> list[datetime]:
    """When the last so many hours began, the one that has just begun included, oldest first."""
    newest = hour_of(now)
    return [newest - AN_HOUR * back for back in reversed(range(count))]


def counted_in(slots: Mapping[str, str], now: datetime, attempt: CountedAttempt) -> dict[str, str]:
    """The slots with one more attempt in that of `now`; raises KeyError if that one is not among them.

    A slot of an earlier week is begun anew. One of a later week, which a clock that was wrong began, is kept and counts
    on, for nothing that was counted may be lost.
    """
    column = slot_column(now)
    found = _parse(slots[column])
    begun, counts = found if found is not None and found[0] >= hour_of(now) else (hour_of(now), Counts())
    return {**slots, column: _slot_text(begun, counts.after(attempt))}


def counts_of(slots: Mapping[str, str | None], hour: datetime) -> Counts:
    """What a row's slots say of the hour that begins at this moment."""
    found = _parse(slots.get(slot_column(hour)) or "")
    return found[1] if found is not None and found[0] == hour_of(hour) else Counts()


def percentile(histogram: Sequence[int], bounds: Sequence[int], share: float) -> int | None:
    """About the value below which this share of a histogram lies; None for an empty one.

    Within a bucket the values count as spread evenly, each in the middle of its part: a single one in the middle of the
    bucket. Of what is above the last bound only the bound is known.
    """
    total = sum(histogram)
    if not total:
        return None
    rank, below = max(ceil(share * total), 1), 0
    for (low, high), count in zip(pairwise((0, *bounds)), histogram, strict=False):
        if below + count >= rank:
            return round(low + (high - low) * (rank - below - 0.5) / count)
        below += count
    return bounds[-1]


def _raised(histogram: tuple[int, ...], bounds: Sequence[int], span: timedelta) -> tuple[int, ...]:
    bucket = bisect_left(bounds, span / timedelta(milliseconds=1))
    return (*histogram[:bucket], histogram[bucket] + 1, *histogram[bucket + 1 :])


def _slot_text(hour: datetime, counts: Counts) -> str:
    classes = ",".join(f"{name}={count}" for name, count in sorted(counts.classes.items()))
    histograms = (",".join(str(count or "") for count in one) for one in (counts.durations, counts.latencies))
    parts = (hour.strftime(_HOUR_FORMAT), str(counts.delivered), str(counts.failed), *histograms, classes)
    return "|".join(parts)


def _parse(text: str) -> tuple[datetime, Counts] | None:
    """The hour of a slot and its counts; None for an empty one, and one that another version wrote differently."""
    try:
        hour, delivered, failed, durations, latencies, classes = text.split("|")
        counts = Counts(
            int(delivered),
            int(failed),
            _histogram(durations, _NO_DURATIONS),
            _histogram(latencies, _NO_LATENCIES),
            {name: int(count) for name, _, count in (one.partition("=") for one in classes.split(",") if one)},
        )
        return datetime.strptime(hour, _HOUR_FORMAT).replace(tzinfo=UTC), counts
    except ValueError:
        return None


def _histogram(text: str, empty: tuple[int, ...]) -> tuple[int, ...]:
    counts = tuple(int(count or 0) for count in text.split(","))
    if len(counts) != len(empty):
        raise ValueError("a histogram with other buckets")
    return counts
