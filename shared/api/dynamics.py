"""The registration API over HTTP, below `/api/v1/dynamics/webhooks`: which path is which operation."""

from collections.abc import Mapping

import azure.functions as func

from shared.api.parameters import parse_count, parse_moment
from shared.audit.entry import with_switches
from shared.audit.recording import note
from shared.audit.surfaces import DYNAMICS_REGISTRATION
from shared.dynamics.registration.call import dataverse_call
from shared.dynamics.registration.failed_jobs import MAX_JOBS
from shared.dynamics.registration.failure_kind import FailureKind
from shared.dynamics.registration.parsing import parse_id
from shared.errors import NotFound
from shared.http import empty_response, json_body, json_response, path_segments
from shared.hub.hub import Hub
from shared.strict_json import parse_object
from shared.validation import bad_field, one_of

ROUTE = "/api/v1/dynamics/webhooks"
_DEFAULT_JOBS = 100
_CREATED = 201
_NO_CONTENT = 204


def serve(hub: Hub, req: func.HttpRequest) -> func.HttpResponse:
    """Answer one request; raises the errors of shared/errors.py."""
    segments = path_segments(req)
    with dataverse_call():
        match segments:
            case () | ("ensure",):
                return _all(hub, req, segments)
            case (webhook,):
                return _one(hub, req, parse_id(webhook))
            case (webhook, "steps", *rest):
                return _steps(hub, req, parse_id(webhook), rest)
    raise NotFound("there is nothing at this path")


def _all(hub: Hub, req: func.HttpRequest, segments: tuple[str, ...]) -> func.HttpResponse:
    registration = hub.registration
    match req.method.upper(), segments:
        case "GET", ():
            return json_response({"value": [webhook.as_json() for webhook in registration.webhooks.list()]})
        case "POST", ():
            made = registration.webhooks.register(_document(req))
            return _created(hub, made.as_json(), made.webhook.id)
        case "POST", _:
            ensured = registration.installer.ensure(_document(req))
            note(target=f"{DYNAMICS_REGISTRATION.targets}/{ensured.ids}")
            return json_response(ensured.as_json(), _CREATED if ensured.is_new else 200)
    raise NotFound("there is nothing at this path")


def _one(hub: Hub, req: func.HttpRequest, id_: str) -> func.HttpResponse:
    webhooks = hub.registration.webhooks
    match req.method.upper():
        case "GET":
            return json_response(webhooks.show(id_).as_json())
        case "PATCH":
            changes = _document(req)
            updated = webhooks.update(id_, changes)
            note(changed=changes)
            return json_response(updated.as_json())
        case "DELETE":
            webhooks.unregister(id_)
            return empty_response(_NO_CONTENT)
    raise NotFound("there is nothing at this path")


def _steps(hub: Hub, req: func.HttpRequest, webhook_id: str, segments: list[str]) -> func.HttpResponse:
    steps = hub.registration.steps
    match req.method.upper(), segments:
        case "GET", []:
            return json_response({"value": [step.as_json() for step in steps.list(webhook_id)]})
        case "POST", []:
            made = steps.register(webhook_id, _document(req))
            return _created(hub, made.as_json(), f"{webhook_id}/steps/{made.id}")
        case "GET", [step]:
            return json_response(steps.show(webhook_id, parse_id(step)).as_json())
        case "PATCH", [step]:
            changes = _document(req)
            updated = steps.update(webhook_id, parse_id(step), changes)
            note(changed=with_switches(changes, {"enabled": updated.enabled}))
            return json_response(updated.as_json())
        case "DELETE", [step]:
            steps.remove(webhook_id, parse_id(step))
            return empty_response(_NO_CONTENT)
        case _, [step, "failures", *rest]:
            return _failures(hub, req, (webhook_id, parse_id(step)), rest)
    raise NotFound("there is nothing at this path")


def _failures(hub: Hub, req: func.HttpRequest, ids: tuple[str, str], segments: list[str]) -> func.HttpResponse:
    failures = hub.registration.failures
    match req.method.upper(), segments:
        case "GET", []:
            since, until = parse_moment(req.params, "since"), parse_moment(req.params, "until")
            jobs = failures.list(*ids, since=since, until=until, top=parse_top(req.params), kind=parse_kind(req.params))
            return json_response({"value": [job.as_json() for job in jobs]})
        case "POST", [job, "replay"]:
            return json_response(failures.replay(*ids, parse_id(job)).as_json())
    raise NotFound("there is nothing at this path")


def parse_top(query: Mapping[str, str]) -> int:
    """`top`: how many failed jobs are listed; raises BadRequest."""
    return parse_count(query, "top", 1, MAX_JOBS) or _DEFAULT_JOBS


def parse_kind(query: Mapping[str, str]) -> FailureKind | None:
    """`kind`: which failed jobs are listed, None for all; raises BadRequest."""
    text = query.get("kind")
    if text is None:
        return None
    try:
        return FailureKind(text)
    except ValueError:
        raise bad_field("kind", one_of(list(FailureKind))) from None


def _document(req: func.HttpRequest) -> dict[str, object]:
    return parse_object(json_body(req))


def _created(hub: Hub, content: dict[str, object], path: str) -> func.HttpResponse:
    note(target=f"{DYNAMICS_REGISTRATION.targets}/{path}")
    location = f"{hub.settings.public_url}{ROUTE}/{path}"
    return json_response(content, _CREATED, {"Location": location})
