"""What receivers are told about an event, as SuperOffice's callback has it (docs/sources/superoffice.md 3). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.events.event import Event
from shared.exact_json import dump_json
from shared.webhooks.associate import associate_of
from shared.webhooks.properties import usable_properties
from shared.webhooks.signals import HUB_SOURCE

CONTEXT_IDENTIFIER = "Default"
_TRIMMING_SOURCE = "dynamics"
_INT32 = range(-(2**31), 2**31)
_MAX_INT32_CHARACTERS = len(str(-(2**31)))


@dataclass(frozen=True)
class CallbackEvent:
    """An event as receivers are told it: the same for all webhooks and all attempts.

    event_id: the same for every attempt and replay.
    event, body_event: the name in the header and in the body. They differ for `webhook12.errors` and the like, which
        are `webhook.errors` in the body.
    timestamp: aware.
    primary_key: 0 for a record whose key is not an integer.
    changes: names of fields, without values.
    changed_by: the number of an associate.
    field_values: the record's ids and fields.
    source: who made the event: `dynamics`, `arcgis`, `signal` or `hub`.
    values: for deletions, what is known of the row that is gone; None for all other events.
    previous_values: the row's fields before the change, if its source tells them.
    parameters: what else was asked for, if it was.
    trimmed: the source left something out for its size.
    reconstructed: its request was lost, and its values are of a later time.
    record_id: the record's key as its source writes it, whether an integer or not.
    hops: how many deliveries led to the event (shared/loops.py).
    """

    event_id: str
    event: str
    body_event: str
    timestamp: datetime
    primary_key: int
    entity: str
    changes: tuple[str, ...]
    changed_by: int
    context_identifier: str
    field_values: Mapping[str, object]
    source: str
    values: Mapping[str, object] | None = None
    is_test: bool = False
    record_id: str = ""
    hops: int = 0
    previous_values: Mapping[str, object] | None = None
    parameters: Mapping[str, object] | None = None
    trimmed: bool = False
    reconstructed: bool = False


def callback_event(event: Event) -> CallbackEvent:
    """The event as its receivers are told it."""
    # In SuperOffice's samples, only the header names the id of a webhook.
    is_ours = event.source == HUB_SOURCE
    return CallbackEvent(
        event_id=event.id,
        event=event.type,
        body_event=f"webhook.{event.type.rpartition('.')[2]}" if is_ours else event.type,
        timestamp=event.received_at,
        primary_key=_int32(event.entity_id),
        entity=event.entity,
        changes=event.changes,
        changed_by=0 if is_ours else associate_of(event.initiator, is_application=False).id,
        context_identifier=CONTEXT_IDENTIFIER,
        field_values=event.field_values,
        source=event.source_kind,
        values=event.values,
        record_id=event.entity_id,
        hops=event.hops,
        previous_values=event.previous_values,
        parameters=event.parameters,
        # Of other sources it says that something is looked up for their events, and not that something is missing.
        trimmed=event.trimmed and event.source_kind == _TRIMMING_SOURCE,
        reconstructed=event.reconstructed,
    )


def callback_content(
    event: CallbackEvent, webhook_name: str, properties: Mapping[str, object] | None = None
) -> dict[str, object]:
    """The content of the callback. Keys stand in the order of the samples, followed by those that are ours.

    `properties` come last, at the top level; one with the name of a built-in key, in whatever case, is left out.
    FieldValues is left out of a test event that has none, as in the sample.
    """
    content: dict[str, object] = {
        "EventId": event.event_id,
        "Timestamp": _timestamp(event.timestamp),
        "Changes": list(event.changes),
    }
    if event.values is not None:
        content["Values"] = dict(event.values)
    content |= {
        "Event": event.body_event,
        "PrimaryKey": event.primary_key,
        "Entity": event.entity,
        "ContextIdentifier": event.context_identifier,
        "ChangedByAssociateId": event.changed_by,
        "WebhookName": webhook_name,
    }
    if event.field_values or not event.is_test:
        content["FieldValues"] = dict(event.field_values)
    return content | own_members(event) | usable_properties(properties)


def as_body(content: Mapping[str, object]) -> bytes:
    """The content as compact JSON in UTF-8: the very bytes to sign and to send."""
    return dump_json(content, is_compact=True).encode()


def own_members(event: CallbackEvent) -> dict[str, object]:
    """What the hub tells beside SuperOffice's members: who made the event, and more of its values if it has them."""
    own: dict[str, object] = {"Source": event.source}
    if event.previous_values is not None:
        own["PreviousValues"] = dict(event.previous_values)
    if event.parameters is not None:
        own["Parameters"] = dict(event.parameters)
    flags = {"Trimmed": event.trimmed, "Reconstructed": event.reconstructed}
    return own | {name: True for name, is_so in flags.items() if is_so}


def _int32(text: str) -> int:
    """The number that a record's key is; 0 if it is not an integer of 32 bits, which is all that SuperOffice knows."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(text) <= _MAX_INT32_CHARACTERS):
        return 0
    return int(text) if int(text) in _INT32 else 0


def _timestamp(moment: datetime) -> str:
    # Seven decimals, as .NET prints them; Python has six.
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "0Z")
