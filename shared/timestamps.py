"""Times as they are told to clients and other services, and as rows hold them. Pure."""

from datetime import UTC, datetime


def utc_z(moment: datetime) -> str:
    """An aware time in UTC, in ISO 8601 with a `Z`: `2026-01-31T12:00:00Z`, with microseconds if it has any."""
    return stored_time(moment).replace("+00:00", "Z")


def stored_time(moment: datetime) -> str:
    """An aware time as rows hold it: in UTC, in ISO 8601, as `datetime.fromisoformat` reads it back.

    A text, because the tables' own type comes back with another class and other digits.
    """
    return moment.astimezone(UTC).isoformat()
