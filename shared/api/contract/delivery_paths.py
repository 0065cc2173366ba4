"""The log of deliveries and its replays, below the events (docs/delivery.md). Pure."""

from shared.api.contract.event_paths import EVENT_PATH_ID
from shared.api.contract.examples import DELIVERY, DELIVERY_WITH_LOG
from shared.api.contract.listings import (
    DRY_RUN,
    LIMIT,
    MORE,
    NOT_ALWAYS_TOKEN,
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
    boolean,
    integer,
    items,
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
from shared.api.parameters import MAX_WEBHOOK_ID
from shared.delivery.record import DeliveryState
from shared.delivery.waiting import WaitingReason
from shared.outbound.reply import ErrorClass

TAG = "Deliveries"
_PATH = "/v1/events"
_ONE = f"{_PATH}/{{id}}/deliveries/{{webhookId}}"
_WEBHOOK_ID = parameter(
    "webhookId", integer(minimum=0, maximum=MAX_WEBHOOK_ID), "The id of the webhook that it is for.", place="path"
)
_STATES = parameter(
    "state",
    items(one_of(list(DeliveryState)), minItems=1),
    "Only deliveries in one of these states.",
    style="form",
    explode=False,
)
_FILTERS = (
    WEBHOOK,
    _STATES,
    parameter("errorClass", one_of(list(ErrorClass)), "Only those whose last attempt failed with this class."),
    parameter(
        "status",
        text(pattern="^[1-5]([0-9]{2}|[xX]{2})$"),
        "Only those whose last attempt was answered with this status, `503`, or one of a class, `5xx`.",
    ),
    TYPE,
    SINCE,
    UNTIL,
)
_LAST: dict[str, Json] = {
    "at": moment("When it began."),
    "status": nothing_or(integer(minimum=100, maximum=599), "What was answered; null where no answer came."),
    "errorClass": nothing_or(one_of(list(ErrorClass)), "Why it failed; null after a success."),
    "durationMs": integer("How long it took.", minimum=0),
}
_DELIVERY: dict[str, Json] = {
    "eventId": uuid(),
    "webhookId": integer(minimum=0, maximum=MAX_WEBHOOK_ID),
    "event": text("The event's name."),
    "eventAt": moment("When the event came in."),
    "state": one_of(list(DeliveryState)),
    "attempts": integer("How many were made.", minimum=0),
    "nextAttemptAt": nothing_or(moment(), "When the next one is due; null where none is."),
    "replays": integer("How often it was replayed.", minimum=0),
    "waitingReason": nothing_or(one_of(list(WaitingReason)), "Why it waits for its receiver; null where it does not."),
    "waitingUntil": nothing_or(moment(), "Until when; null where it does not wait."),
    "last": nothing_or(ref("LastAttempt"), "The last attempt; null before the first."),
}
_NUMBER = integer(minimum=0)
SCHEMAS: dict[str, Json] = {
    "LastAttempt": members(_LAST, description="How an attempt ended."),
    "Attempt": members(
        {**_LAST, "reply": text("The first 4,000 characters of what was answered, secrets masked.")},
        description="An attempt with what was answered.",
    ),
    "Delivery": members(_DELIVERY, description="What became of an event at a webhook."),
    "DeliveryWithLog": members(
        {**_DELIVERY, "log": items(ref("Attempt"), "The attempts, oldest first.")},
        description="The same with its attempts.",
    ),
    "DeliveryPage": page_of("Delivery", "A page of deliveries."),
    "DeliveryWithLogPage": page_of("DeliveryWithLog", "A page of deliveries with their attempts."),
    "DeliveryCounts": members(
        {**{state.value: _NUMBER for state in DeliveryState}, "more": MORE, "continuationToken": NOT_ALWAYS_TOKEN},
        optional=("continuationToken",),
        description="How many deliveries are in which state, of those that this call looked at.",
    ),
    "ReplayResult": members(
        {
            "replayed": integer("How many were replayed.", minimum=0),
            "count": integer("With `dryRun`: how many would be.", minimum=0),
            "more": MORE,
            "continuationToken": NOT_ALWAYS_TOKEN,
        },
        optional=("replayed", "count", "more", "continuationToken"),
    ),
}
_REPLAYING = (
    " The body must be empty, and no delivery may have led to the request (`X-Hub-Hops`): it would bring the same"
    " again."
)
OPERATIONS = (
    Operation(
        "get",
        f"{_PATH}/deliveries",
        "listDeliveries",
        TAG,
        "List deliveries",
        "Deliveries over all webhooks, by webhook, or newest event first with `order=time`. One is listed once its"
        " first"
        " attempt has ended, or once it waits.",
        {200: answer("A page.", ref("DeliveryPage"), example=example_page(DELIVERY)), **PROBLEMS(400, 401, 403, 503)},
        HUB_CALLER,
        (*_FILTERS, parameter("order", text(enum=["webhook", "time"], default="webhook"), "The order."), LIMIT, TOKEN),
    ),
    Operation(
        "get",
        f"{_PATH}/deliveries/counts",
        "countDeliveries",
        TAG,
        "Count deliveries by state",
        "10,000 a call; with `more` the next call goes on, and its numbers are to be added.",
        {
            200: answer(
                "The numbers of this call.",
                ref("DeliveryCounts"),
                example={"pending": 0, "delivered": 12, "failed": 1, "held": 0, "waiting": 0, "more": False},
            ),
            **PROBLEMS(400, 401, 403, 503),
        },
        HUB_CALLER,
        (WEBHOOK, TYPE, SINCE, UNTIL, TOKEN),
    ),
    Operation(
        "get",
        f"{_PATH}/{{id}}/deliveries",
        "listDeliveriesOfEvent",
        TAG,
        "The deliveries of an event",
        "By webhook; with `log=true` each with its attempts.",
        {
            200: answer(
                "A page.",
                {"anyOf": [ref("DeliveryWithLogPage"), ref("DeliveryPage")]},
                example=example_page(DELIVERY),
            ),
            **PROBLEMS(400, 401, 403, 404, 503),
        },
        HUB_CALLER,
        (EVENT_PATH_ID, parameter("log", boolean(default=False), "Whether each has its attempts."), LIMIT, TOKEN),
    ),
    Operation(
        "get",
        _ONE,
        "getDelivery",
        TAG,
        "One delivery with its attempts",
        "What became of an event at a webhook: each attempt's time, duration, status, error class and reply.",
        {
            200: answer("The delivery.", ref("DeliveryWithLog"), example=DELIVERY_WITH_LOG),
            **PROBLEMS(400, 401, 403, 404, 503),
        },
        HUB_CALLER,
        (EVENT_PATH_ID, _WEBHOOK_ID),
    ),
    Operation(
        "post",
        f"{_PATH}/deliveries/replay",
        "replayDeliveries",
        TAG,
        "Replay deliveries",
        "Those that pass the filters: `failed` and `held`, unless `state` names others." + _REPLAYING,
        {
            200: answer("With `dryRun`: how many would be.", ref("ReplayResult"), example={"count": 12, "more": False}),
            202: answer("They will be delivered.", ref("ReplayResult"), example={"replayed": 12, "more": False}),
            **PROBLEMS(400, 401, 403, 411, 413, 503),
        },
        HUB_CALLER,
        (*_FILTERS, DRY_RUN, TOKEN, ref("Hops", "parameters")),
    ),
    Operation(
        "post",
        f"{_ONE}/replay",
        "replayDelivery",
        TAG,
        "Replay one delivery",
        "Whatever its state, unless it waits for its receiver, comes to its first attempt only now, or its event was "
        "forgotten: a 409." + _REPLAYING,
        {
            202: answer("It will be delivered.", ref("ReplayResult"), example={"replayed": 1}),
            **PROBLEMS(400, 401, 403, 404, 409, 411, 413, 503),
        },
        HUB_CALLER,
        (EVENT_PATH_ID, _WEBHOOK_ID, ref("Hops", "parameters")),
    ),
)
