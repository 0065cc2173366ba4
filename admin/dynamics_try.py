"""`python -m admin dynamics try`: posts a payload as Dataverse would, and shows what receivers would get.

What they would get is made of the event that the app stored, by the code that delivers (docs/dynamics.md "Try it").
"""

import json
import logging
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import requests
import simplejson
import typer
from pydantic import TypeAdapter, ValidationError

from admin.function_key import KEY_VARIABLE, function_key
from admin.hub import local_hub
from admin.output import print_problem
from devhost.local_hub import RUN_FILE
from shared.clock import now
from shared.delivery.callback import callback_content, callback_event
from shared.dynamics.context import TRIMMED_HEADER
from shared.dynamics.intake import read_events
from shared.dynamics.registration.address import EVENTS_PATH
from shared.errors import HubError, NotFound, Unavailable
from shared.events.event import Event, EventState
from shared.events.store import EventStore
from shared.settings import BaseUrl

_STORAGE = "AzureWebJobsStorage"
_WEBHOOK_NAME = "(the webhook's name)"
_UNTOLD = frozenset({EventState.IGNORED, EventState.UNREADABLE})
# The app answers within 25 s.
_ANSWER_SECONDS = 60.0
_COMPLETION_SECONDS = 10.0
_PAUSE_SECONDS = 0.2

Payload = Annotated[
    typer.FileBinaryRead,
    typer.Argument(metavar="FILE", help="a request's body as Dataverse sends it, in JSON; - is standard input"),
]
Url = Annotated[
    str | None, typer.Option(help=f"another app, such as https://hub.example; its function key is {KEY_VARIABLE}")
]
Trimmed = Annotated[bool, typer.Option("--trimmed", help="post it as one that Dataverse trimmed for its size")]


@dataclass(frozen=True)
class TriedApp:
    """An app that answers at `url`, a function key of it, and its storage; None for that of the settings."""

    url: str
    code: str = field(repr=False)
    storage: str | None = field(default=None, repr=False)


def try_(payload: Payload, url: Url = None, trimmed: Trimmed = False) -> None:
    """Post a payload to the app that runs here, and show what receivers would get of it.

    The event is stored and delivered like any other. For another app than that of `make run`, AzureWebJobsStorage is
    its storage, and the environment variable DYNAMICS_WEBHOOK_KEY a function key of it.
    """
    # Standard error has nothing but the problem, so that scripts can read it as JSON.
    logging.getLogger("shared").addHandler(logging.NullHandler())
    app = None if url is None else _other_app(url)
    try:
        app = app or app_that_runs(RUN_FILE)
        if app.storage is not None:
            os.environ[_STORAGE] = app.storage
        events = local_hub().events
        body = payload.read()
        status = _post(app, body, trimmed=trimmed)
        told = [event for event in _events(events, status, body, trimmed=trimmed) if event.state not in _UNTOLD]
    except HubError as error:
        print_problem(error)
        raise typer.Exit(1) from None
    contents = [callback_content(callback_event(event), _WEBHOOK_NAME) for event in told]
    # Unlike json, it writes every digit of a decimal.
    typer.echo(simplejson.dumps({"status": status, "value": contents}, indent=2, ensure_ascii=False, allow_nan=False))


def app_that_runs(run_file: Path) -> TriedApp:
    """The app that `make run` started, by the file that it keeps meanwhile; raises Unavailable if there is none."""
    try:
        told = json.loads(run_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Unavailable("no app runs here: start it with `make run`, or name one with --url") from None
    return TriedApp(told["url"], told["code"], told["storage"])


def _other_app(url: str) -> TriedApp:
    try:
        address = TypeAdapter[str](BaseUrl).validate_python(url.strip())
    except ValidationError:
        address = ""
    if not address:
        raise typer.BadParameter("--url must be an address without path or query, such as https://hub.example")
    return TriedApp(address, function_key("the app at --url"))


def _post(app: TriedApp, body: bytes, *, trimmed: bool) -> int:
    """The status of the app's answer; raises the problem that it answered."""
    headers = {"Content-Type": "application/json", "x-functions-key": app.code}
    if trimmed:
        headers[TRIMMED_HEADER] = "true"
    with requests.Session() as session:
        # No proxy, and no redirect, may learn the key.
        session.trust_env = False
        try:
            response = session.post(
                app.url + EVENTS_PATH, body, headers=headers, timeout=_ANSWER_SECONDS, allow_redirects=False
            )
        except requests.RequestException as reason:
            raise Unavailable(f"the app at {app.url} gives no answer: {type(reason).__name__}") from reason
    if response.status_code not in {requests.codes.ok, requests.codes.created}:
        raise _refusal(response)
    return response.status_code


def _refusal(response: requests.Response) -> HubError:
    if response.headers.get("Content-Type", "").startswith("application/problem+json"):
        return HubError("", extensions=response.json())
    is_key = response.status_code == requests.codes.unauthorized
    detail = "the app refuses the function key" if is_key else "the answer does not say why"
    return HubError(detail, extensions={"title": response.reason, "status": response.status_code})


def _events(events: EventStore, status: int, body: bytes, *, trimmed: bool) -> Iterator[Event]:
    """The events that a request became, completed if it was trimmed; none where the app took none."""
    read = read_events(body, trimmed=trimmed, now=now())
    stored = [event for id_ in dict.fromkeys(event.id for event in read) if (event := events.get(id_)) is not None]
    if status == requests.codes.created and not stored:
        raise NotFound(f"the app stored the event elsewhere: set {_STORAGE} to the app's storage")
    for event in stored:
        yield completed(events, event, seconds=_COMPLETION_SECONDS) if event.trimmed else event


def completed(events: EventStore, event: Event, *, seconds: float) -> Event:
    """A trimmed event with what was read back from Dataverse; raises Unavailable if that takes longer."""
    give_up_at = time.monotonic() + seconds
    while (dispatched := events.dispatched(event)) is None:
        if time.monotonic() > give_up_at:
            raise Unavailable(f"event {event.id} is stored, and its row is not read back from Dataverse yet")
        time.sleep(_PAUSE_SECONDS)
    return dispatched
