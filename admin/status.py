"""`python -m admin status`: how the hub is doing, on one screen."""

import time
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from admin.hub import local_hub
from admin.output import print_json
from shared.delivery.status import Status, hub_status
from shared.errors import HubError
from shared.hub.hub import Hub
from shared.webhooks.stats import Counts

_MOST_BLOCKED = 8


def status(
    watch: Annotated[bool, typer.Option("--watch", help="show it again and again, until Ctrl-C")] = False,
    every: Annotated[float, typer.Option(min=1, max=3600, help="with --watch: seconds between two looks")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON for scripts")] = False,
) -> None:
    """Show what is in the queues, the webhooks by their states, the last hour's failures, and what waits."""
    if watch and as_json:
        raise typer.BadParameter("--watch is for people, and --json for scripts: choose one")
    hub = local_hub()
    if as_json:
        print_json(hub_status(hub.storage).as_json())
    elif watch:
        _watch(hub, every)
    else:
        Console().print(_screen(hub_status(hub.storage)))


def _watch(hub: Hub, every: float) -> None:
    """Show the status until Ctrl-C, which is how this ends well. An outage is shown, and does not end it."""
    console = Console()
    try:
        with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
            while True:
                shown = _screen_or_error(hub)
                if console.is_terminal:
                    live.update(shown, refresh=True)
                else:
                    console.print(shown)
                time.sleep(every)
    except KeyboardInterrupt:
        return


def _screen_or_error(hub: Hub) -> RenderableType:
    try:
        return _screen(hub_status(hub.storage))
    except HubError as error:
        return Text(f"error: {error.detail}", style="red")


def _screen(told: Status) -> RenderableType:
    lines = [Text(f"{told.at:%Y-%m-%d %H:%M:%S} UTC", style="bold"), _columns(told), *_sentences(told)]
    if told.blocked:
        lines.append(_blocked(told))
    return Group(*lines)


def _columns(told: Status) -> RenderableType:
    queues = _table("Queues", "queue", "waiting", "poison")
    for name, count in told.queues.items():
        queues.add_row(name, str(count), _alarming(told.poison[name]))
    webhooks = _table("Webhooks", "state", "webhooks")
    for state, count in told.webhooks.items():
        webhooks.add_row(state.value, str(count))
    return Columns([queues, webhooks], padding=(0, 6))


def _sentences(told: Status) -> list[Text]:
    waiting, undispatched = told.oldest_waiting, told.oldest_undispatched_seconds
    sentences = [
        f"Failed attempts: {_failures(told.this_hour)} in this hour, {_failures(told.hour_before)} in the one before",
        "Oldest event that waits for dispatch: "
        + ("none" if undispatched is None else f"for {timedelta(seconds=undispatched)}"),
        "Oldest delivery that waits: "
        + (
            "none"
            if waiting is None
            else f"for {_since(waiting.parked_at, told.at)}, {waiting.event_type} for webhook {waiting.webhook_id}"
            f" ({waiting.reason.value}); event {waiting.event_id}"
        ),
    ]
    if not told.is_complete:
        sentences.append("There is more than one look reaches: these numbers are the least, what waits may be older")
    # As Text: rich would read brackets in a plain string as markup.
    return [Text(sentence) for sentence in sentences]


def _failures(counts: Counts) -> str:
    classes = ", ".join(f"{count} {name}" for name, count in sorted(counts.classes.items()))
    return f"{counts.failed} of {counts.attempts}{f' ({classes})' if classes else ''}"


def _blocked(told: Status) -> RenderableType:
    blocked = _table(f"Not called now: {told.blocked_count} webhooks", "webhook", "reason", "until (UTC)")
    for id_, entry in [*told.blocked.items()][:_MOST_BLOCKED]:
        blocked.add_row(str(id_), entry.reason.value, f"{entry.until:%Y-%m-%d %H:%M:%S}")
    return blocked


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", show_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 or "(" in column or column == "reason" else "right")
    return table


def _alarming(count: int) -> Text:
    return Text(str(count), style="bold red" if count else "")


def _since(moment: datetime, now: datetime) -> timedelta:
    return timedelta(seconds=max(int((now - moment).total_seconds()), 0))
