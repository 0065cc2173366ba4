"""`python -m admin events`: puts messages from poison queues back, and forgets events."""

from contextlib import nullcontext
from typing import Annotated

import typer

from admin.forgetting import forget, purge
from admin.hub import local_hub
from admin.output import print_records
from admin.recording import audited
from shared.delivery.pace.wakeups import WAKEUPS_QUEUE
from shared.delivery.redrive import redrive

app = typer.Typer(no_args_is_help=True, help="Events, and the queues of events and deliveries.")
app.command("forget")(forget)
app.command("purge")(purge)

AsJson = Annotated[bool, typer.Option("--json", help="print JSON for scripts")]


@app.callback()
def events() -> None:
    """Events, and the queues of events and deliveries."""


@app.command("redrive")
def redrive_(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only count the messages")] = False,
    as_json: AsJson = False,
) -> None:
    """Put the hub's messages in all poison queues back, to be handled again. Doing that twice is harmless.

    The line `wakeups` counts wake-ups that were lost, for webhooks for which deliveries may wait, and made again.
    """
    with nullcontext() if dry_run else audited("queue.redrive", "queues"):
        hub = local_hub()
        records = [
            {"queue": done.queue, "putBack": done.put_back, "left": done.left}
            for done in redrive(hub.storage, dry_run=dry_run)
        ]
        lost = hub.receivers.gate.remake_lost_wake_ups(dry_run=dry_run)
        made, left = (0, lost) if dry_run else (lost, 0)
        records.append({"queue": WAKEUPS_QUEUE, "putBack": made, "left": left})
    print_records("Poison queues", ["queue", "putBack", "left"], records, as_json=as_json)
