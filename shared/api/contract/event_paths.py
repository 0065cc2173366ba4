"""Events over HTTP: lists, one, statistics, types, forgetting, audit, redrive (docs/events.md). Pure."""

from shared.api.contract.examples import AUDIT_ENTRY, EVENT, STATS
from shared.api.contract.listings import (
    CONTINUATION,
    DRY_RUN,
    LIMIT,
    MORE,
    NEXT_LINK,
    SINCE,
    TOKEN,
    TYPE,
    UNTIL,
    WEBHOOK,
    example_page,
    page_of,
)
from shared.api.contract.parts import (
    Json,
    Operation,
    answer,
    body,
    boolean,
    integer,
    items,
    mapping,
    members,
    moment,
    nothing_or,
    one_of,
    parameter,
    ref,
    text,
    uuid,
)
from shared.api.contract.refusals import PROBLEMS
from shared.api.contract.security import HUB_CALLER
from shared.audit.entry import MAX_TEXT, Outcome
from shared.events.event import EventState
from shared.outbound.reply import ErrorClass

TAG = "Events"
_PATH = "/v1/events"
_ADMINISTRATOR = " For Webhook Administrators."
_ANYTHING = mapping(True)

EVENT_PATH_ID = parameter("id", uuid(), "The event's id, as each listing and each delivery has it.", place="path")
_COUNT = integer(minimum=0)
_PERCENTILES = members(
    {
        "p50": items(nothing_or(integer(minimum=0)), "Half of them took no longer, in ms."),
        "p95": items(nothing_or(integer(minimum=0)), "19 of 20 took no longer, in ms."),
    },
    description="From histograms, so they are about right; null where there is nothing.",
)
_HOURLY: dict[str, Json] = {
    "delivered": items(_COUNT, "Attempts that were answered 2xx."),
    "failed": items(_COUNT, "Attempts that failed, answers that ask for a pause included."),
    "latency": _PERCENTILES,
    "duration": _PERCENTILES,
    "classes": items(
        {"type": "object", "additionalProperties": _COUNT, "propertyNames": one_of(list(ErrorClass))},
        "Failures by error class.",
    ),
}
_EVENT_MEMBERS: dict[str, Json] = {
    "id": uuid("The same in every delivery, attempt and replay."),
    "type": text("The event's name, `opportunity.updated`."),
    "source": text("Where it came from: `dynamics/<organization id>`, `arcgis/<organization id>`, `signal`, `hub`."),
    "entity": text("The table, or the kind of thing, that it is about."),
    "entityId": text("The id of the row; empty where there is none."),
    "initiator": text("Who caused it."),
    "receivedAt": moment("When it came in."),
    "fieldValues": mapping(True, "Ids and fields that receivers get."),
    "changes": items(text(), "The names of the fields that changed."),
    "values": nothing_or(_ANYTHING, "What is known of a row that was deleted; null for all other events."),
    "previousValues": nothing_or(_ANYTHING, "The fields before the change, if the source tells them."),
    "parameters": nothing_or(_ANYTHING, "What else was asked for, if anything was."),
    "trimmed": boolean("The source left something out, which is or was to be read back."),
    "reconstructed": boolean("The request was lost and replayed; the values are of a later time."),
    "truncated": boolean("In a listing: some values are left out here for their size; the event has them."),
    "forgotten": boolean("The contents were removed."),
    "state": one_of(list(EventState), "What became of it."),
}
SCHEMAS: dict[str, Json] = {
    "Event": members(_EVENT_MEMBERS, description="An event as listings show it."),
    "EventDetails": members(
        {
            **_EVENT_MEMBERS,
            "trace": nothing_or(text(pattern="^[0-9a-f]{32}$"), "The trace that began with its request."),
            "payload": {"description": "The request as it was received, every digit included; null if forgotten."},
        },
        description="An event with its payload.",
    ),
    "EventPage": page_of("Event", "A page of events, newest first."),
    "EventSearchPage": members(
        {
            "value": items(ref("Event")),
            "continuationToken": CONTINUATION,
            "nextLink": NEXT_LINK,
            "scannedUntil": nothing_or(moment(), "All events that came in after this were looked at."),
        },
        description="A page of events that contain the text.",
    ),
    "FollowedEvents": members(
        {"value": items(ref("Event"), "Oldest first; it may be empty."), "after": text("What to go on with.")},
        description="Events in the order in which they became visible.",
    ),
    "EventTypes": members(
        {
            "value": items(
                members(
                    {
                        "name": text(
                            "What a webhook subscribes to; in the hub's own, `{id}` stands for a webhook's id."
                        ),
                        "source": nothing_or(
                            one_of(["dynamics", "arcgis", "signal", "hub"]), "Null where none was seen."
                        ),
                        "sample": nothing_or(ref("Event"), "The newest of this name; null where there is none."),
                    }
                ),
                "By name.",
                maxItems=1000,
            ),
            "more": boolean("Whether there are others."),
        },
        description="Names of events.",
    ),
    "WebhookStatistics": members(
        {
            "id": integer("The webhook's id."),
            "failingSince": nothing_or(moment(), "When its present failures began; null while it answers well."),
            **_HOURLY,
        },
        description="How attempts ended, an item an hour in each list.",
    ),
    "Statistics": members(
        {
            "hours": items(moment(), "When each hour began, oldest first; the last one is the present hour."),
            "webhooks": items(ref("WebhookStatistics"), "Those with an attempt in these hours, by id."),
            "total": members(_HOURLY, description="The same for all webhooks of this answer."),
            "continuationToken": CONTINUATION,
        },
        description="How deliveries ended and how long they took.",
    ),
    "AuditEntry": members(
        {
            "at": moment(),
            "who": nothing_or(text(), "The caller's id, `hub`, `command line (...)`; null for an unknown caller."),
            "action": text("What was done, `webhook.update`."),
            "target": text("To what, `webhooks/12`.", maxLength=MAX_TEXT),
            "outcome": one_of(list(Outcome), "How it ended."),
            "status": nothing_or(integer(), "That of the answer; null where there was none."),
            "changed": items(text(), "The names of what was changed, and never a value."),
        },
        description="Who did what.",
    ),
    "AuditPage": page_of("AuditEntry", "A page of the audit, newest first."),
    "PurgeFilter": {
        "oneOf": [
            {
                **members({"entity": text(minLength=1, maxLength=1000), "entityId": text(minLength=1, maxLength=1000)}),
                "title": "About a row",
                "additionalProperties": False,
            },
            {
                **members({"initiator": text(minLength=1, maxLength=1000)}),
                "title": "By a user",
                "additionalProperties": False,
            },
        ],
        "description": "Which events: all about one row, or all by one user. Whole values, in any case.",
    },
    "PurgeResult": members(
        {
            "purged": integer("How many events were forgotten.", minimum=0),
            "count": integer("With `dryRun`: how many would be.", minimum=0),
            "more": MORE,
            "continuationToken": CONTINUATION,
        },
        optional=("purged", "count"),
    ),
    "RedriveResult": members(
        {
            "queues": items(
                members(
                    {
                        "queue": text("Its name; `wakeups` counts wake-ups that were lost and made again."),
                        "putBack": integer("Messages that were put back.", minimum=0),
                        "left": integer("Messages that are still there.", minimum=0),
                    }
                )
            ),
            "more": boolean("Whether the call ended before all was done: call again."),
        },
    ),
}


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
            example={**EVENT, "trace": "0af7651916cd43dd8448eb211c80319c", "payload": {"MessageName": "Update"}},
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
        {204: {"description": "Forgotten.", "headers": answer("")["headers"]}, **PROBLEMS(400, 401, 403, 404, 503)},
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
