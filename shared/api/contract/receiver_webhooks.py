"""What receivers get: SuperOffice's callback, Standard Webhooks, CloudEvents in both modes (docs/delivery.md). Pure."""

from collections.abc import Sequence

from shared.api.contract.examples import EVENT_ID, RECORD
from shared.api.contract.parts import (
    Json,
    boolean,
    integer,
    items,
    mapping,
    members,
    one_of,
    parameter,
    ref,
    text,
    uuid,
)

TAG = "What receivers get"
_SOURCES = ("dynamics", "arcgis", "signal", "hub")
SCHEMAS: dict[str, Json] = {
    "Callback": members(
        {
            "EventId": uuid("The same in every attempt and replay: recognize duplicates by it."),
            "Timestamp": text("When the event came in, UTC, with seven decimals.", format="date-time"),
            "Changes": items(text(), "The names of the fields that changed."),
            "Values": mapping(True, "Of a deletion: what is known of the row."),
            "Event": text("The event's name; of the hub's own `webhook.errors`, without the id."),
            "PrimaryKey": integer("The record's key; 0 where it is no integer of 32 bits."),
            "Entity": text("The table, or the kind of thing."),
            "ContextIdentifier": text(const="Default"),
            "ChangedByAssociateId": integer("A number that stands for who caused it; 0 for the hub."),
            "WebhookName": text("The name of the webhook that this is for."),
            "FieldValues": mapping(True, "Ids and fields; not in a test event."),
            "Source": one_of(_SOURCES, "Where the event came from. Only the hub writes it."),
            "PreviousValues": mapping(True, "The fields before the change, if the source tells them."),
            "Parameters": mapping(True, "What else was asked for, if anything was."),
            "Trimmed": boolean("There, and true, if Dataverse left something out.", const=True),
            "Reconstructed": boolean("There, and true, if the request was lost and replayed.", const=True),
        },
        optional=("Values", "FieldValues", "PreviousValues", "Parameters", "Trimmed", "Reconstructed"),
        description="An event as receivers get it. The webhook's Properties stand beside these members.",
    ),
    "CloudEvent": members(
        {
            "specversion": text(const="1.0"),
            "id": uuid("The EventId."),
            "source": text("PUBLIC_URL, a slash and the word of Source.", format="uri"),
            "type": text("The event's name."),
            "time": text("When the event came in.", format="date-time"),
            "subject": text("Entity, a slash, and the record's key."),
            "datacontenttype": text(const="application/json"),
            "data": ref("Callback"),
        },
        description="A CloudEvent 1.0 in the structured mode. Properties whose names and values allow it are extension"
        " attributes beside these.",
    ),
}
CALLBACK: Json = {
    "EventId": EVENT_ID,
    "Timestamp": "2026-01-01T00:00:00.1234560Z",
    "Changes": ["name"],
    "Event": "opportunity.updated",
    "PrimaryKey": 0,
    "Entity": "opportunity",
    "ContextIdentifier": "Default",
    "ChangedByAssociateId": 331045249,
    "WebhookName": "My handler",
    "FieldValues": {"opportunityid": RECORD, "name": "Harbour"},
    "Source": "dynamics",
}


def _header(name: str, description: str, schema: Json | None = None, *, required: bool = False) -> Json:
    return parameter(name, schema or text(), description, place="header", required=required)


_COMMON = (
    _header(
        "User-Agent", "The hub and its version, unless the webhook's Headers have their own.", text(), required=True
    ),
    _header("traceparent", "The trace of the event and a span of this attempt (W3C Trace Context)."),
    _header(
        "X-Hub-Hops",
        "Pass it on if a delivery makes you call the hub: a chain ends after five events.",
        integer(minimum=1),
        required=True,
    ),
)
_STANDARD = (
    _header("webhook-id", "Standard Webhooks: the EventId.", uuid()),
    _header("webhook-timestamp", "Standard Webhooks: seconds since 1970, of this attempt.", integer(minimum=0)),
    _header(
        "webhook-signature",
        "Standard Webhooks: `v1,` and an HMAC-SHA256, or `v1a,` and an ed25519 signature; several with blanks between"
        " them while a secret is being replaced.",
    ),
)
_RETRY = _header("X-SuperOffice-Retry", "On retries alone: how many attempts came before.", integer(minimum=1))
_TEST = _header("X-Hook-Test", "On test events alone: answer 2xx, and ignore it.", text(const="true"))
_SUPEROFFICE = (
    _header("X-SuperOffice-Event", "The event's name; not signed, so go by the body.", text(), required=True),
    _header("X-SuperOffice-EventId", "The EventId.", uuid(), required=True),
    _RETRY,
    _TEST,
)
_ORIGIN = _header("WebHook-Request-Origin", "The host that sends.", text(), required=True)
_CE = tuple(
    _header(f"ce-{name}", f"The attribute `{name}`, percent-encoded where it must be.", schema, required=True)
    for name, schema in (
        ("specversion", text(const="1.0")),
        ("id", uuid()),
        ("source", text(format="uri")),
        ("type", text()),
        ("time", text(format="date-time")),
        ("subject", text()),
    )
)


