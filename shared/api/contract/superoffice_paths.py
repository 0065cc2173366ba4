"""SuperOffice's REST API for webhooks (docs/superoffice.md). Pure."""

from collections.abc import Mapping

from shared.api.contract.parts import Json, Operation, answer, body, empty, integer, items, one_of, parameter, ref, text
from shared.api.contract.refusals import SUPEROFFICE
from shared.api.contract.security import HUB_CALLER
from shared.api.contract.superoffice_schemas import (
    DEFAULT,
    MEDIA_TYPES,
    NEW_WEBHOOK,
    TESTED,
    WEBHOOK,
    WEBHOOK_WITH_LINKS,
)
from shared.api.parameters import MAX_WEBHOOK_ID
from shared.webhooks.webhook import MAX_NAME, WebhookState

TAG = "Webhooks"
_PATH = "/v1/Webhook"
_ONE = f"{_PATH}/{{id}}"
_ID = parameter("id", integer(minimum=0, maximum=MAX_WEBHOOK_ID), "The webhook's id.", place="path")
HOPS = ref("Hops", "parameters")
SELECT = parameter(
    "$select", text(), "Members to show, `name,registeredAssociate/fullName`; all others are null.", example="name"
)
TIME_ZONE = parameter(
    "So-Timezone", text(), "`IncludeTzOffset` puts a `Z` behind times.", place="header", example="IncludeTzOffset"
)
SAVED_HEADERS = {
    "X-Hub-Warning": ref("HubWarning", "headers"),
    "X-Hub-Public-Key": ref("HubPublicKey", "headers"),
}
SAVING = (400, 409, 411, 413, 415)


def shown(description: str, schema: Json, example: object, *, headers: Mapping[str, Json] | None = None) -> Json:
    """An answer in each of the formats that Accept may ask for; of XML the schema tells the members alone."""
    made = answer(description, schema, types=MEDIA_TYPES[:2], headers=headers, example=example)
    xml = {type_: {"schema": text("The same members, in XML.")} for type_ in MEDIA_TYPES[2:]}
    content = made["content"]
    return {**made, "content": {**content, **xml}} if isinstance(content, dict) else made


def gone(description: str) -> Json:
    """204."""
    return answer(description)


def sent(name: str, example: object, *, required: bool = True) -> Json:
    """A body. Only JSON is told: of several types generated clients send the last one, or none."""
    told = {"description": "text/json, XML and forms are read too."}
    return {**body(ref(name), required=required, example=example), **told}


def _operation(
    method: str,
    path: str,
    id_: str,
    summary: str,
    description: str,
    made: Mapping[int, Json],
    *statuses: int,
    parameters: tuple[Json, ...] = (),
    body_: Json | None = None,
) -> Operation:
    answers = {**made, **SUPEROFFICE(401, 403, 503, *statuses)}
    return Operation(method, path, id_, TAG, summary, description, answers, HUB_CALLER, parameters, body_)


