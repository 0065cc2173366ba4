"""The file that `python -m admin export` writes: rows as lines of JSON, with a version, a count and a digest. Pure.

    {"format": "dynamics-webhook-hub", "version": 1, "exportedAt": "2026-01-31T12:00:00Z"}
    {"kind": "roles", "row": {"PartitionKey": "...", "RowKey": "...", ...}}
    {"rows": 1, "sha256": "..."}

The last line tells a whole file from one that was cut off, changed or damaged; the digest is that of all bytes before
it. A line at a time is in memory, however long the file is.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.errors import BadRequest, NotJson
from shared.strict_json import parse_object
from shared.timestamps import utc_z

FORMAT = "dynamics-webhook-hub"
VERSION = 1

MAX_LINE_BYTES = 4 * 1024 * 1024
"""Above what a row of at most a mebibyte needs in JSON."""


@dataclass(frozen=True)
class ExportedRow:
    """A row in the file: its kind, and the number of its line, for messages."""

    kind: str
    row: Mapping[str, Any]
    line: int = 0


def export_lines(rows: Iterable[ExportedRow], exported_at: datetime) -> Iterator[bytes]:
    """The lines of the file, each with its end."""
    digest, count = hashlib.sha256(), 0
    header = {"format": FORMAT, "version": VERSION, "exportedAt": utc_z(exported_at)}
    digest.update(line := _line(header))
    yield line
    for one in rows:
        count += 1
        digest.update(line := _line({"kind": one.kind, "row": dict(one.row)}))
        yield line
    yield _line({"rows": count, "sha256": digest.hexdigest()})


def exported_rows(lines: Iterable[bytes]) -> Iterator[ExportedRow]:
    """The rows of a file, given by its lines; of one that is longer than MAX_LINE_BYTES the rest may be missing.

    Raises BadRequest for a file that is not ours, of another version, cut off, changed or damaged. Only once all rows
    were read is it certain that the file is whole.
    """
    digest, number, count, is_ended = hashlib.sha256(), 0, 0, False
    for number, line in enumerate(lines, start=1):
        if is_ended:
            raise _damaged(f"line {number} comes after its last one")
        document = _document(line, number)
        if number == 1:
            _require_ours(document)
        elif "kind" in document:
            count += 1
            yield _row(document, number)
        else:
            _require_whole(document, count, digest.hexdigest())
            is_ended = True
        digest.update(line)
    if not is_ended:
        raise _cut_off() if number else _not_ours()


def _line(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _document(line: bytes, number: int) -> dict[str, object]:
    if len(line) > MAX_LINE_BYTES:
        raise _not_ours() if number == 1 else _damaged(f"line {number} is too long")
    try:
        document = parse_object(line)
    except BadRequest as refusal:
        if number == 1:
            raise _not_ours() from None
        if isinstance(refusal, NotJson) and not line.endswith(b"\n"):
            raise _cut_off() from None
        raise _damaged(f"line {number} is not a JSON object") from None
    if not line.endswith(b"\n"):
        raise _cut_off()
    return document


def _require_ours(document: dict[str, object]) -> None:
    if document.get("format") != FORMAT:
        raise _not_ours()
    version = document.get("version")
    is_number = isinstance(version, int) and not isinstance(version, bool)
    if not is_number or version != VERSION:
        shown = version if is_number else "unknown"
        raise BadRequest(f"the file is of version {shown}, and this hub reads version {VERSION} only")


def _row(document: dict[str, object], number: int) -> ExportedRow:
    kind, row = document.get("kind"), document.get("row")
    if not isinstance(kind, str) or not isinstance(row, dict):
        raise _damaged(f"line {number} is not a row")
    return ExportedRow(kind, row, number)


def _require_whole(document: dict[str, object], count: int, digest: str) -> None:
    if document.get("rows") != count:
        raise _damaged("rows are missing, or were added")
    if document.get("sha256") != digest:
        raise _damaged("its digest does not fit what it holds")


def _not_ours() -> BadRequest:
    return BadRequest("the file is not one that `python -m admin export` wrote")


def _cut_off() -> BadRequest:
    return BadRequest("the file is cut off: its end is missing")


def _damaged(how: str) -> BadRequest:
    return BadRequest(f"the file was changed or damaged: {how}")