def _required(parameters: Sequence[Json]) -> tuple[Json, ...]:
    return tuple({**one, "required": True} for one in parameters)


_ANSWERS: Json = {
    "2XX": {"description": "Delivered. The body is read for the log only."},
    "410": {"description": "The receiver wants no more events: the webhook is disabled at once."},
    "429": {
        "description": "A pause is asked for: nothing is sent until Retry-After is over, and it counts as no failure.",
        "headers": {"Retry-After": {"description": "Seconds, or a date; a day at most.", "schema": text()}},
    },
    "503": {
        "description": "With Retry-After a pause as with 429, else a failure that is tried again.",
        "headers": {"Retry-After": {"description": "Seconds, or a date; a day at most.", "schema": text()}},
    },
    "default": {"description": "A failure, redirects included: tried again on the schedule."},
}


def _post(
    id_: str, summary: str, description: str, parameters: Sequence[Json], type_: str, schema: Json, example: Json
) -> Json:
    return {
        "post": {
            "operationId": id_,
            "tags": [TAG],
            "summary": summary,
            "description": description,
            "security": [],
            "parameters": list(parameters),
            "requestBody": {"required": True, "content": {type_: {"schema": schema, "example": example}}},
            "responses": _ANSWERS,
        }
    }


_UTF8 = "application/json; charset=utf-8"
_CLOUD_EVENT: Json = {
    "specversion": "1.0",
    "id": EVENT_ID,
    "source": "https://hub.example/dynamics",
    "type": "opportunity.updated",
    "time": "2026-01-01T00:00:00.123456Z",
    "subject": f"opportunity/{RECORD}",
    "datacontenttype": "application/json",
    "data": CALLBACK,
}
WEBHOOKS: dict[str, Json] = {
    "superOfficeCallback": _post(
        "deliverCallback",
        "SuperOffice's callback",
        "Type `webhook`. With a secret it is signed in SuperOffice's way and by Standard Webhooks, over the very"
        " bytes of"
        " the body: verify before parsing. The webhook's own Headers come along.",
        (
            *_COMMON,
            *_SUPEROFFICE,
            _header(
                "X-SuperOffice-Signature",
                "The base64 of an HMAC-SHA256 of the body, whose key is the secret; not with a `whsk_` secret.",
            ),
            *_STANDARD,
        ),
        _UTF8,
        ref("Callback"),
        CALLBACK,
    ),
    "standardWebhook": _post(
        "deliverStandardWebhook",
        "The same, as a receiver of Standard Webhooks sees it",
        "Type `webhook` with a secret: any library of Standard Webhooks verifies it. With a private key (`whsk_`) the"
        " receiver holds the public one alone, and there is no X-SuperOffice-Signature.",
        (*_COMMON, *_SUPEROFFICE, *_required(_STANDARD)),
        _UTF8,
        ref("Callback"),
        CALLBACK,
    ),
    "cloudEventStructured": _post(
        "deliverCloudEvent",
        "A CloudEvent in the structured mode",
        "Type `cloudevents`. Signed by Standard Webhooks where there is a secret.",
        (*_COMMON, _ORIGIN, *_STANDARD),
        "application/cloudevents+json; charset=utf-8",
        ref("CloudEvent"),
        _CLOUD_EVENT,
    ),
    "cloudEventBinary": _post(
        "deliverBinaryCloudEvent",
        "A CloudEvent in the binary mode",
        "Type `cloudevents-binary`: the attributes are headers, extension attributes too. Signed by Standard Webhooks"
        " where there is a secret.",
        (*_COMMON, _ORIGIN, *_CE, *_STANDARD),
        "application/json",
        ref("Callback"),
        CALLBACK,
    ),
    "cloudEventHandshake": {
        "options": {
            "operationId": "askReceiver",
            "tags": [TAG],
            "summary": "Whether a receiver of CloudEvents consents",
            "description": "Asked before a webhook of one of these types is saved. Without consent the save is a 400.",
            "security": [],
            "parameters": [_ORIGIN],
            "responses": {
                "2XX": {
                    "description": "Consent is the header, whatever the status.",
                    "headers": {
                        "WebHook-Allowed-Origin": {
                            "description": "The origin that asked, or `*`.",
                            "required": True,
                            "schema": text(),
                        },
                        "WebHook-Allowed-Rate": {"description": "Requests a minute, or `*`.", "schema": text()},
                    },
                }
            },
        }
    },
}
