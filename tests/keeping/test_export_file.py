import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis.strategies import (
    DataObject,
    binary,
    booleans,
    characters,
    data,
    dictionaries,
    integers,
    lists,
    sampled_from,
    text,
)

from shared.errors import BadRequest
from shared.keeping.export_file import MAX_LINE_BYTES, VERSION, ExportedRow, export_lines, exported_rows

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ROWS = [
    ExportedRow("roles", {"PartitionKey": "p", "RowKey": "1", "User": "kim\nä😀\u2028"}),
    ExportedRow("roles", {"PartitionKey": "p", "RowKey": "2", "Number": 7, "Is": True}),
]
VALUES = text(characters(exclude_categories=["Cs"])) | integers(-(2**31), 2**31 - 1) | booleans()
KINDS = text(characters(exclude_categories=["Cs"]), max_size=5)


def lines(rows: Sequence[ExportedRow] = ROWS) -> list[bytes]:
    return [*export_lines(rows, NOW)]


def content(rows: Sequence[ExportedRow]) -> list[tuple[str, dict[str, object]]]:
    return [(row.kind, dict(row.row)) for row in rows]


def refusal(given: list[bytes]) -> str:
    with pytest.raises(BadRequest) as caught:
        list(exported_rows(given))
    return caught.value.detail


@given(
    lists(
        dictionaries(text(characters(exclude_categories=["Cs"])), VALUES).flatmap(
            lambda row: KINDS.map(lambda kind: ExportedRow(kind, row))
        )
    )
)
def test_rows_that_are_written_are_read_back(rows: list[ExportedRow]) -> None:
    assert content(list(exported_rows(lines(rows)))) == content(rows)


def test_a_row_knows_its_line() -> None:
    assert [row.line for row in exported_rows(lines())] == [2, 3]


def test_the_first_line_says_what_it_is_and_the_last_one_that_it_is_whole() -> None:
    first, *_, last = map(json.loads, lines())
    assert first == {"format": "dynamics-webhook-hub", "version": 1, "exportedAt": "2026-01-31T12:00:00Z"}
    assert (last["rows"], len(last["sha256"])) == (2, 64)


@given(data())
def test_a_file_that_is_cut_off_anywhere_is_refused(drawn: DataObject) -> None:
    whole = b"".join(lines())
    cut = whole[: drawn.draw(integers(0, len(whole) - 1))]
    assert refusal(cut.splitlines(keepends=True))


@given(data())
def test_a_file_with_another_byte_anywhere_is_refused(drawn: DataObject) -> None:
    whole = bytearray(b"".join(lines()))
    place = drawn.draw(integers(0, len(whole) - 1))
    whole[place] = drawn.draw(integers(0, 255).filter(lambda byte: byte != whole[place]))
    # A file is read by its line feeds alone, unlike by `splitlines`.
    assert refusal([part + b"\n" for part in bytes(whole).split(b"\n")[:-1]])


@given(lists(binary() | sampled_from(lines())))
def test_nothing_but_a_refusal_comes_of_any_bytes(given: list[bytes]) -> None:
    with suppress(BadRequest):
        assert len(list(exported_rows(given))) == len(given) - 2


@pytest.mark.parametrize(
    "first",
    [b"", b"{}\n", b"[]\n", b"PK\x03\x04\n", b'{"format": "other", "version": 1}\n', b"x" * (MAX_LINE_BYTES + 1)],
)
def test_a_file_of_somebody_else_is_told_apart(first: bytes) -> None:
    assert refusal([first]) == "the file is not one that `python -m admin export` wrote"


@pytest.mark.parametrize(
    ("version", "shown"), [(2, "2"), (0, "0"), ("1", "unknown"), (None, "unknown"), (True, "unknown")]
)
def test_another_version_is_refused(version: object, shown: str) -> None:
    first = json.dumps({"format": "dynamics-webhook-hub", "version": version}).encode() + b"\n"
    assert refusal([first]) == f"the file is of version {shown}, and this hub reads version {VERSION} only"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "the file is not one that `python -m admin export` wrote"),
        (lines()[:-1], "the file is cut off: its end is missing"),
        ([*lines(), b"{}\n"], "the file was changed or damaged: line 5 comes after its last one"),
        ([lines()[0], *lines()[2:]], "the file was changed or damaged: rows are missing, or were added"),
        (
            [lines()[0], *lines()[2:0:-1], lines()[-1]],
            "the file was changed or damaged: its digest does not fit what it holds",
        ),
        ([lines()[0], b"[]\n"], "the file was changed or damaged: line 2 is not a JSON object"),
        ([lines()[0], b'{"kind": "roles", "row": []}\n'], "the file was changed or damaged: line 2 is not a row"),
        ([lines()[0], b'"' + b"x" * MAX_LINE_BYTES], "the file was changed or damaged: line 2 is too long"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(given: list[bytes], said: str) -> None:
    assert refusal(given) == said
