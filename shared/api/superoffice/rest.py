"""The REST API `/api/v1/Webhook`: which path is which operation (docs/sources/superoffice.md 1.1)."""

import re
from datetime import UTC, datetime

import azure.functions as func

from shared.api.superoffice.operations import WebhookOperations
from shared.api.superoffice.patch import apply_patch
from shared.api.superoffice.render import default_webhook
from shared.api.superoffice.request import ApiRequest, no_content
from shared.errors import BadRequest, NotFound, PreconditionFailed
from shared.hub.hub import Hub
from shared.webhooks.registration import Registration

# In the order of RFC 9110, 5.6.7: the usual one, RFC 850's and that of C's asctime.
_FORMS = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")


def is_not_modified(header: str | None, updated: datetime) -> bool:
    """Whether a GET with this If-Modified-Since is answered with 304; `updated` is aware."""
    since = _http_date(header)
    return since is not None and _second(updated) <= since


def precondition_failed(header: str | None, updated: datetime) -> bool:
    """Whether a change with this If-Unmodified-Since is refused with 412; `updated` is aware."""
    since = _http_date(header)
    return since is not None and _second(updated) > since


def _second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _http_date(header: str | None) -> datetime | None:
    for form in _FORMS:
        try:
            return datetime.strptime((header or "").strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


_COUNT = re.compile(r"[0-9]{1,9}")
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")


def serve(hub: Hub, req: func.HttpRequest) -> func.HttpResponse:
    """Answer one request; raises the errors of shared/errors.py."""
    exchange = ApiRequest.begin(hub, req)
    operations = WebhookOperations(exchange)
    parts = tuple(part for part in req.route_params.get("path", "").split("/") if part)
    match req.method.upper(), tuple(part.lower() for part in parts):
        case "GET", ():
            return _list(operations)
        case "POST", ():
            return _create(operations)
        case "GET", ("default",):
            return exchange.reply(default_webhook(), root="Webhook")
        case "POST", ("test",):
            return exchange.reply(operations.test(exchange.required_object()), root="WebhookResult")
        case "GET", (id_text, "lasterror"):
            return exchange.reply(operations.last_error(id_text), root="string")
        case "POST", (_, primary_key):
            operations.signal(parts[0], _int32(primary_key), exchange.document())
            return no_content()
        case ("GET" | "PUT" | "PATCH" | "DELETE") as method, (id_text,):
            return _one(operations, method, operations.find(id_text))
    raise NotFound(f"there is no {req.method.upper()} at this path")


def _list(operations: WebhookOperations) -> func.HttpResponse:
    name, event, state = map(operations.exchange.query.get, ("namefilter", "eventfilter", "statusfilter"))
    found = operations.list(name, event, state, skip=_count(operations, "$skip") or 0, top=_count(operations, "$top"))
    return operations.exchange.reply(found, root="ArrayOfWebhook", narrowed_by=("$top", "$skip"))


def _count(operations: WebhookOperations, name: str) -> int | None:
    """A parameter that counts webhooks, None where it is not there; raises BadRequest."""
    text = operations.exchange.query.get(name)
    if text is None:
        return None
    if not _COUNT.fullmatch(text):
        raise BadRequest(f"{name}: a whole number is needed, 0 to 999999999", pointer=f"#/{name}")
    return int(text)


def _create(operations: WebhookOperations) -> func.HttpResponse:
    return _reply(operations, operations.create(operations.exchange.required_object()))


def _one(operations: WebhookOperations, method: str, found: Registration) -> func.HttpResponse:
    headers = operations.exchange.req.headers
    if method == "GET":
        if is_not_modified(headers.get("if-modified-since"), found.updated):
            return func.HttpResponse(status_code=304)
        return _reply(operations, operations.show(found))
    if precondition_failed(headers.get("if-unmodified-since"), found.updated):
        raise PreconditionFailed(f"Webhook id {found.id} was changed since then")
    if method == "DELETE":
        operations.delete(found)
        return no_content()
    return _reply(operations, operations.update(found, _changed(operations, found, method)))


def _changed(operations: WebhookOperations, found: Registration, method: str) -> dict[str, object]:
    if method == "PUT":
        return operations.exchange.required_object()
    return apply_patch(operations.show(found), operations.exchange.patch())


def _reply(operations: WebhookOperations, entity: dict[str, object]) -> func.HttpResponse:
    return operations.exchange.reply(operations.with_links(entity), root="WebhookWithLinks", select=True)


def _int32(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise BadRequest("primaryKey: a 32-bit integer is needed", pointer="#/primaryKey")
    return int(text)
