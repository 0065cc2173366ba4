"""`python -m admin dynamics`: webhooks and steps in Dataverse, with the rights of whoever runs it (docs/dynamics.md).

Bodies are read from standard input. Results are JSON on standard output. Errors are problems, also in JSON, on standard
error, with exit code 1.
"""

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import Annotated, Literal

import typer

from admin.dynamics_try import try_
from admin.function_key import function_key
from admin.hub import local_hub
from admin.named_events import events_of
from admin.output import print_json, print_problem
from admin.recording import audited
from admin.replaying import replay_jobs
from shared.api.parameters import parse_moment
from shared.audit.entry import with_switches
from shared.audit.recording import note
from shared.audit.surfaces import DYNAMICS_REGISTRATION
from shared.dynamics.registration.failed_jobs import MAX_JOBS
from shared.dynamics.registration.failure_kind import FailureKind
from shared.dynamics.registration.parsing import parse_id
from shared.errors import HubError
from shared.hub.registration import DataverseRegistration
from shared.strict_json import parse_object

app = typer.Typer(
    no_args_is_help=True,
    help="Webhooks in Dataverse (DATAVERSE_URL). Bodies are JSON on standard input, results on standard output.",
)
app.command("try")(try_)

TARGET = DYNAMICS_REGISTRATION.targets

Webhook = Annotated[str, typer.Argument(metavar="ID", help="id of a webhook, as `dynamics list` shows it")]
Step = Annotated[str, typer.Argument(metavar="STEP", help="id of a step, as `dynamics steps` shows it")]
Since = Annotated[str | None, typer.Option(help="only jobs completed at this ISO 8601 time or later")]
Jobs = Annotated[
    list[str] | None, typer.Argument(metavar="[JOB]...", help="ids of jobs, as `dynamics failures` shows them")
]
AsJson = Annotated[bool, typer.Option("--json", help="show no progress bar; results are JSON in any case")]


