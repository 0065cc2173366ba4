"""The header Retry-After (RFC 9110, 10.2.3). Pure."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# A comma between two values; the one within a date is followed by the day of the month, `31 Dec` or `31-Dec`.
_BETWEEN_VALUES = re.compile(r",(?!\s*[0-9]{1,2}[\s-]+[A-Za-z])")
# Some servers write a fraction, which the specification does not have.
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]{1,9})?", re.ASCII)


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """How long the other side asks us to wait; None where the header is absent or says nothing usable.

    Both forms are understood: seconds, rounded up to whole ones, and an HTTP date. A date in the past means no wait. Of
    several values (a proxy may have added its own) the longest counts.
    """
    values = _BETWEEN_VALUES.split(value or "")
    return max((wait for one in values if (wait := _wait(one.strip(), now)) is not None), default=None)


def _wait(text: str, now: datetime) -> timedelta | None:
    try:
        if _SECONDS.fullmatch(text):
            whole, _, fraction = text.partition(".")
            return timedelta(seconds=int(whole) + any(map(int, fraction)))
        moment = parsedate_to_datetime(text)
        return max(moment.replace(tzinfo=moment.tzinfo or UTC) - now, timedelta(0))
    except (ValueError, OverflowError):
        # "soon", thirty digits: the other side does not mean it.
        return None
