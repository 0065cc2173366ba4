"""The names of the lines that the hub logs, and the fields of each. Pure.

A line is one JSON object, the whole message of a log record: `name`, then the fields that stand here, and beside them
`trace` (32 hexadecimal digits) and `event` (an event's id) where there is one. Queries count by these names, so a name
or a field that changes breaks alerts and workbooks: docs/telemetry.md says what each means.
"""

from collections.abc import Mapping
from types import MappingProxyType

_FIELDS: dict[str, str] = {
    # The way of an event.
    "event.received": "type source outcome",
    "event.dispatched": "type outcome webhooks seconds",
    "event.incomplete": "type detail",
    "changes.missing": "detail",
    "delivery.attempted": "type webhook attempt state class status milliseconds seconds",
    "delivery.dropped": "webhook reason",
    "deliveries.expired": "webhook number",
    # Webhooks.
    "webhook.disabled": "webhook reason",
    "webhook.unsignalled": "webhook detail",
    "webhook.unlisted": "webhook detail",
    "webhook.unwoken": "webhook detail",
    "webhooks.uncounted": "",
    "notice": "subject addresses",
    "notice.omitted": "webhook detail",
    "notice.failed": "detail",
    # Requests and messages.
    "request.refused": "function status error detail",
    "message.repeated": "queue",
    "message.poisoned": "queue error",
    # What the hub asks others.
    "role.answered": "directory outcome milliseconds",
    "dataverse.refused": "status code detail",
    "registration.left": "row detail",
    "organization.refused": "organization detail",
    "organization.new": "organization detail",
    "organization.unnoted": "organization detail",
    "connection.failed": "connection error detail",
    # What is kept, and who did what.
    "retention": (
        "days rows undelivered neverDispatched forgotten announced wakeUps putBack finished stopped failed seconds"
    ),
    "retention.refused": "detail",
    "audit": "at who action target outcome status changed row",
    "audit.unwritten": "error",
    # The process.
    "setting.unresolved": "setting",
    "telemetry.unexported": "exporter error",
    "telemetry.aimless": "",
}

LINES: Mapping[str, frozenset[str]] = MappingProxyType(
    {name: frozenset(fields.split()) for name, fields in _FIELDS.items()}
)
"""Each line's name, and its fields besides `name`, `trace` and `event`."""
