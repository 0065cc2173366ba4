"""The callback: headers and body as SuperOffice sends them (docs/sources/superoffice.md 3). Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.delivery.custom_headers import usable_headers
from shared.loops import TEST_HEADER, delivery_hops
from shared.webhooks.properties import usable_properties
from shared.webhooks.signing import standard_webhooks_headers, superoffice_signature


@dataclass(frozen=True)
class CallbackEvent:
    """An event as a receiver is told it; the same for all webhooks and all attempts.

    `event` is the name in the header, `body_event` the one in the body: only `webhook12.errors` and its like differ,
    and are `webhook.errors` there. `timestamp` is aware. `changes` are names of fields, without values; `field_values`
    the record's ids and dates; `values`, with deletions only, the ids of the row that is gone. `record_id` is the
    record's key as its source has it, also where that is no integer and `primary_key` is 0. `source` says who made the
    event: `dynamics`, `arcgis`, `signal` or `hub`. `hops` is how many deliveries led to it (shared/loops.py).
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


def callback_body(occurrence: CallbackEvent, webhook_name: str, properties: Mapping[str, object] | None) -> bytes:
    """The body, compact JSON in UTF-8: the very bytes to sign and to send. Keys stand in the order of the samples, and
    `Source`, which is ours, after them.

    `properties` stand at the top level; one that has the name of a built-in key, in whatever case, is left out.
    FieldValues is left out of a test event that has none, as in the sample.
    """
    body: dict[str, object] = {
        "EventId": occurrence.event_id,
        "Timestamp": _timestamp(occurrence.timestamp),
        "Changes": occurrence.changes,
    }
    if occurrence.values is not None:
        body["Values"] = dict(occurrence.values)
    body |= {
        "Event": occurrence.body_event,
        "PrimaryKey": occurrence.primary_key,
        "Entity": occurrence.entity,
        "ContextIdentifier": occurrence.context_identifier,
        "ChangedByAssociateId": occurrence.changed_by,
        "WebhookName": webhook_name,
    }
    if occurrence.field_values or not occurrence.is_test:
        body["FieldValues"] = dict(occurrence.field_values)
    body |= {"Source": occurrence.source, **usable_properties(properties)}
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def callback_headers(
    occurrence: CallbackEvent,
    body: bytes,
    *,
    version: str,
    attempt: int,
    custom: Mapping[str, str] | None,
    secrets: Sequence[str],
    now: datetime,
) -> dict[str, str]:
    """The headers of one attempt; raises InvalidSecret.

    `attempt` counts from 0. `secrets` has the current one first, then those that a rotation still keeps: SuperOffice's
    signature is made with the first, for it can carry only one. `now` is the time of this attempt, and aware.
    """
    headers = usable_headers(custom or {})
    headers |= {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": f"DynamicsWebhookHub/{version}",
        "X-SuperOffice-Event": occurrence.event,
        "X-SuperOffice-EventId": occurrence.event_id,
        **delivery_hops(occurrence.hops),
    }
    if attempt > 0:
        headers["X-SuperOffice-Retry"] = str(attempt)
    if occurrence.is_test:
        headers[TEST_HEADER] = "true"
    if secrets:
        headers["X-SuperOffice-Signature"] = superoffice_signature(secrets[0], body)
        headers |= standard_webhooks_headers(occurrence.event_id, int(now.timestamp()), body, secrets)
    return headers


def _timestamp(moment: datetime) -> str:
    # Seven decimals, as .NET prints them; ours has six.
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "0Z")
