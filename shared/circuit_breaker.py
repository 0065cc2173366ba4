"""When a service that does not answer is no longer asked, and when it is tried again. Pure.

Moments are seconds of a clock that only grows.
"""

from dataclasses import dataclass, replace

MAX_FAILURES = 5
"""So many failures in a row open the circuit. One call to storage makes three at most, so one alone never does."""

OPEN_SECONDS = 2.0
"""How long nobody is let through after the circuit opened, and after a probe failed."""

PROBE_SECONDS = 10.0
"""After this time a probe that was never heard of again counts for nothing: longer than any call takes."""


@dataclass(frozen=True)
class CircuitBreaker:
    """What is known of one service.

    failures: how many calls failed in a row.
    answered_at: when the last answer came; a call that fails counts only if nothing was answered since it began. So
        slow calls never open the circuit while others are answered.
    decided_at: when the circuit opened, or the last probe began.
    refused_until: before this moment nobody is let through while the circuit is open.
    """

    failures: int = 0
    answered_at: float = float("-inf")
    decided_at: float = float("-inf")
    refused_until: float = float("-inf")

    @property
    def is_open(self) -> bool:
        """True if the service counts as down, whether or not a probe may go out."""
        return self.failures >= MAX_FAILURES

    def refuses(self, now: float) -> bool:
        """True if a call may not be made now."""
        return self.is_open and now < self.refused_until

    def admitted(self, now: float) -> "CircuitBreaker":
        """A call that was not refused begins. While the circuit is open it is the probe, and refuses all others."""
        return replace(self, decided_at=now, refused_until=now + PROBE_SECONDS) if self.is_open else self

    def answered(self, now: float) -> "CircuitBreaker":
        """An answer came, whichever call it is for: the service is there."""
        return CircuitBreaker(answered_at=now)

    def failed(self, began: float, now: float) -> "CircuitBreaker":
        """A call that began then got no answer."""
        if began < self.answered_at or (self.is_open and began < self.decided_at):
            return self
        failures = self.failures + 1
        opened = replace(self, failures=failures, decided_at=now, refused_until=now + OPEN_SECONDS)
        return opened if opened.is_open else replace(self, failures=failures)

    def abandoned(self, began: float, now: float) -> "CircuitBreaker":
        """A call that began then was given up, and says nothing. If it was the probe, another may go out."""
        return replace(self, refused_until=now) if self.is_open and began >= self.decided_at else self
