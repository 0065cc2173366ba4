from datetime import UTC, datetime, timedelta

from shared.clock import now


def test_the_current_time_is_in_utc() -> None:
    before, found, after = datetime.now(UTC), now(), datetime.now(UTC)
    assert before <= found <= after
    assert found.utcoffset() == timedelta(0)