_SAVED = shown("The webhook.", ref("WebhookWithLinks"), WEBHOOK_WITH_LINKS, headers=SAVED_HEADERS)
_UNCHANGED = parameter(
    "If-Unmodified-Since",
    text(),
    "An HTTP date: a 412 if the webhook was changed since.",
    place="header",
    example="Sat, 31 Jan 2026 12:00:00 GMT",
)
_TESTING = (
    " Saving an active webhook sends one `test` event first, which must be answered 2xx; else it is a 400, and"
    " nothing is"
    " stored."
)
OPERATIONS = (
    _operation(
        "get",
        _PATH,
        "listWebhooks",
        "List webhooks",
        "Ordered by id.",
        {200: shown("The webhooks.", items(ref("Webhook")), [WEBHOOK])},
        400,
        parameters=(
            parameter("nameFilter", text(maxLength=MAX_NAME), "Only webhooks with this name, in any case."),
            parameter("eventFilter", text(maxLength=250), "Only webhooks that want this event."),
            parameter(
                "statusFilter",
                one_of([*(state.value for state in WebhookState), "0", "1", "2", "3"]),
                "Only webhooks in this state; `Unknown` lets all pass.",
            ),
            parameter("$top", integer(minimum=0, maximum=999_999_999), "How many at most."),
            parameter("$skip", integer(minimum=0, maximum=999_999_999), "Without the first so many."),
            TIME_ZONE,
        ),
    ),
    _operation(
        "post",
        _PATH,
        "createWebhook",
        "Register a webhook",
        "An id in the body is ignored." + _TESTING,
        {200: _SAVED},
        *SAVING,
        parameters=(SELECT, TIME_ZONE, HOPS),
        body_=sent("WebhookToSave", NEW_WEBHOOK),
    ),
    _operation(
        "get",
        f"{_PATH}/default",
        "getDefaultWebhook",
        "A webhook with default values",
        "It is not saved.",
        {200: shown("The webhook.", ref("Webhook"), DEFAULT)},
        parameters=(TIME_ZONE,),
    ),
    _operation(
        "post",
        f"{_PATH}/Test",
        "testWebhook",
        "Send a test event",
        "To the webhook in the body, which need not be saved, and needs nothing but a target.",
        {200: shown("How it ended.", ref("TestResult"), TESTED)},
        400,
        411,
        413,
        415,
        parameters=(HOPS,),
        body_=sent("WebhookToSave", NEW_WEBHOOK),
    ),
    _operation(
        "post",
        f"{_PATH}/{{eventName}}/{{primaryKey}}",
        "signalEvent",
        "Signal an event",
        "The members of the body are its data. With `X-Hook-Test: true` it is ignored. So many a minute.",
        {204: gone("It is stored, and will be delivered.")},
        400,
        411,
        413,
        415,
        429,
        parameters=(
            parameter(
                "eventName",
                text(pattern="^[A-Za-z0-9_.-]{1,250}$"),
                "Its name; not one that the hub and its sources make.",
                place="path",
            ),
            parameter("primaryKey", integer(minimum=-(2**31), maximum=2**31 - 1), "The record's key.", place="path"),
            HOPS,
            ref("HookTest", "parameters"),
        ),
        body_=sent("EventData", {"reason": "done"}, required=False),
    ),
    _operation(
        "get",
        _ONE,
        "getWebhook",
        "One webhook",
        "With its counters.",
        {
            200: _SAVED,
            304: empty("Not changed since."),
        },
        404,
        parameters=(
            _ID,
            SELECT,
            TIME_ZONE,
            parameter(
                "If-Modified-Since",
                text(),
                "An HTTP date: a 304 if it was not changed since.",
                place="header",
                example="Sat, 31 Jan 2026 12:00:00 GMT",
            ),
        ),
    ),
    _operation(
        "put",
        _ONE,
        "replaceWebhook",
        "Replace a webhook",
        "A member that the body leaves out gets its default." + _TESTING,
        {200: _SAVED},
        404,
        412,
        *SAVING,
        parameters=(_ID, SELECT, TIME_ZONE, _UNCHANGED, HOPS),
        body_=sent("WebhookToSave", NEW_WEBHOOK),
    ),
    _operation(
        "patch",
        _ONE,
        "patchWebhook",
        "Change a webhook",
        "By a JSON Patch (add, replace, remove, test; a `test` that finds another value is a 409), or by an object to"
        " merge." + _TESTING,
        {200: _SAVED},
        404,
        412,
        *SAVING,
        parameters=(_ID, SELECT, TIME_ZONE, _UNCHANGED, HOPS),
        body_=sent("WebhookPatch", {"State": "Stopped"}),
    ),
    _operation(
        "delete",
        _ONE,
        "deleteWebhook",
        "Remove a webhook",
        "Its deliveries, with their log, and its counters go too, in the background.",
        {204: gone("It is gone.")},
        404,
        409,
        412,
        parameters=(_ID, _UNCHANGED),
    ),
    _operation(
        "get",
        f"{_ONE}/LastError",
        "getLastError",
        "How a webhook last failed",
        "In the hub's own words; empty if it never did.",
        {200: shown("A text.", text(), "HTTP 503 Service Unavailable")},
        404,
        parameters=(_ID,),
    ),
)
