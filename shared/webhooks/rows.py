"""A registration and its usage as rows of Table Storage. Pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from itertools import count, takewhile
from typing import Any

from pydantic import TypeAdapter

from shared.events.event import Event
from shared.storage.keys import row_key
from shared.timestamps import stored_time
from shared.webhooks.registration import Author, OldSecret, Registration, Usage
from shared.webhooks.webhook import WebhookInput

WEBHOOKS_TABLE = "webhooks"
USAGE_TABLE = "usage"
PARTITION = "webhook"
USAGE_KEY = "usage"
_DOCUMENT = "Document"
_SEALED_VALUES = "SealedValues"
SIZE_COLUMN = "Bytes"
"""How long document and sealed values are; rows of the first version do not have it."""

SIGNALS_COLUMN = "Signals"
"""Events that are still to be signalled; empty or missing in nearly all rows."""

_SIGNALS = TypeAdapter(tuple[Event, ...])
_PIECE_CHARACTERS = 16_000
"""A property holds 32 Ki UTF-16 code units, and a character takes two at most."""


def registration_row(registration: Registration) -> dict[str, Any]:
    """The row in `webhooks`. Listings filter by the columns NameKey and State."""
    webhook = registration.webhook
    document = webhook.model_dump_json(by_alias=True)
    sealed_values = registration.sealed_values or ""
    row = {
        "PartitionKey": PARTITION,
        "RowKey": row_key(registration.id),
        "NameKey": webhook.name.casefold(),
        "State": webhook.state.value,
        **_pieces(_DOCUMENT, document),
        **_pieces(_SEALED_VALUES, sealed_values),
        SIZE_COLUMN: len(document.encode()) + len(sealed_values),
        "Registered": stored_time(registration.registered),
        "Updated": stored_time(registration.updated),
        "RegisteredBy": json.dumps(asdict(registration.registered_by)),
        "UpdatedBy": json.dumps(asdict(registration.updated_by)),
        "Revision": registration.revision,
        "Tested": registration.tested,
        "SealedSecret": registration.sealed_secret,
        "OldSecrets": json.dumps([[old.sealed, stored_time(old.until)] for old in registration.old_secrets]),
        "PerMinute": registration.per_minute,
        SIGNALS_COLUMN: _SIGNALS.dump_json(registration.signals).decode() if registration.signals else None,
    }
    # A row has no nulls: what is None is left out.
    return {name: value for name, value in row.items() if value is not None}


def parse_registration(row: Mapping[str, Any], etag: str) -> Registration:
    """The registration in a row of `webhooks`."""
    return Registration(
        id=int(row["RowKey"]),
        webhook=WebhookInput.model_validate_json(_joined(_DOCUMENT, row)),
        sealed_secret=row.get("SealedSecret"),
        registered=datetime.fromisoformat(row["Registered"]),
        updated=datetime.fromisoformat(row["Updated"]),
        registered_by=Author(**json.loads(row["RegisteredBy"])),
        updated_by=Author(**json.loads(row["UpdatedBy"])),
        revision=int(row["Revision"]),
        tested=row["Tested"],
        etag=etag,
        old_secrets=tuple(
            OldSecret(sealed, datetime.fromisoformat(until))
            for sealed, until in json.loads(row.get("OldSecrets", "[]"))
        ),
        per_minute=row.get("PerMinute"),
        sealed_values=_joined(_SEALED_VALUES, row) or None,
        signals=_SIGNALS.validate_json(row.get(SIGNALS_COLUMN) or "[]"),
    )


USAGE_COLUMNS = ("TotalCalls", "TotalErrors", "ConsecutiveErrors", "LastError")
"""What a webhook's usage is read from. Whoever reads `usage` names columns: each row also has a week of statistics."""

LAST_CALL_AT = "LastCallAt"
LAST_SUCCESS_AT = "LastSuccessAt"
CALL_TIMES = (LAST_CALL_AT, LAST_SUCCESS_AT)
"""When the last attempt was made, and when the last one that delivered."""


def usage_keys(webhook_id: int) -> tuple[str, str]:
    """Partition and row key in `usage`."""
    return row_key(webhook_id), USAGE_KEY


def parse_usage(row: Mapping[str, Any] | None) -> Usage:
    """The usage in a row of `usage`; a webhook that was never called has no row."""
    if row is None:
        return Usage()
    return Usage(
        total_calls=int(row.get("TotalCalls") or 0),
        total_errors=int(row.get("TotalErrors") or 0),
        consecutive_errors=int(row.get("ConsecutiveErrors") or 0),
        last_error=str(row.get("LastError") or ""),
    )


def _pieces(name: str, text: str) -> dict[str, str]:
    """A text in as many columns as it needs: `Document`, `Document1`, `Document2`."""
    starts = range(0, len(text), _PIECE_CHARACTERS)
    return {_column(name, number): text[start : start + _PIECE_CHARACTERS] for number, start in enumerate(starts)}


def _joined(name: str, row: Mapping[str, Any]) -> str:
    columns = takewhile(lambda column: column in row, (_column(name, number) for number in count()))
    return "".join(row[column] for column in columns)


def _column(name: str, number: int) -> str:
    return f"{name}{number or ''}"
