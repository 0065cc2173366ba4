"""The header Retry-After (RFC 9110, 10.2.3). Pure."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """How long the other side asks us to wait; None where the header is absent or says nothing usable.

    Both forms are understood: whole seconds, and an HTTP date. A date in the past means no wait.
    """
    if value is None:
        return None
    text = value.strip()
    try:
        if text.isascii() and text.isdigit():
            return timedelta(seconds=int(text))
        moment = parsedate_to_datetime(text)
        return max(moment.replace(tzinfo=moment.tzinfo or UTC) - now, timedelta(0))
    except (ValueError, OverflowError):
        # "soon", thirty digits: the other side does not mean it.
        return None
