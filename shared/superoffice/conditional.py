"""If-Modified-Since and If-Unmodified-Since (RFC 9110, 13.1; facts/superoffice.md 1.6). They go by `Updated`.

HTTP dates have whole seconds, so a fraction of `updated` does not count. A header that is no HTTP date is ignored.
"""

from datetime import UTC, datetime

# In the order of RFC 9110, 5.6.7: the usual one, RFC 850's and that of C's asctime.
_FORMS = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")


def is_not_modified(header: str | None, updated: datetime) -> bool:
    """Whether a GET with this If-Modified-Since is answered with 304; `updated` is aware."""
    since = _http_date(header)
    return since is not None and _second(updated) <= since


def precondition_failed(header: str | None, updated: datetime) -> bool:
    """Whether a change with this If-Unmodified-Since is refused with 412; `updated` is aware."""
    since = _http_date(header)
    return since is not None and _second(updated) > since


def _second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _http_date(header: str | None) -> datetime | None:
    for form in _FORMS:
        try:
            return datetime.strptime((header or "").strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
