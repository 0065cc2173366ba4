"""`GET /api/v1/events/audit`: who did what, newest first."""

from collections.abc import Mapping
from dataclasses import replace

from shared.api.events import page
from shared.api.parameters import parse_limit, parse_moment, parse_place, require_known
from shared.audit.entry import MAX_TEXT
from shared.audit.log import AuditFilter, AuditLog
from shared.roles.user import normal_user_id
from shared.storage.scan import WorkBudget
from shared.validation import NO_CONTROL_CHARACTERS, NOT_BLANK, bad_field, max_length

PARAMETERS = ("who", "target", "since", "until", "limit", "continuationToken")


def list_audit(audit: AuditLog, query: Mapping[str, str], *, url: str) -> dict[str, object]:
    """A page of entries, as `page` makes it; raises BadRequest for a wrong or unknown parameter."""
    require_known(query, PARAMETERS)
    limit, asked = parse_limit(query), parse_filter(query)
    wanted = replace(asked, place=parse_place(query, asked))
    found = audit.list(wanted, page_size=limit + 1, budget=WorkBudget())
    return page(found, lambda entry: entry.as_json(), query, asked, limit=limit, url=url)


def parse_filter(query: Mapping[str, str]) -> AuditFilter:
    """The filter in `who`, `target`, `since` and `until`; raises BadRequest."""
    who = _text(query, "who")
    return AuditFilter(
        who=None if who is None else normal_user_id(who),
        target=_text(query, "target"),
        since=parse_moment(query, "since"),
        until=parse_moment(query, "until"),
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
