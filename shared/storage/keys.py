"""Keys of rows: text, ids and times in the form that Table Storage accepts and sorts. Pure."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

_LAST_DAY = 99_999_999

KEY_COLUMNS = ("PartitionKey", "RowKey")
"""The columns of a row's key, partition first."""

LAST_MICROSECOND = 10**17 - 1
"""The last one since FIRST_MOMENT that 17 digits can express; later moments have no key of their own."""

FIRST_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
"""Earlier ones have no key of their own."""


def key_text(text: str) -> str:
    r"""Any text as the key of a row. A key must not hold `/ \ # ?` or control characters, which guests' UPNs have."""
    return quote(text, safe="@ {}").replace("%", "=")


def row_key(webhook_id: int) -> str:
    """The id as a key: ten digits, so that keys sort as the ids do."""
    return f"{webhook_id:010d}"


def day_key(moment: datetime) -> str:
    """The partition of a day: 8 digits that count backwards, so that later days come first."""
    return f"{_LAST_DAY - int(moment.astimezone(UTC).strftime('%Y%m%d')):08d}"


def day_of(key: str) -> datetime:
    """The beginning of the day, in UTC, that `day_key` names so."""
    return datetime.strptime(str(_LAST_DAY - int(key)), "%Y%m%d").replace(tzinfo=UTC)


def moment_of(key: str) -> datetime:
    """The moment in a row key that begins with `time_key`."""
    return FIRST_MOMENT + timedelta(microseconds=LAST_MICROSECOND - int(key[:17]))


def time_key(moment: datetime) -> str:
    """What a row key begins with: 17 digits of microseconds that count backwards, so that later moments come first.

    The order is the same across partitions. A moment before 1970 or after the year 5138 counts as the first or last one
    that 17 digits can express.
    """
    return f"{LAST_MICROSECOND - microsecond_of(moment):017d}"


def microsecond_of(moment: datetime) -> int:
    """The microseconds from FIRST_MOMENT to a moment, from 0 to LAST_MICROSECOND."""
    return min(max((moment - FIRST_MOMENT) // timedelta(microseconds=1), 0), LAST_MICROSECOND)
