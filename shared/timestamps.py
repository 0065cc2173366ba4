"""Times as clients and other services read them. Pure."""

from datetime import UTC, datetime


def utc_z(moment: datetime) -> str:
    """An aware time in UTC, in ISO 8601 with a `Z`: `2026-01-31T12:00:00Z`, with microseconds if it has any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
