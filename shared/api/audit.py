"""`GET /api/v1/events/audit`: who did what, newest first."""

from collections.abc import Mapping

from shared.api.events import page
from shared.api.parameters import parse_limit, parse_moment, parse_position
from shared.audit.entry import MAX_TEXT
from shared.audit.log import AuditFilter, AuditLog
from shared.errors import BadRequest
from shared.roles.user import normal_user_id

PARAMETERS = ("who", "target", "since", "until", "limit", "continuationToken")
_OF_THE_PLATFORM = "code"
_SHOWN_OF_A_NAME = 50


def list_audit(audit: AuditLog, query: Mapping[str, str], *, url: str) -> dict[str, object]:
    """A page of entries, as `page` makes it; raises BadRequest, which names the parameter."""
    for name in query:
        # The platform finds its own parameter in any case.
        if name not in PARAMETERS and name.lower() != _OF_THE_PLATFORM:
            known = ", ".join(PARAMETERS)
            raise _wrong(name[:_SHOWN_OF_A_NAME], f"this parameter is not known here; known are {known}")
    limit = parse_limit(query)
    found = audit.list(parse_filter(query), page_size=limit + 1)
    return page(found, lambda entry: entry.as_json(), query, limit=limit, url=url)


def parse_filter(query: Mapping[str, str]) -> AuditFilter:
    """The filter in parameters; raises BadRequest."""
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
    # What storage cannot compare would be an outage there; no entry holds it.
    if not text.strip() or len(text) > MAX_TEXT or not text.isprintable():
        raise _wrong(name, f"1 to {MAX_TEXT} characters are needed, and no control characters")
    return text.strip()


def _wrong(name: str, need: str) -> BadRequest:
    return BadRequest(f"{name}: {need}", pointer=f"#/{name}")
