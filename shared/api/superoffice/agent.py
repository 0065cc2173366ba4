"""The agent API `/api/v1/Agents/Webhook/{operation}` (docs/sources/superoffice.md 1.4).

Eight operations, called with POST; GET describes them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import azure.functions as func

from shared.api.superoffice.members import member
from shared.api.superoffice.operations import Signalling, WebhookOperations
from shared.api.superoffice.render import default_webhook
from shared.api.superoffice.request import ApiRequest, no_content
from shared.audit.recording import note
from shared.errors import NotFound
from shared.hub.hub import Hub
from shared.validation import INT32, OBJECT, REQUIRED, STRING, bad_field

# A sample of the vendor says StateFilter where its reference says StatusFilter.
_FILTERS = ("NameFilter", "EventFilter", "StatusFilter", "StateFilter")


def serve_agent(hub: Hub, http: func.HttpRequest) -> func.HttpResponse:
    """Answer one request of the agent API; raises the errors of shared/errors.py."""
    request = ApiRequest.begin(hub.callers, http)
    name, is_get = http.route_params.get("operation", ""), http.method.upper() == "GET"
    if is_get and not name:
        return request.reply([one.describe() for one in OPERATIONS.values()], root="ArrayOfOperation")
    operation = OPERATIONS.get(name.lower())
    if operation is None:
        raise NotFound(f"the Webhook agent has no operation {name[:50]}")
    if is_get:
        return request.reply(operation.describe(), root="Operation")
    return operation.run(_AgentCall(hub, request))


@dataclass(frozen=True)
class _AgentCall:
    """One call of an operation, with what carries it out."""

    hub: Hub
    request: ApiRequest

    @property
    def operations(self) -> WebhookOperations:
        # Asked for late: signals and the default webhook need no receivers.
        return WebhookOperations.of(self.hub.receivers)

    def create_default(self) -> func.HttpResponse:
        return self.request.reply(default_webhook(), root="Webhook")

    def save(self) -> func.HttpResponse:
        document = self.request.required_object()
        id_ = member(document, "WebhookId")
        # Which of the two it is stands in the body, so the audit is told here.
        if id_ is None or id_ == "" or str(id_) == "0":
            note(action="webhook.create")
            saved = self.operations.create(document, self.request.actor)
        else:
            before = self.operations.find(str(id_))
            note(action="webhook.update")
            saved = self.operations.update(before, document, self.request.actor)
        return self.request.reply(
            saved.entity, root="Webhook", select=True, warnings=saved.warnings, public_key=saved.public_key
        )

    def get(self) -> func.HttpResponse:
        found = self.operations.find(self._id_in_query())
        return self.request.reply(self.operations.show(found), root="Webhook", select=True)

    def delete(self) -> func.HttpResponse:
        self.operations.delete(self.operations.find(self._id_in_query()))
        return no_content()

    def get_all(self) -> func.HttpResponse:
        filters = self.request.optional_object(_FILTERS)
        name, event = _text(filters, "NameFilter"), _text(filters, "EventFilter")
        status = member(filters, "StatusFilter")
        status = member(filters, "StateFilter") if status is None else status
        found = self.operations.list(name, event, status)
        return self.request.reply(found, root="ArrayOfWebhook", select=True, narrowed_by=_FILTERS[:3])

    def test(self) -> func.HttpResponse:
        webhook = member(self.request.required_object(), "Webhook")
        if not isinstance(webhook, dict):
            raise bad_field("Webhook", OBJECT)
        result = self.operations.test(webhook, self.request.actor)
        return self.request.reply(result, root="WebhookResult", select=True)

    def signal(self) -> func.HttpResponse:
        document = self.request.required_object()
        given = member(document, "PrimaryKey")
        primary_key = 0 if given is None else given
        if isinstance(primary_key, bool) or not isinstance(primary_key, int):
            raise bad_field("PrimaryKey", INT32)
        name = _text(document, "EventName") or ""
        signalling = Signalling(self.hub.events, self.hub.signal_rate)
        signalling.signal(self.request, name, primary_key, member(document, "Data"))
        return no_content()

    def last_error(self) -> func.HttpResponse:
        id_ = member(self.request.required_object(), "WebhookId")
        return self.request.reply(self.operations.last_error(str(id_)), root="string")

    def _id_in_query(self) -> str:
        id_text = self.request.query.get("webhookid")
        if id_text is None:
            raise bad_field("webhookId", REQUIRED)
        return id_text


def _text(document: Mapping[str, object], name: str) -> str | None:
    value = member(document, name)
    if value is None or isinstance(value, str):
        return value
    raise bad_field(name, STRING)


@dataclass(frozen=True)
class Operation:
    """One operation: its name, what it does, what it reads and from where, and the method that carries it out."""

    name: str
    description: str
    takes: str
    run: Callable[[_AgentCall], func.HttpResponse]

    def describe(self) -> dict[str, object]:
        """What GET says of it."""
        address = f"api/v1/Agents/Webhook/{self.name}"
        return {"Method": "POST", "Address": address, "Description": self.description, "Takes": self.takes}


OPERATIONS = {
    operation.name.lower(): operation
    for operation in (
        Operation(
            "CreateDefaultWebhook", "A webhook with default values, not saved.", "nothing", _AgentCall.create_default
        ),
        Operation("SaveWebhook", "Saves a webhook, a new one where WebhookId is 0.", "body: Webhook", _AgentCall.save),
        Operation("GetWebhook", "A webhook by its id.", "query: webhookId, $select", _AgentCall.get),
        Operation("DeleteWebhook", "Removes a webhook.", "query: webhookId", _AgentCall.delete),
        Operation(
            "GetAllWebhooks", "Lists webhooks.", "body: NameFilter, EventFilter, StatusFilter", _AgentCall.get_all
        ),
        Operation("TestWebhook", "Sends a test event.", "body: Webhook", _AgentCall.test),
        Operation("SignalEvent", "Signals an event.", "body: EventName, PrimaryKey, Data", _AgentCall.signal),
        Operation("GetLastError", "The last error of a webhook.", "body: WebhookId", _AgentCall.last_error),
    )
}
"""By name in lower case."""
