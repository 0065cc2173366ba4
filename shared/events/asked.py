"""Which webhooks a dispatch asks, as column `Asked` of a row in `eventlog`. Pure.

So whoever looks for the deliveries of an event knows in whose partitions they are.
"""

import zlib
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

type Asked = tuple[int, ...] | None
"""Ids of webhooks, ascending; None for so many that they are not named, or for a row that names none."""

MAX_NAMED = 999
"""Webhooks that a row names. One more is all that storage gives in one transaction, and may not be the last one."""

ASKED_COLUMN = "Asked"
_MANY = "many"


def asked_column(asked: Asked) -> dict[str, bytes]:
    """The column, for `log_row`: `many`, or ids and spans of ids (`1-3 7`), compressed."""
    text = _MANY if asked is None or len(asked) > MAX_NAMED else " ".join(_spans(asked))
    return {ASKED_COLUMN: zlib.compress(text.encode())}


def parse_asked(row: Mapping[str, Any]) -> Asked:
    """The webhooks that a row of `eventlog` names; those of the previous version name none (None)."""
    packed = row.get(ASKED_COLUMN)
    text = zlib.decompress(packed).decode() if packed else _MANY
    if text == _MANY:
        return None
    bounds = (tuple(map(int, span.split("-"))) for span in text.split())
    return tuple(id_ for span in bounds for id_ in range(span[0], span[-1] + 1))


def asked_too(asked: Asked, ids: Sequence[int]) -> Asked:
    """The webhooks that were asked, and these."""
    return None if asked is None else tuple(sorted({*asked, *ids}))


def _spans(ids: Sequence[int]) -> list[str]:
    # In a span of ids that follow on each other, the difference to their numbers is the same.
    spans = [[id_ for _, id_ in span] for _, span in groupby(enumerate(ids), lambda pair: pair[1] - pair[0])]
    return [f"{span[0]}-{span[-1]}" if len(span) > 1 else f"{span[0]}" for span in spans]
