"""`python -m admin audit`: who changed what, newest first."""

from itertools import islice
from typing import Annotated

import typer

from admin.hub import local_hub
from admin.output import print_records
from shared.api.audit import parse_filter

MAX_ENTRIES = 10_000
_COLUMNS = ["at", "who", "action", "target", "outcome", "status", "changed"]


def audit(
    who: Annotated[str | None, typer.Option(help="only entries of this user: a user's id, or hub")] = None,
    target: Annotated[str | None, typer.Option(help="only entries about this, such as webhooks/12")] = None,
    since: Annotated[str | None, typer.Option(help="only entries at this ISO 8601 time or later")] = None,
    until: Annotated[str | None, typer.Option(help="only entries before this time")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MAX_ENTRIES, help="the most entries to list")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON for scripts")] = False,
) -> None:
    """List who changed what, or tried to, newest first."""
    given = {"who": who, "target": target, "since": since, "until": until}
    wanted = parse_filter({name: value for name, value in given.items() if value is not None})
    found = local_hub().audit.list(wanted, page_size=min(limit, 1000))
    records = [entry.as_json() for _, entry in islice(found, limit)]
    shown = records if as_json else [{**one, "changed": ", ".join(map(str, _names(one["changed"])))} for one in records]
    print_records("Audit", _COLUMNS, shown, as_json=as_json)


def _names(changed: object) -> list[object]:
    return changed if isinstance(changed, list) else []
