"""The kinds of rows that an export holds: where they stand, what they must be, and what in them is sealed.

The functions here touch nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.arcgis.consent import RUN_AS_TABLE
from shared.arcgis.webhook_connection import CONNECTIONS_TABLE, Workflow, is_connection_id, parse_connection_row
from shared.callers.api_keys import API_KEYS_PARTITION, API_KEYS_TABLE
from shared.dynamics.senders import ORGANIZATIONS_PARTITION, ORGANIZATIONS_TABLE
from shared.errors import BadRequest
from shared.roles.table import ROLES_TABLE
from shared.storage.keys import KEY_COLUMNS, key_text, row_key
from shared.storage.query import Query
from shared.storage.tables import Row
from shared.validation import UUID_PATTERN
from shared.webhooks.counts import AFTER_IDS
from shared.webhooks.registration import Registration
from shared.webhooks.registry import COUNTER_KEYS, LAST_ID_COLUMN
from shared.webhooks.rotation import old_secrets_at
from shared.webhooks.rows import PARTITION, SIGNALS_COLUMN, WEBHOOKS_TABLE, parse_registration

_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_GUID = re.compile(UUID_PATTERN)
_MOST_COLUMNS = 252
_MOST_TEXT_BYTES = 64 * 1024
_MOST_ROW_BYTES = 1024 * 1024
_MOST_KEY_CHARACTERS = 512
_INT32 = range(-(2**31), 2**31)
_IDS = range(1, 2**31)


class NotOfItsKind(Exception):
    """A row is not one that the hub writes; the text says why, and repeats nothing of it."""


@dataclass(frozen=True)
class Kind:
    """One kind of rows. `name` stands in the file; `wanted` finds the rows in their table.

    `require` raises anything for a row that the hub could not read. `label` names a row for people, without a secret.
    `sealed` gives what is sealed in it, each with its name, as far as it is needed from now on.
    """

    name: str
    table: str
    wanted: Query
    require: Callable[[Row], object]
    label: Callable[[Row], str]
    sealed: Callable[[Row, datetime], Iterator[tuple[str, str]]] = lambda row, now: iter(())


def checked_row(kind: Kind, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as it can be stored; raises NotOfItsKind."""
    _require_storable(row)
    try:
        kind.require(row)
    except (BadRequest, LookupError, TypeError, ValueError, AttributeError, RecursionError):
        # Their texts may repeat what is in the row.
        raise NotOfItsKind("it is not what the hub writes there") from None
    return {name: value for name, value in row.items() if name != SIGNALS_COLUMN or kind is not WEBHOOKS}


def registration_in(row: Row) -> Registration:
    """The registration in a row of the kind WEBHOOKS; raises anything for a row that has none."""
    registration = parse_registration(row, "")
    _require(row["PartitionKey"] == PARTITION and row["RowKey"] == row_key(registration.id))
    _require(registration.id in _IDS)
    # Read without looking at their types, which a file that somebody wrote by hand need not have.
    authors = (registration.registered_by, registration.updated_by)
    _require_type(str, *(author.id for author in authors), *(old.sealed for old in registration.old_secrets))
    _require_type(str, row["Tested"], row.get("SealedSecret", ""))
    _require_type(bool, *(author.is_application for author in authors))
    _require_type(int, row.get("PerMinute", 0))
    _require(all(old.until.tzinfo is not None for old in registration.old_secrets))
    return registration


def _require_storable(row: Mapping[str, Any]) -> None:
    """Raise NotOfItsKind for what Table Storage would refuse, so that no import ends half-way over it."""
    if len(row) > _MOST_COLUMNS:
        raise NotOfItsKind("it has too many columns")
    size = 0
    for name, value in row.items():
        if not _COLUMN.fullmatch(name) or name == "Timestamp":
            raise NotOfItsKind("a column has a name that cannot be")
        if isinstance(value, str):
            size += (length := len(value.encode("utf-16-le", "surrogatepass")))
            if length > _MOST_TEXT_BYTES:
                raise NotOfItsKind("a text is too long")
        elif not isinstance(value, bool) and (not isinstance(value, int) or value not in _INT32):
            raise NotOfItsKind("a value is neither a text, nor true or false, nor an integer of 32 bits")
    if size > _MOST_ROW_BYTES:
        raise NotOfItsKind("it is too long")
    for name in KEY_COLUMNS:
        key = row.get(name)
        if not isinstance(key, str) or len(key) > _MOST_KEY_CHARACTERS:
            raise NotOfItsKind("it has no keys")


def _require(is_so: bool) -> None:
    if not is_so:
        raise ValueError


def _require_type(type_: type, *values: object) -> None:
    # Not isinstance: true and false are integers, too.
    _require(all(type(value) is type_ for value in values))


def _require_texts(row: Row, *names: str) -> None:
    _require_type(str, *(row[name] for name in names))


