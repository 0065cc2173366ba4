"""`GET /api/v1/events/audit`: who did what, newest first."""

from collections.abc import Mapping

from shared.api.events import page
from shared.api.parameters import parse_limit, parse_moment, parse_position
from shared.audit.entry import MAX_TEXT
from shared.audit.log import AuditFilter, AuditLog
from shared.roles.user import normal_user_id
from shared.validation import NO_CONTROL_CHARACTERS, NOT_BLANK, bad_field, max_length

PARAMETERS = ("who", "target", "since", "until", "limit", "continuationToken")
_PLATFORM_PARAMETER = "code"
_MAX_SHOWN_NAME = 50


def list_audit(audit: AuditLog, query: Mapping[str, str], *, url: str) -> dict[str, object]:
    """A page of entries, as `page` makes it; raises BadRequest for a wrong or unknown parameter."""
    for name in query:
        # The platform accepts its own parameter in any case.
        if name not in PARAMETERS and name.lower() != _PLATFORM_PARAMETER:
            raise bad_field(name[:_MAX_SHOWN_NAME], f"is not a known parameter; known are {', '.join(PARAMETERS)}")
    limit = parse_limit(query)
    found = audit.list(parse_filter(query), page_size=limit + 1)
    return page(found, lambda entry: entry.as_json(), query, limit=limit, url=url)


def parse_filter(query: Mapping[str, str]) -> AuditFilter:
    """The filter in `who`, `target`, `since`, `until` and `continuationToken`; raises BadRequest."""
    who = _text(query, "who")
    return AuditFilter(
        who=None if who is None else normal_user_id(who),
        target=_text(query, "target"),
        since=parse_moment(query, "since"),
        until=parse_moment(query, "until"),
        after=parse_position(query),
    )


def _text(query: Mapping[str, str], name: str) -> str | None:
    text = query.get(name)
    if text is None:
        return None
    if not text.strip():
        raise bad_field(name, NOT_BLANK)
    if len(text) > MAX_TEXT:
        raise bad_field(name, max_length(MAX_TEXT, len(text)))
    if not text.isprintable():
        # No entry holds such a character, and storage would refuse to compare with some of them.
        raise bad_field(name, NO_CONTROL_CHARACTERS)
    return text.strip()
