"""What the command line changes leaves its trace in the audit, as what is changed over HTTP does."""

import getpass
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import typer

from admin.hub import local_hub
from shared.audit.recording import Kind, Recording, identified, recording
from shared.audit.writing import Row, write
from shared.errors import HubError
from shared.roles.user import normal_user_id

# Whoever reads the terminal is told below, in words.
logging.getLogger("shared.audit").addHandler(logging.NullHandler())

_REFUSED = 400
_OUTAGE = 503


@contextmanager
def audited(action: str, target: str = "") -> Iterator[None]:
    """Record what is done inside; `note` adds what is known only then. An error inside is what became of it."""
    with recording(Recording(action, Kind.CHANGE, target)) as record:
        identified(command_line_user(), local_hub().audit)
        try:
            yield
        except HubError as error:
            _write(record, error.status)
            raise
        except typer.Exit:
            _write(record, _REFUSED)
            raise
        _write(record, None)


def command_line_user() -> str:
    """Who runs the command, as the audit names them."""
    try:
        return normal_user_id(f"command line ({getpass.getuser()})")
    except (OSError, KeyError):
        # A container may have no name for its user.
        return "command line"


def _write(record: Recording, status: int | None) -> None:
    entry = record.entry(datetime.now(UTC), status)
    if status != _OUTAGE and write(entry, record.keeper) is Row.FAILED:
        typer.echo(f"note: {entry.action} {entry.target} is {entry.outcome}, but could not be written down", err=True)
