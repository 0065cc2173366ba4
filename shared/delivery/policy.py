"""What an attempt means: done, try again, or disabled (docs/delivery.md has the table). Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

from shared.delivery.redaction import Redaction
from shared.outbound.reply import DeliveryFailed, Reply
from shared.retry_after import retry_after

_MAX_WISH = timedelta(days=1)
MAX_TEXT = 4000
_NO_SECRETS = Redaction()
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters and lone surrogates: tables cannot hold them all, and in JSON each grows to six characters."""


class Verdict(StrEnum):
    """What one attempt says of the delivery."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"
    """The receiver does not want this webhook any more: no further attempt, and the webhook is disabled."""


@dataclass(frozen=True)
class Outcome:
    """The verdict on one attempt.

    `status` is None where no answer came; `error_class` names the kind of failure, empty for a success. `text` is for
    the log: headers and body of the answer, or our own words, 4,000 characters at most. `wait` is what the receiver
    asks for before the next attempt, a day at most.
    """

    verdict: Verdict
    status: int | None
    error_class: str
    text: str
    wait: timedelta = timedelta(0)


def judge_reply(reply: Reply, now: datetime, redaction: Redaction = _NO_SECRETS) -> Outcome:
    """The verdict on an answer: any 2xx is a success, 410 disables, everything else is tried again on the schedule.

    3xx is a failure like 4xx: no redirect is ever followed. Retry-After counts with any failure that names it.
    """
    text = _as_text(reply, redaction)
    if reply.is_success:
        return Outcome(Verdict.DELIVERED, reply.status, "", text)
    if reply.status == HTTPStatus.GONE:
        return Outcome(Verdict.GONE, reply.status, "http", text)
    wish = retry_after(reply.header("retry-after"), now) or timedelta(0)
    return Outcome(Verdict.FAILED, reply.status, "http", text, min(wish, _MAX_WISH))


def judge_failure(failure: DeliveryFailed, redaction: Redaction = _NO_SECRETS) -> Outcome:
    """The verdict where no answer came."""
    text = loggable(failure.detail, redaction, is_cut=failure.is_cut)
    return Outcome(Verdict.FAILED, None, failure.error_class.value, text)


def loggable(text: str, redaction: Redaction = _NO_SECRETS, *, is_cut: bool = False) -> str:
    """As much of a text as is kept, with no secret in it, and nothing else that cannot be stored and shown.

    `is_cut` says that the text was longer once.
    """
    # Secrets go before the text is cut, or half of one would be left.
    kept = text[: MAX_TEXT + redaction.longest]
    clean = redaction.redact(kept, is_cut=is_cut or len(kept) < len(text))
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", clean[:MAX_TEXT])


def _as_text(reply: Reply, redaction: Redaction) -> str:
    head = "".join(f"{name}: {value}\n" for name, value in reply.headers.items())
    body = reply.body.decode("utf-8", "replace")
    return loggable(f"HTTP {reply.status}\n{head}\n{body}", redaction, is_cut=reply.was_truncated)


_MAX_DELAY = timedelta(days=7)
"""A queue message cannot be hidden for longer than 7 days."""
_JITTER_SHARE = 0.1
_NO_JITTER_BELOW = timedelta(seconds=60)


def next_delay(delays: Sequence[int], failed_attempts: int, wish: timedelta, jitter: float) -> timedelta | None:
    """How long to wait after so many failed attempts; None where the schedule is exhausted.

    `delays` are seconds; `wish` is what the receiver asked for and is never undercut; `jitter`, from 0 to 1, only ever
    adds, a tenth at most, so that webhooks that failed together do not all come back at one moment.
    """
    if failed_attempts > len(delays):
        return None
    planned = timedelta(seconds=delays[failed_attempts - 1])
    added = planned * _JITTER_SHARE * jitter if planned >= _NO_JITTER_BELOW else timedelta(0)
    return min(max(planned + added, wish), _MAX_DELAY)
