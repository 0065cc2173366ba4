from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from hypothesis import given
from hypothesis import strategies as st

from shared.api.superoffice.rest import is_not_modified, precondition_failed
from tests.support.cases import holds_for

# RFC 9110, 5.6.7: one moment in three forms.
FORMS = ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
MOMENT = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
GARBAGE = [
    None,
    "",
    "yesterday",
    "0",
    "1994-11-06T08:49:37Z",
    "Sun, 06 Nov 1994 08:49:37 +0100",
    "Sun, 31 Feb 1994 08:49:37 GMT",
    "*",
]


@holds_for("header", FORMS)
@holds_for(("later_by", "is_modified"), [(-1, False), (0, False), (0.9, False), (1, True)])
def test_a_webhook_is_modified_from_the_next_full_second_on(header: str, later_by: float, is_modified: bool) -> None:
    updated = MOMENT + timedelta(seconds=later_by)
    assert is_not_modified(header, updated) is not is_modified
    assert precondition_failed(header, updated) is is_modified


@holds_for("header", GARBAGE)
def test_what_is_no_http_date_is_ignored(header: str | None) -> None:
    assert not is_not_modified(header, MOMENT)
    assert not precondition_failed(header, MOMENT)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2999, 1, 1), timezones=st.timezones()))
def test_the_time_that_a_client_was_given_is_never_older_than_the_webhook(updated: datetime) -> None:
    header = format_datetime(updated.astimezone(UTC), usegmt=True)
    assert is_not_modified(header, updated)
    assert not precondition_failed(header, updated)


@given(st.text())
def test_any_header_is_a_date_or_ignored(header: str) -> None:
    assert not (is_not_modified(header, MOMENT) and precondition_failed(header, MOMENT))
