"""Events over HTTP: lists, one, statistics, types, forgetting, audit, redrive (docs/events.md). Pure."""

from shared.api.contract.examples import AUDIT_ENTRY, EVENT, STATS
from shared.api.contract.listings import (
    DRY_RUN,
    LIMIT,
    SINCE,
    TOKEN,
    TYPE,
    UNTIL,
    WEBHOOK,
    example_page,
)
from shared.api.contract.parts import (
    Json,
    Operation,
    answer,
    body,
    empty,
    integer,
    moment,
    parameter,
    ref,
    text,
    uuid,
)
from shared.api.contract.refusals import PROBLEMS
from shared.api.contract.security import HUB_CALLER
from shared.audit.entry import MAX_TEXT

TAG = "Events"
_PATH = "/v1/events"
_ADMINISTRATOR = " For Webhook Administrators."

EVENT_PATH_ID = parameter("id", uuid(), "The event's id, as each listing and each delivery has it.", place="path")


def _read(
    id_: str,
    path: str,
    summary: str,
    description: str,
    made: Json,
    *statuses: int,
    parameters: tuple[Json, ...] = (),
) -> Operation:
    return Operation(
        "get",
        _PATH + path,
        id_,
        TAG,
        summary,
        description,
        {200: made, **PROBLEMS(*statuses, 401, 403, 503)},
        HUB_CALLER,
        parameters,
    )


OPERATIONS = (
    _read(
        "listEvents",
        "",
        "List, search or follow events",
        "Three ways to read events. Without `q` and `after`: newest first. With `q`: those that contain a text, a"
        " bounded"
        " look at a time. With `after`: in the order in which they became visible, each once, for clients that follow;"
        " only `limit` goes along then. A page may be short, or empty, and have a token all the same: only a null token"
        " means that there is nothing more.",
        answer(
            "A page.",
            {"anyOf": [ref("EventSearchPage"), ref("EventPage"), ref("FollowedEvents")]},
            example=example_page(EVENT),
        ),
        400,
        parameters=(
            parameter("q", text(minLength=1, maxLength=200), "Only events that contain this text, in any case."),
            parameter(
                "after",
                text(maxLength=5000),
                "Follow: empty for the oldest event that is kept, `now`, or the `after` of the answer before.",
                allowEmptyValue=True,
            ),
            TYPE,
            SINCE,
            UNTIL,
            LIMIT,
            TOKEN,
        ),
    ),
    _read(
        "getEvent",
        "/{id}",
        "One event with its payload",
        "The event, whatever its state, with all its values, its trace and its payload as it was received.",
        answer(
            "The event.",
            ref("EventDetails"),
            example={
                **EVENT,
                "dispatchedAt": EVENT["receivedAt"],
                "trace": "0af7651916cd43dd8448eb211c80319c",
                "payload": {"MessageName": "Update"},
            },
        ),
        404,
        parameters=(EVENT_PATH_ID,),
    ),
    Operation(
        "delete",
        f"{_PATH}/{{id}}",
        "forgetEvent",
        TAG,
        "Forget an event's contents",
        "Removes payload, values and what receivers answered; a row without contents stays, so that the same event"
        " is not"
        " taken in again. A second time it is a 204 too. It cannot be undone." + _ADMINISTRATOR,
        {204: empty("Forgotten."), **PROBLEMS(400, 401, 403, 404, 503)},
        HUB_CALLER,
        (EVENT_PATH_ID,),
    ),
    _read(
        "getEventTypes",
        "/types",
        "The names of events",
        "What a webhook may subscribe to: events that the hub makes, those seen lately, and those subscribed to.",
        answer(
            "The names, each with its source and a sample.",
            ref("EventTypes"),
            example={"value": [{"name": EVENT["type"], "source": "dynamics", "sample": EVENT}], "more": False},
        ),
        400,
    ),
    _read(
        "getStatistics",
        "/stats",
        "How deliveries ended, hour by hour",
        "Attempts by hour and webhook: how they ended, how long they took. `total` is that of the webhooks of this"
        " answer.",
        answer("The numbers.", ref("Statistics"), example=STATS),
        400,
        parameters=(
            parameter("hours", integer(enum=[24, 168], default=24), "A day, or a week."),
            WEBHOOK,
            TOKEN,
        ),
    ),
    _read(
        "listAudit",
        "/audit",
        "Who did what",
        "Changes and refused callers, newest first." + _ADMINISTRATOR,
        answer("A page.", ref("AuditPage"), example=example_page(AUDIT_ENTRY)),
        400,
        parameters=(
            parameter("who", text(minLength=1, maxLength=MAX_TEXT), "Only what this user did."),
            parameter("target", text(minLength=1, maxLength=MAX_TEXT), "Only what was done to this, `webhooks/12`."),
            parameter("since", moment(), "What was done at this time or later."),
            parameter("until", moment(), "What was done before this time."),
            LIMIT,
            TOKEN,
        ),
    ),
    Operation(
        "post",
        f"{_PATH}/purge",
        "purgeEvents",
        TAG,
        "Forget all events about a row, or by a user",
        "As forgetting one, for many, poison queues included; about 15 s a call. While `more` is true, call again"
        " with the"
        " token and the same body." + _ADMINISTRATOR,
        {
            200: answer(
                "What was forgotten, or counted.",
                ref("PurgeResult"),
                example={"purged": 12, "more": False, "continuationToken": None},
            ),
            **PROBLEMS(400, 401, 403, 411, 413, 415, 503),
        },
        HUB_CALLER,
        (DRY_RUN, TOKEN),
        body(ref("PurgeFilter"), example={"entity": "contact", "entityId": "37c7c867-d571-e911-a956-000d3a1bc3f6"}),
    ),
    Operation(
        "post",
        f"{_PATH}/redrive",
        "redrive",
        TAG,
        "Put back what lies in poison queues",
        "As `python -m admin events redrive`. The body must be empty, and no delivery may have led to the request"
        " (`X-Hub-Hops`)." + _ADMINISTRATOR,
        {
            200: answer(
                "With `dryRun`: what would be put back.",
                ref("RedriveResult"),
                example={"queues": [{"queue": "events", "putBack": 0, "left": 2}], "more": False},
            ),
            202: answer(
                "What was put back.",
                ref("RedriveResult"),
                example={"queues": [{"queue": "events", "putBack": 2, "left": 0}], "more": False},
            ),
            **PROBLEMS(400, 401, 403, 411, 413, 503),
        },
        HUB_CALLER,
        (DRY_RUN, ref("Hops", "parameters")),
    ),
)
