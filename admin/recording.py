"""Changes by the command line are written to the audit, as those over HTTP are."""

import getpass
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import click
import typer

from admin.hub import local_hub
from shared.audit.recording import Kind, Recording, identified, recording
from shared.audit.writing import RowOutcome, write
from shared.clock import now
from shared.errors import HubError, StorageDown
from shared.roles.user import normal_user_id

# The terminal shows it below, as a sentence.
logging.getLogger("shared.audit").addHandler(logging.NullHandler())

_REFUSED = 400
_INTERRUPTED = 500


@contextmanager
def audited(action: str, target: str = "") -> Iterator[None]:
    """Record what is done inside, however it ends; `note` adds what is known only then.

    An error inside tells the outcome. What Ctrl-C or a fault of ours interrupts has failed: it may be done in part.
    """
    with recording(Recording(action, Kind.CHANGE, target)) as record:
        identified(command_line_user(), local_hub().audit)
        try:
            yield
        except HubError as error:
            record.is_storage_down = isinstance(error, StorageDown)
            _write(record, error.status)
            raise
        except (typer.Exit, click.ClickException):
            _write(record, _REFUSED)
            raise
        except BaseException:
            typer.echo(f"note: {action} {record.target} was interrupted and may be done in part", err=True)
            _write(record, _INTERRUPTED)
            raise
        _write(record, None)


def command_line_user() -> str:
    """The name that the audit has for the user who runs the command."""
    try:
        return normal_user_id(f"command line ({getpass.getuser()})")
    except (OSError, KeyError):
        # In a container the user may have no name.
        return "command line"


def _write(record: Recording, status: int | None) -> None:
    entry = record.entry(now(), status)
    if record.may_be_kept and write(entry, record.keeper) is RowOutcome.FAILED:
        typer.echo(f"note: {entry.action} {entry.target} is {entry.outcome}, but its audit entry is missing", err=True)
