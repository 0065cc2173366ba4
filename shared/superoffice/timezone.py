"""The header SO-TimeZone: `NO`, `261`, or `NO, includeTZOffset` (facts/superoffice.md 7).

A webhook has no times but Registered and Updated, and these are always UTC, whatever zone is named. All that the header
can do is to have them tagged as UTC.
"""

from shared.superoffice.members import TIME_MEMBERS
from shared.superoffice.render import UNSET_TIME

_INCLUDE_OFFSET = "includetzoffset"


def tag_times(entity: dict[str, object], so_timezone: str | None) -> dict[str, object]:
    """The entity, its times with a `Z` where the header asks for offsets. A time that is unset belongs to no zone."""
    if not _wants_offset(so_timezone):
        return entity
    return {name: _tagged(value) if name in TIME_MEMBERS else value for name, value in entity.items()}


def _wants_offset(so_timezone: str | None) -> bool:
    return any(part.strip().lower() == _INCLUDE_OFFSET for part in (so_timezone or "").split(","))


def _tagged(value: object) -> object:
    if not isinstance(value, str) or value == UNSET_TIME or value.endswith("Z"):
        return value
    return f"{value}Z"