@contextmanager
def _registration(action: str | None = None, target: str = "") -> Iterator[DataverseRegistration]:
    """The operations. With an `action` the audit records it, for the `target` below webhooks."""
    # Standard error has nothing but the problem, so that scripts can read it as JSON.
    logging.getLogger("shared").addHandler(logging.NullHandler())
    try:
        with (
            nullcontext() if action is None else audited(f"dynamics.{action}", f"{TARGET}/{target.lower()}".rstrip("/"))
        ):
            yield local_hub().registration
    except HubError as error:
        print_problem(error)
        raise typer.Exit(1) from None


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List all webhooks of the organization."""
    with _registration() as registration:
        print_json({"value": [webhook.as_json() for webhook in registration.webhooks.list()]})


@app.command()
def register(as_json: AsJson = False) -> None:
    """Register the webhook on standard input with its steps: all of it, or nothing."""
    with _registration("webhook.create") as registration:
        made = registration.webhooks.register(_document())
        note(target=f"{TARGET}/{made.webhook.id}")
        print_json(made.as_json())


@app.command()
def show(id_: Webhook, as_json: AsJson = False) -> None:
    """Show a webhook with its steps, but never its secret."""
    with _registration() as registration:
        print_json(registration.webhooks.show(parse_id(id_)).as_json())


@app.command()
def update(id_: Webhook, as_json: AsJson = False) -> None:
    """Change the members of a webhook that standard input has; `authentication` rotates its key."""
    with _registration("webhook.update", id_) as registration:
        document = _document()
        updated = registration.webhooks.update(parse_id(id_), document)
        note(changed=document)
        print_json(updated.as_json())


@app.command()
def unregister(id_: Webhook, as_json: AsJson = False) -> None:
    """Delete a webhook and its steps."""
    with _registration("webhook.delete", id_) as registration:
        registration.webhooks.unregister(parse_id(id_))


@app.command()
def ensure(
    event: Annotated[
        list[str] | None, typer.Option(help="an event that is to be posted, such as opportunity.updated; repeatable")
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="comma-separated: updates wait for these, and a pre-image has them")
    ] = None,
    pre_image: Annotated[bool, typer.Option("--pre-image", help="send along what the row was before")] = False,
    mode: Annotated[Literal["async", "sync"], typer.Option(help="with sync, users wait when they save")] = "async",
    prune: Annotated[bool, typer.Option("--prune", help="remove the other steps of these webhooks")] = False,
    name: Annotated[str | None, typer.Option(help="its name in Dataverse")] = None,
    url: Annotated[str | None, typer.Option(help="its address; default: the one below PUBLIC_URL")] = None,
    solution: Annotated[str | None, typer.Option(help="the solution that new rows become a part of")] = None,
    as_json: AsJson = False,
) -> None:
    """Make sure that exactly one webhook posts the named events to this app; without any, created connections.

    Its key, a function key of the app, is read from the environment variable DYNAMICS_WEBHOOK_KEY.
    """
    given: Mapping[str, object] = {
        "key": function_key("the app"),
        "name": name,
        "url": url,
        "mode": mode,
        "solution": solution,
        "events": events_of(event or [], columns, pre_image=pre_image, prune=prune),
        "prune": prune or None,
    }
    with _registration("webhook.ensure") as registration:
        document = {member: value for member, value in given.items() if value is not None}
        # Asked first: if it fails, standard error has the problem and nothing else, and nothing was done.
        organization_id = registration.installer.organization_id()
        ensured = registration.installer.ensure(document)
        note(target=f"{TARGET}/{ensured.ids}")
        print_json(ensured.as_json())
        typer.echo(f"DYNAMICS_ORGANIZATIONS={organization_id}", err=True)


@app.command()
def steps(id_: Webhook, as_json: AsJson = False) -> None:
    """List the steps of a webhook."""
    with _registration() as registration:
        print_json({"value": [step.as_json() for step in registration.steps.list(parse_id(id_))]})


@app.command("add-step")
def add_step(id_: Webhook, as_json: AsJson = False) -> None:
    """Register the step on standard input."""
    with _registration("step.create", id_) as registration:
        made = registration.steps.register(parse_id(id_), _document())
        note(target=f"{TARGET}/{made.webhook_id}/steps/{made.id}")
        print_json(made.as_json())


@app.command()
def step(id_: Webhook, step_id: Step, as_json: AsJson = False) -> None:
    """Show a step."""
    with _registration() as registration:
        print_json(registration.steps.show(parse_id(id_), parse_id(step_id)).as_json())


@app.command("update-step")
def update_step(id_: Webhook, step_id: Step, as_json: AsJson = False) -> None:
    """Change the members of a step that standard input has."""
    _update_step(id_, step_id, _document)


@app.command()
def enable(id_: Webhook, step_id: Step, as_json: AsJson = False) -> None:
    """Enable a step. What happened while it was disabled is not sent."""
    _update_step(id_, step_id, lambda: {"enabled": True})


@app.command()
def disable(id_: Webhook, step_id: Step, as_json: AsJson = False) -> None:
    """Disable a step. What happens until it is enabled is not sent, not even later."""
    _update_step(id_, step_id, lambda: {"enabled": False})


@app.command("remove-step")
def remove_step(id_: Webhook, step_id: Step, as_json: AsJson = False) -> None:
    """Delete a step."""
    with _registration("step.delete", f"{id_}/steps/{step_id}") as registration:
        registration.steps.remove(parse_id(id_), parse_id(step_id))


@app.command()
def failures(
    id_: Webhook,
    step_id: Step,
    since: Since = None,
    top: Annotated[int, typer.Option(min=1, max=MAX_JOBS, help="the most jobs to list")] = 100,
    kind: Annotated[FailureKind | None, typer.Option(help="only jobs that failed for this kind of reason")] = None,
    as_json: AsJson = False,
) -> None:
    """List the failed jobs of a step, newest first, with the meaning of their error codes."""
    with _registration() as registration:
        jobs = registration.failures.list(parse_id(id_), parse_id(step_id), since=_moment(since), top=top, kind=kind)
        print_json({"value": [job.as_json() for job in jobs]})


@app.command()
def replay(
    id_: Webhook,
    step_id: Step,
    jobs: Jobs = None,
    all_: Annotated[bool, typer.Option("--all", help="replay all failed jobs of the step, oldest first")] = False,
    since: Since = None,
    as_json: AsJson = False,
) -> None:
    """Replay failed jobs: read their rows again, and accept them as if they came now. Exit code 1 if one fails."""
    if all_ == bool(jobs) or (since and not all_):
        raise typer.BadParameter("either JOB... or --all is required, and --since goes with --all only")
    with _registration() as registration:
        ids = parse_id(id_), parse_id(step_id)
        chosen = jobs or [job.id for job in registration.failures.list(*ids, since=_moment(since), top=None)][::-1]
        results = replay_jobs(registration, *ids, chosen, is_quiet=as_json)
    print_json({"value": results})
    if any("problem" in result for result in results):
        raise typer.Exit(1)


def _update_step(id_: str, step_id: str, read: Callable[[], Mapping[str, object]]) -> None:
    with _registration("step.update", f"{id_}/steps/{step_id}") as registration:
        document = read()
        updated = registration.steps.update(parse_id(id_), parse_id(step_id), document)
        note(changed=with_switches(document, {"enabled": updated.enabled}))
        print_json(updated.as_json())


def _document() -> dict[str, object]:
    return parse_object(sys.stdin.buffer.read())


def _moment(since: str | None) -> datetime | None:
    return parse_moment({} if since is None else {"since": since}, "since")
