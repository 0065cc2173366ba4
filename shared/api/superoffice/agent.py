"""The agent API `/api/v1/Agents/Webhook/*`: eight operations, all POST; GET describes them (superoffice.md 1.4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import azure.functions as func

from shared.api.superoffice.operations import WebhookOperations, member
from shared.api.superoffice.render import default_webhook
from shared.api.superoffice.request import ApiRequest, no_content
from shared.errors import BadRequest, NotFound
from shared.hub.hub import Hub

# The last is what the vendor's own sample calls the one before.
_FILTERS = ("NameFilter", "EventFilter", "StatusFilter", "StateFilter")


@dataclass(frozen=True)
class Operation:
    """One operation: what it does, what it takes and where, and how it is carried out."""

    name: str
    description: str
    takes: str
    run: Callable[[WebhookOperations], func.HttpResponse]

    def describe(self) -> dict[str, object]:
        """What GET says of it."""
        address = f"api/v1/Agents/Webhook/{self.name}"
        return {"Method": "POST", "Address": address, "Description": self.description, "Takes": self.takes}


def serve(hub: Hub, req: func.HttpRequest) -> func.HttpResponse:
    """Answer one request; raises the errors of shared/errors.py."""
    exchange = ApiRequest.begin(hub, req)
    name, is_get = req.route_params.get("operation", ""), req.method.upper() == "GET"
    if is_get and not name:
        return exchange.reply([one.describe() for one in OPERATIONS.values()], root="ArrayOfOperation")
    operation = OPERATIONS.get(name.lower())
    if operation is None:
        raise NotFound(f"the Webhook agent has no operation {name[:50]}")
    if is_get:
        return exchange.reply(operation.describe(), root="Operation")
    return operation.run(WebhookOperations(exchange))


def _create_default(operations: WebhookOperations) -> func.HttpResponse:
    return operations.exchange.reply(default_webhook(), root="Webhook")


def _save(operations: WebhookOperations) -> func.HttpResponse:
    document = operations.exchange.required_object()
    id_ = member(document, "WebhookId")
    is_new = id_ is None or id_ == "" or str(id_) == "0"
    entity = operations.create(document) if is_new else operations.update(operations.find(str(id_)), document)
    return operations.exchange.reply(entity, root="Webhook", select=True)


def _get(operations: WebhookOperations) -> func.HttpResponse:
    found = operations.find(_id_in_query(operations.exchange))
    return operations.exchange.reply(operations.show(found), root="Webhook", select=True)


def _delete(operations: WebhookOperations) -> func.HttpResponse:
    operations.delete(operations.find(_id_in_query(operations.exchange)))
    return no_content()


def _list(operations: WebhookOperations) -> func.HttpResponse:
    filters = operations.exchange.optional_object(_FILTERS)
    name, event = _text(filters, "NameFilter"), _text(filters, "EventFilter")
    status = member(filters, "StatusFilter")
    status = member(filters, "StateFilter") if status is None else status
    found = operations.list(name, event, status)
    return operations.exchange.reply(
        found, root="ArrayOfWebhook", select=True, narrowed_by=("NameFilter", "EventFilter", "StatusFilter")
    )


def _test(operations: WebhookOperations) -> func.HttpResponse:
    webhook = member(operations.exchange.required_object(), "Webhook")
    if not isinstance(webhook, dict):
        raise BadRequest("Webhook: an object is needed", pointer="#/Webhook")
    return operations.exchange.reply(operations.test(webhook), root="WebhookResult", select=True)


def _signal(operations: WebhookOperations) -> func.HttpResponse:
    document = operations.exchange.required_object()
    given = member(document, "PrimaryKey")
    primary_key = 0 if given is None else given
    if isinstance(primary_key, bool) or not isinstance(primary_key, int):
        raise BadRequest("PrimaryKey: a 32-bit integer is needed", pointer="#/PrimaryKey")
    operations.signal(_text(document, "EventName") or "", primary_key, member(document, "Data"))
    return no_content()


def _last_error(operations: WebhookOperations) -> func.HttpResponse:
    id_ = member(operations.exchange.required_object(), "WebhookId")
    return operations.exchange.reply(operations.last_error(str(id_)), root="string")


def _id_in_query(exchange: ApiRequest) -> str:
    id_text = exchange.query.get("webhookid")
    if id_text is None:
        raise BadRequest("webhookId: the parameter is missing", pointer="#/webhookId")
    return id_text


def _text(document: Mapping[str, object], name: str) -> str | None:
    value = member(document, name)
    if value is None or isinstance(value, str):
        return value
    raise BadRequest(f"{name}: a text is needed", pointer=f"#/{name}")


OPERATIONS = {
    operation.name.lower(): operation
    for operation in (
        Operation("CreateDefaultWebhook", "A webhook with default values, not saved.", "nothing", _create_default),
        Operation("SaveWebhook", "Saves a webhook, a new one where WebhookId is 0.", "body: Webhook", _save),
        Operation("GetWebhook", "A webhook by its id.", "query: webhookId, $select", _get),
        Operation("DeleteWebhook", "Removes a webhook.", "query: webhookId", _delete),
        Operation("GetAllWebhooks", "Lists webhooks.", "body: NameFilter, EventFilter, StatusFilter", _list),
        Operation("TestWebhook", "Sends a test event.", "body: Webhook", _test),
        Operation("SignalEvent", "Signals an event.", "body: EventName, PrimaryKey, Data", _signal),
        Operation("GetLastError", "The last error of a webhook.", "body: WebhookId", _last_error),
    )
}
