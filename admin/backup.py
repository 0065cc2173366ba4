"""`python -m admin export` and `import`: what the hub was told to do, in a file (docs/runbook.md "Backup")."""

import os
import stat
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.progress import track

from admin.hub import local_hub
from admin.output import fail, print_json, print_records
from admin.recording import audited, command_line_user
from shared.audit.recording import note
from shared.clock import now
from shared.errors import HubError
from shared.keeping.backup import Change, Import, Restored, check, has_secrets_in_clear, rows_to_export
from shared.keeping.export_file import MAX_LINE_BYTES, ExportedRow, export_lines
from shared.keeping.exported_kinds import KINDS
from shared.webhooks.registration import Author

_MOST_SHOWN = 50

File = Annotated[str, typer.Argument(metavar="FILE", help="path of the file")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON for scripts; show no progress")]


def export(file: File, as_json: AsJson = False) -> None:
    """Write webhooks, ArcGIS connections with their consents, roles and hashed API keys to a file.

    Only you can read it. What is sealed stays sealed: keep SECRETS_KEY too, elsewhere. A file that exists is replaced.
    """
    path = _regular(file)
    found, in_clear = Counter[str](), 0

    def counted(rows: Iterable[ExportedRow]) -> Iterator[ExportedRow]:
        nonlocal in_clear
        for row in rows:
            found[row.kind] += 1
            in_clear += has_secrets_in_clear(row)
            yield row

    rows = _watched(rows_to_export(local_hub().storage), "Exporting", is_quiet=as_json)
    try:
        _write(path, export_lines(counted(rows), now()))
    except OSError as error:
        raise fail(f"{file} cannot be written: {error.strerror}") from None
    if in_clear:
        what_helps = "seal them with `webhooks reseal` first"
        typer.echo(f"warning: {in_clear} webhooks have secrets in clear, and so has the file: {what_helps}", err=True)
    if as_json:
        print_json({"file": str(path), "rows": {name: found[name] for name in KINDS}})
    else:
        records = [{"kind": name, "rows": found[name]} for name in KINDS]
        print_records("Exported", ["kind", "rows"], records, as_json=False)


def import_(
    file: File,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would change")] = False,
    as_json: AsJson = False,
) -> None:
    """Put back what a file of `export` holds. Rows with the same keys are replaced, and nothing is removed.

    Doing it twice changes nothing the second time. A file that is not whole, or that SECRETS_KEY does not open, changes
    nothing at all.
    """
    path = _regular(file)
    done = list[Restored]()
    try:
        with path.open("rb") as stream, nullcontext() if dry_run else audited("hub.import", "hub"):
            _import(stream, done, dry_run=dry_run, is_quiet=as_json)
            note(changed=_changed_kinds(done))
    except OSError as error:
        raise fail(f"{file} cannot be read: {error.strerror}") from None
    _show(done, dry_run=dry_run, as_json=as_json)


def _import(stream: BinaryIO, done: list[Restored], *, dry_run: bool, is_quiet: bool) -> None:
    hub = local_hub()
    contents = check(_lines(stream), hub.sealer, now())
    stream.seek(0)
    import_ = Import(hub.storage, hub.receivers.gate, Author(command_line_user()), now)
    restored = import_.restore(_lines(stream), contents, dry_run=dry_run)
    total = contents.rows.total()
    try:
        for one in _watched(restored, "Comparing" if dry_run else "Importing", total=total, is_quiet=is_quiet):
            done.append(one)
    except HubError:
        # The audit tells what was changed before.
        note(changed=_changed_kinds(done))
        if not dry_run:
            typer.echo(f"note: {len(done)} of {total} rows were put back; import the file again", err=True)
        raise


def _regular(file: str) -> Path:
    """The file itself, also behind a link; raises Exit for what is there and not a file."""
    path = Path(file).resolve()
    with suppress(OSError):
        if not stat.S_ISREG(path.stat().st_mode):
            raise fail(f"{file} is not a file")
    return path


def _write(path: Path, lines: Iterable[bytes]) -> None:
    """Write a private file as a whole: what was there before stays until the new one is complete."""
    handle, new = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.writelines(lines)
            stream.flush()
            os.fsync(stream.fileno())
        Path(new).replace(path)
    finally:
        Path(new).unlink(missing_ok=True)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline(MAX_LINE_BYTES + 1):
        yield line


def _watched[Item](items: Iterable[Item], what: str, *, is_quiet: bool, total: int | None = None) -> Iterable[Item]:
    """The items, with a progress bar on a terminal. On standard error, so that scripts read nothing but the results."""
    console = Console(stderr=True)
    return track(items, what, total=total, console=console, disable=is_quiet or not sys.stderr.isatty())


def _changed_kinds(done: Sequence[Restored]) -> list[str]:
    changed = {one.kind for one in done if one.change is not Change.UNCHANGED}
    return [name for name in KINDS if name in changed]


def _show(done: Sequence[Restored], *, dry_run: bool, as_json: bool) -> None:
    counts = Counter((one.kind, one.change) for one in done)
    records = [{"kind": name, **{change.value: counts[name, change] for change in Change}} for name in KINDS]
    changes = [
        {"kind": one.kind, "what": one.label, "change": one.change.value}
        for one in done
        if one.change is not Change.UNCHANGED
    ]
    if as_json:
        print_json({"dryRun": dry_run, "rows": records, "changes": changes})
        return
    title = "What an import would do" if dry_run else "Imported"
    print_records(title, ["kind", *(change.value for change in Change)], records, as_json=False)
    if dry_run and changes:
        print_records("Changes", ["what", "change"], changes[:_MOST_SHOWN], as_json=False)
        if len(changes) > _MOST_SHOWN:
            typer.echo(f"and {len(changes) - _MOST_SHOWN} more (--json lists all)")
