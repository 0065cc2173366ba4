"""The schemas of events, statistics, audit and purge. Pure."""

from shared.api.contract.listings import CONTINUATION, MORE, NEXT_LINK, page_of
from shared.api.contract.parts import (
    Json,
    boolean,
    integer,
    items,
    mapping,
    members,
    moment,
    nothing_or,
    one_of,
    ref,
    text,
    uuid,
)
from shared.audit.entry import MAX_TEXT, Outcome
from shared.events.event import EventState
from shared.outbound.reply import ErrorClass

_ANYTHING = mapping(True)
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
            "dispatchedAt": nothing_or(
                moment(), "When its dispatch asked for the last of its deliveries; null before, and where nobody knows."
            ),
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
            "lastCallAt": nothing_or(moment(), "When the last attempt began; null where nobody knows."),
            "lastSuccessAt": nothing_or(
                moment(), "When the last attempt that delivered began; null where nobody knows."
            ),
            **_HOURLY,
        },
        description="How attempts ended, an item an hour in each list.",
    ),
    "Statistics": members(
        {
            "hours": items(moment(), "When each hour began, oldest first; the last one is the present hour."),
            "webhooks": items(
                ref("WebhookStatistics"), "Those with an attempt in these hours, by id; with `webhook` that one."
            ),
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
            "changed": items(text(), "The names of what was changed; a switch with its new value, `State: Stopped`."),
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
