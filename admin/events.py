"""`python -m admin events`: messages that stranded in a poison queue are put back."""

from contextlib import nullcontext
from typing import Annotated

import typer

from admin.hub import local_hub
from admin.output import print_records
from admin.recording import audited
from shared.delivery.redrive import redrive

app = typer.Typer(no_args_is_help=True, help="Queues of events and deliveries.")

AsJson = Annotated[bool, typer.Option("--json", help="print JSON for scripts")]


@app.callback()
def events() -> None:
    """Queues of events and deliveries."""


@app.command("redrive")
def redrive_(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say how many there are")] = False,
    as_json: AsJson = False,
) -> None:
    """Put back what is ours from all poison queues; doing the work twice is harmless."""
    with nullcontext() if dry_run else audited("queue.redrive", "queues"):
        records = [
            {"queue": done.queue, "putBack": done.put_back, "left": done.left}
            for done in redrive(local_hub().storage, dry_run=dry_run)
        ]
    print_records("Poison queues", ["queue", "putBack", "left"], records, as_json=as_json)
