"""`python -m admin events forget` and `purge`: remove the contents of events, with a progress bar on a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, track

from admin.hub import local_hub
from admin.output import print_json, print_records
from admin.recording import audited
from shared.audit.recording import note
from shared.audit.surfaces import EVENTS
from shared.errors import NotFound
from shared.events.event import EventId
from shared.hub.hub import Hub
from shared.keeping.purging import PurgeFilter, Purging, purge_budget
from shared.storage.paging import BEGINNING, Place

_STEP_SECONDS = 2.0
_PARTITIONS = 256
"""Of table `events`; each is named by two hexadecimal digits."""

AsJson = Annotated[bool, typer.Option("--json", help="print JSON for scripts")]


def forget(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="the ids of events")],
    as_json: AsJson = False,
) -> None:
    """Remove the contents of events everywhere, and end their open deliveries. Doing that twice is harmless.

    An id that is unknown does not stop the others.
    """
    hub = local_hub()
    watched = track(ids, "Forgetting", console=_console(), disable=_is_quiet(as_json))
    records = [{"id": id_, "forgotten": _forget(hub, id_)} for id_ in watched]
    print_records("Events", ["id", "forgotten"], records, as_json=as_json)
    if not all(record["forgotten"] for record in records):
        raise typer.Exit(1)


def purge(
    entity: Annotated[str | None, typer.Option(help="the table of the row, as events name it")] = None,
    entity_id: Annotated[str | None, typer.Option(help="the id of the row")] = None,
    initiator: Annotated[str | None, typer.Option(help="the user who caused the events")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only count the events")] = False,
    as_json: AsJson = False,
) -> None:
    """Forget all events about one row, or all by one user, poison queues included.

    Values count as a whole, in any case. If it is interrupted, run it again.
    """
    wanted = _wanted(entity, entity_id, initiator)
    with nullcontext() if dry_run else audited("event.purge", f"{EVENTS.targets}/purge"):
        note(changed=[name for name, value in _given(wanted).items() if value is not None])
        hub = local_hub()
        purging = Purging(hub.storage, hub.events, hub.receivers.forgetting)
        step = purging.count if dry_run else purging.purge
        with _bar(as_json) as show:
            count, place = 0, BEGINNING
            while True:
                done = step(wanted, place, purge_budget(_STEP_SECONDS))
                count += done.count
                show(done.place)
                if done.place is None:
                    break
                place = done.place
    if as_json:
        print_json({"count" if dry_run else "purged": count})
    else:
        typer.echo(f"{'events that would be forgotten' if dry_run else 'events forgotten'}: {count}")


def _forget(hub: Hub, id_: str) -> bool:
    normal = id_.strip().lower()
    try:
        with audited("event.forget", f"{EVENTS.targets}/{normal}"):
            if not hub.receivers.forgetting.forget(EventId(normal)):
                raise NotFound("there is no event with this id")
    except NotFound:
        return False
    return True


def _wanted(entity: str | None, entity_id: str | None, initiator: str | None) -> PurgeFilter:
    is_of_row = bool(entity and entity_id and initiator is None)
    if not is_of_row and not (initiator and entity is None and entity_id is None):
        raise typer.BadParameter("give --entity with --entity-id, or --initiator alone")
    return PurgeFilter(entity, entity_id, initiator)


def _given(wanted: PurgeFilter) -> dict[str, str | None]:
    return {"entity": wanted.entity, "entityId": wanted.entity_id, "initiator": wanted.initiator}


@contextmanager
def _bar(as_json: bool) -> Iterator[Callable[[Place | None], None]]:
    """Shows how far into the table a step came; None is its end."""
    with Progress(console=_console(), disable=_is_quiet(as_json)) as progress:
        task = progress.add_task("Looking through the events", total=_PARTITIONS)

        def show(place: Place | None) -> None:
            progress.update(task, completed=_PARTITIONS if place is None else _partition(place))

        yield show


def _partition(place: Place) -> int:
    begins_at = place.continuation[0] if place.continuation else place.after.partition if place.after else ""
    try:
        return int(begins_at[-2:], 16)
    except ValueError:
        return 0


def _console() -> Console:
    # On standard error, so that scripts read nothing but the results.
    return Console(stderr=True)


def _is_quiet(as_json: bool) -> bool:
    return as_json or not sys.stderr.isatty()
