"""One attempt to deliver an event, and what its outcome means (docs/delivery.md "What an answer means"). Pure."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from urllib.parse import urldefrag, urljoin

from shared.delivery.redaction import Redaction
from shared.outbound.reply import Reply, RequestFailed
from shared.outbound.target import TargetRefused, parse_target
from shared.retry_after import retry_after

MAX_TEXT = 4000
"""Characters of an answer that are kept."""

_MAX_WAIT = timedelta(days=1)
_MAX_ADVISED = 1000
"""Characters of an address to register instead; a longer one is no address that anybody would register."""
_NO_SECRETS = Redaction()
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters and lone surrogates: tables cannot hold them all, and in JSON each grows to six characters."""


class Verdict(StrEnum):
    """What one attempt means for the delivery."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"
    """The receiver does not want this webhook any more: the webhook is disabled."""


@dataclass(frozen=True)
class Attempt:
    """One attempt: when it began, how long it took, and what came of it.

    `at` is aware. `status` is None if no answer came. `error_class` names the kind of failure and is empty for a
    success. `text` is for the log, at most 4,000 characters: status, headers and body of the answer (after a redirect,
    the address to register before them), or the hub's own words. `wait` is how long the receiver asks the hub to wait
    before the next attempt, at most a day; it matters for the next decision only and is not stored. Neither is
    `own_words`: the text without what the receiver sent instead of an answer, empty if it is the hub's own anyway.
    """

    at: datetime
    duration: timedelta
    status: int | None
    error_class: str
    text: str
    wait: timedelta = timedelta(0)
    own_words: str = ""

    @property
    def verdict(self) -> Verdict:
        """What the attempt means: it follows from the status and the error class."""
        if not self.error_class:
            return Verdict.DELIVERED
        return Verdict.GONE if self.status == HTTPStatus.GONE else Verdict.FAILED

    @property
    def last_error(self) -> str | None:
        """The failure in the hub's own words, without anything that the receiver answered; None for a success."""
        if self.is_success:
            return None
        if self.status is None:
            return self.own_words or self.text
        phrase = HTTPStatus(self.status).phrase if self.status in HTTPStatus else ""
        return f"HTTP {self.status} {phrase}".rstrip()

    @property
    def is_success(self) -> bool:
        """Whether the event was delivered."""
        return self.verdict is Verdict.DELIVERED

    @property
    def asks_pause(self) -> bool:
        """Whether the receiver asked for a pause: by a 429, or by a 503 that says how long (`wait`)."""
        if self.status == HTTPStatus.SERVICE_UNAVAILABLE:
            return self.wait > timedelta(0)
        return self.status == HTTPStatus.TOO_MANY_REQUESTS


def judge_reply(
    reply: Reply, at: datetime, now: datetime, redaction: Redaction = _NO_SECRETS, *, target_url: str = ""
) -> Attempt:
    """The attempt that began at `at` and got this answer from `target_url` at `now`.

    Any 2xx is a success. Everything else is a failure, 3xx included, because redirects are never followed. A
    Retry-After counts for every failure except 410, after which nothing is tried again.
    """
    text = loggable(_as_text(reply, target_url), redaction, is_cut=reply.was_truncated)
    if reply.is_success:
        return Attempt(at, elapsed(at, now), reply.status, "", text)
    wait = timedelta(0)
    if reply.status != HTTPStatus.GONE:
        wait = min(retry_after(reply.header("retry-after"), now) or wait, _MAX_WAIT)
    return Attempt(at, elapsed(at, now), reply.status, "http", text, wait)


def judge_failure(failure: RequestFailed, at: datetime, now: datetime, redaction: Redaction = _NO_SECRETS) -> Attempt:
    """The attempt that began at `at` and was known at `now` to get no answer."""
    text = loggable(failure.detail, redaction, is_cut=failure.is_cut)
    return Attempt(at, elapsed(at, now), None, failure.error_class.value, text, own_words=failure.own_words)


def elapsed(at: datetime, now: datetime) -> timedelta:
    """The time from `at` to `now`; 0 if the clock was set back in between."""
    return max(now - at, timedelta(0))


def loggable(text: str, redaction: Redaction = _NO_SECRETS, *, is_cut: bool = False) -> str:
    """The first 4,000 characters of a text, without the secrets and without characters that cannot be stored.

    `is_cut` says that the text is the beginning of a longer one.
    """
    # Secrets are removed before the text is cut, or half of one would be left.
    kept = text[: MAX_TEXT + redaction.longest]
    clean = redaction.redact(kept, is_cut=is_cut or len(kept) < len(text))
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", clean[:MAX_TEXT])


def redirect_advice(reply: Reply, target_url: str) -> str:
    """A sentence with the address to register instead, for a 3xx that names a usable one; else empty.

    The hub never follows it: whoever registers it has it judged like any other.
    """
    location = reply.header("location")
    if not location or not HTTPStatus.MULTIPLE_CHOICES <= reply.status < HTTPStatus.BAD_REQUEST:
        return ""
    try:
        url = urldefrag(urljoin(target_url, location)).url
        parse_target(url)
    except (TargetRefused, ValueError):
        return ""
    if url == target_url or len(url) > _MAX_ADVISED:
        return ""
    return f"redirects are not followed; register {url} instead"


def _as_text(reply: Reply, target_url: str) -> str:
    advice = f"{found}\n\n" if (found := redirect_advice(reply, target_url)) else ""
    head = "".join(f"{name}: {value}\n" for name, value in reply.headers.items())
    if not reply.is_head_whole:
        head += "(what follows the first line is not HTTP, so it was not read)\n"
    body = reply.body.decode("utf-8", "replace")
    return f"{advice}HTTP {reply.status}\n{head}\n{body}"