def _require_grant(row: Row) -> None:
    _require_texts(row, "User", "Role")
    _require_type(str, row.get("Note", ""))
    _require(row["PartitionKey"] == key_text(row["Role"].strip().casefold()) and row["RowKey"] == key_text(row["User"]))


def _require_api_key(row: Row) -> None:
    _require_texts(row, "User")
    _require_type(str, row.get("Note", ""))
    _require(row["PartitionKey"] == API_KEYS_PARTITION and _SHA256.fullmatch(row["RowKey"]) is not None)


def _require_organization(row: Row) -> None:
    _require(row["PartitionKey"] == ORGANIZATIONS_PARTITION and _GUID.fullmatch(row["RowKey"]) is not None)
    datetime.fromisoformat(row["FirstSeenAt"])


def _require_connection(row: Row) -> None:
    parse_connection_row(row, _workflow(row), "")
    _require(is_connection_id(row["RowKey"]))
    _require_texts(row, "Name", "ItemId", "WebhookType", "Secret", "Username", "UpdatedBy", "ServiceSecret")
    _require_type(bool, row["Enabled"], row["WebhookActive"])


def _require_consent(row: Row) -> None:
    _workflow(row)
    _require_texts(row, "Token", "Referer")
    _require(row["RowKey"] == key_text(row["Username"]))
    datetime.fromisoformat(row["Given"])


def _require_counter(row: Row) -> None:
    _require((row["PartitionKey"], row["RowKey"]) == COUNTER_KEYS)
    _require_type(int, row[LAST_ID_COLUMN])


def _workflow(row: Row) -> Workflow:
    workflow = Workflow.of_path(*row["PartitionKey"].split(":"))
    _require(workflow.partition == row["PartitionKey"])
    return workflow


def _sealed_in_connection(row: Row, _: datetime) -> Iterator[tuple[str, str]]:
    yield "secret", row["Secret"]
    if row["ServiceSecret"]:
        yield "secret of the feature service's webhook", row["ServiceSecret"]


def _sealed_in_consent(row: Row, _: datetime) -> Iterator[tuple[str, str]]:
    yield "token", row["Token"]


def _sealed_in_webhook(row: Row, now: datetime) -> Iterator[tuple[str, str]]:
    registration = registration_in(row)
    if registration.sealed_secret is not None:
        yield "Secret", registration.sealed_secret
    if registration.sealed_values is not None:
        yield "secret values of headers and properties", registration.sealed_values
    # One whose time is over signs nothing any more, and is removed with the next save.
    yield from (("replaced Secret", old.sealed) for old in old_secrets_at(now, registration))


ROLES = Kind(
    "roles",
    ROLES_TABLE,
    Query(),
    _require_grant,
    lambda row: f"roles/{row['Role']}/{row['User']}",
)
API_KEYS = Kind(
    "apikeys",
    API_KEYS_TABLE,
    Query().where("PartitionKey eq", API_KEYS_PARTITION),
    _require_api_key,
    lambda row: f"keys/{row['RowKey'][:12]}/{row['User']}",
)
ORGANIZATIONS = Kind(
    "organizations",
    ORGANIZATIONS_TABLE,
    Query().where("PartitionKey eq", ORGANIZATIONS_PARTITION),
    _require_organization,
    lambda row: f"organizations/{row['RowKey']}",
)
CONNECTIONS = Kind(
    "connections",
    CONNECTIONS_TABLE,
    Query(),
    _require_connection,
    lambda row: f"connections/{row['PartitionKey'].replace(':', '/')}/{row['RowKey']}",
    _sealed_in_connection,
)
CONSENTS = Kind(
    "runas",
    RUN_AS_TABLE,
    Query(),
    _require_consent,
    lambda row: f"runas/{row['PartitionKey'].replace(':', '/')}/{row['Username']}",
    _sealed_in_consent,
)
COUNTER = Kind(
    "counter",
    WEBHOOKS_TABLE,
    Query().where("PartitionKey eq", COUNTER_KEYS[0]).where("RowKey eq", COUNTER_KEYS[1]),
    _require_counter,
    lambda row: "the counter of webhook ids",
)
WEBHOOKS = Kind(
    "webhooks",
    WEBHOOKS_TABLE,
    Query().where("PartitionKey eq", PARTITION).where("RowKey lt", AFTER_IDS),
    registration_in,
    lambda row: f"webhooks/{int(row['RowKey'])}",
    _sealed_in_webhook,
)

KINDS = {kind.name: kind for kind in (ROLES, API_KEYS, ORGANIZATIONS, CONNECTIONS, CONSENTS, COUNTER, WEBHOOKS)}
"""In the order in which they are written and read.

A connection comes before the consents of its users, so that no purge misses both; the counter before the webhooks, so
that nobody is given the id of one that is still to come.
"""
