"""`python -m admin webhooks`: the operations of SuperOffice's API, with the rights of this environment."""

import getpass
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from admin.hub import local_hub
from admin.output import fail, print_json, print_records
from admin.recording import audited
from shared.api.parameters import event_name_filter
from shared.api.superoffice.operations import Entity, entity_of
from shared.api.superoffice.relaxed_json import parse_relaxed_object
from shared.api.superoffice.render import render_result
from shared.audit.entry import Outcome
from shared.audit.recording import note
from shared.callers.caller import Caller
from shared.errors import BadRequest
from shared.hub.receivers import Receivers
from shared.roles.user import User
from shared.secret_mask import SECRET_MASK
from shared.webhooks.listing import WebhookFilter
from shared.webhooks.registration import Registration, Usage
from shared.webhooks.reseal import reseal_all
from shared.webhooks.webhook import WEBHOOK_TYPES, WebhookState, parse_webhook

app = typer.Typer(no_args_is_help=True, help="Registered webhooks. JSON is as in SuperOffice's API.")

Id = Annotated[int, typer.Argument(metavar="ID", min=1, help="id of a webhook, as `webhooks list` shows it")]
UserName = Annotated[
    str | None, typer.Option("--user", help="who the receiver is told does it; default: your account on this machine")
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON for scripts")]

_REFUSED = 3
_COLUMNS = ["WebhookId", "Name", "State", "Type", "Events", "TargetUrl", "ConsecutiveErrors"]


@app.command("list")
def list_(
    name: Annotated[str | None, typer.Option(help="only webhooks with this name, in any case")] = None,
    event: Annotated[str | None, typer.Option(help="only webhooks that subscribed to this event")] = None,
    state: Annotated[
        WebhookState | None, typer.Option(case_sensitive=False, help="only webhooks in this state")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List webhooks in the order of their ids."""
    wanted = WebhookFilter(
        name or None, event_name_filter(event, "--event"), None if state is WebhookState.UNKNOWN else state
    )
    receivers = local_hub().receivers
    entities = (_entity(receivers, registration, usage) for registration, usage in receivers.webhooks.list(wanted))
    print_records("Webhooks", _COLUMNS, entities if as_json else map(_readable, entities), as_json=as_json)


@app.command()
def show(id_: Id, as_json: AsJson = False) -> None:
    """Show a webhook with its usage. Its secrets are masked."""
    receivers = local_hub().receivers
    _print(_entity(receivers, _find(receivers, id_), receivers.webhooks.usage(id_)), as_json=as_json)


@app.command()
def create(
    name: Annotated[str | None, typer.Option(help="a name; need not be unique")] = None,
    events: Annotated[
        list[str] | None, typer.Option("--event", help="an event to subscribe to; may be repeated")
    ] = None,
    target_url: Annotated[str | None, typer.Option(help="where events are posted")] = None,
    secret: Annotated[str | None, typer.Option(envvar="WEBHOOK_SECRET", help="the key of the signatures")] = None,
    type_: Annotated[str | None, typer.Option("--type", help=" | ".join(sorted(WEBHOOK_TYPES)))] = None,
    state: Annotated[WebhookState | None, typer.Option(case_sensitive=False, help="Active, or Stopped")] = None,
    file: Annotated[
        str | None, typer.Option(help="file with a JSON object of these and other members; - is standard input")
    ] = None,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """Register a webhook. An active one is sent a test event first. Options win over the file."""
    options = {
        "Name": name,
        "Events": events or None,
        "TargetUrl": target_url,
        "Secret": secret,
        "Type": type_,
        "State": state and state.value,
    }
    document = _document(file, {member: value for member, value in options.items() if value is not None})
    receivers = local_hub().receivers
    with audited("webhook.create", "webhooks"):
        saved = receivers.saving.create(parse_webhook(document, types=WEBHOOK_TYPES), _caller(user))
        note(target=f"webhooks/{saved.registration.id}")
    for warning in saved.warnings:
        typer.echo(f"warning: {warning}", err=True)
    if saved.public_key is not None:
        typer.echo(f"public key: {saved.public_key}", err=True)
    registration = saved.registration
    _print(_entity(receivers, registration, receivers.webhooks.usage(registration.id)), as_json=as_json)


@app.command("test")
def send_test(id_: Id, user: UserName = None, as_json: AsJson = False) -> None:
    """Send a test event to a webhook. Exit code 0 if the answer was 2xx, otherwise 3."""
    receivers = local_hub().receivers
    with audited("webhook.test", f"webhooks/{id_}"):
        found = _find(receivers, id_)
        masked = found.webhook.model_copy(update={"secret": SECRET_MASK if found.sealed_secret else None})
        tested = receivers.saving.test(masked, found, _caller(user))
        if not tested.is_success:
            note(outcome=Outcome.FAILED)
    if as_json:
        print_json(render_result(is_success=tested.is_success, message=tested.message))
    else:
        typer.echo(tested.message)
    if not tested.is_success:
        raise typer.Exit(_REFUSED)


@app.command()
def delete(id_: Id, as_json: AsJson = False) -> None:
    """Delete a webhook. Its deliveries stay in the log."""
    receivers = local_hub().receivers
    with audited("webhook.delete", f"webhooks/{id_}"):
        receivers.saving.delete(_find(receivers, id_))
    if as_json:
        print_json({"deleted": id_})
    else:
        typer.echo(f"deleted {id_}")


@app.command()
def reseal(as_json: AsJson = False) -> None:
    """Seal all secrets with the first key of SECRETS_KEY: those sealed by another key, and those stored in clear.

    Doing that twice changes nothing. Exit code 1 if a webhook's secrets could not be sealed; it stays as it is.
    """
    hub = local_hub()
    done = reseal_all(hub.receivers.webhooks, hub.sealer)
    for id_, reason in done.failed.items():
        typer.echo(f"error: webhook {id_} stays as it is: {reason}", err=True)
    if as_json:
        print_json({"webhooks": done.webhooks, "resealed": done.resealed, "failed": [*done.failed]})
    else:
        typer.echo(f"sealed anew: {done.resealed} of {done.webhooks} webhooks")
    if done.failed:
        raise typer.Exit(1)


def _entity(receivers: Receivers, registration: Registration, usage: Usage) -> Entity:
    return entity_of(registration, receivers.known_secrets.usage(registration, usage))


def _find(receivers: Receivers, id_: int) -> Registration:
    found = receivers.webhooks.get(id_)
    if found is None:
        raise fail(f"no webhook has the id {id_}")
    return found


def _caller(user: str | None) -> Caller:
    return Caller(User.of_account(user or getpass.getuser()))


def _document(file: str | None, options: Entity) -> Entity:
    """The members in the options, and those in the file that no option names."""
    members = _read(file) if file else {}
    given = {member.lower() for member in options}
    return {member: value for member, value in members.items() if member.lower() not in given} | options


def _read(file: str) -> Entity:
    try:
        return parse_relaxed_object(_bytes_of(file))
    except OSError as error:
        raise fail(f"{file} cannot be read: {error.strerror}") from None
    except BadRequest as error:
        raise fail(f"{file}: {error.detail}") from None


def _bytes_of(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()


def _readable(entity: Entity) -> Entity:
    """The entity for people: lists with commas, associates by their names, and no empty members."""
    texts = {member: _text(value) for member, value in entity.items()}
    return {member: text for member, text in texts.items() if text}


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if isinstance(value, dict):
        return str(value.get("FullName") or json.dumps(value))
    return "" if value is None else str(value)


def _print(entity: Entity, *, as_json: bool) -> None:
    if as_json:
        print_json(entity)
        return
    members = [{"member": name, "value": value} for name, value in _readable(entity).items()]
    print_records(f"Webhook {entity['WebhookId']}", ["member", "value"], members, as_json=False)
