"""API keys: issued to one user each, stored as SHA-256 hashes, shown once.

A key is 32 random bytes, so nobody can guess it from a plain hash, and the hash needs no salt.
"""

import hashlib
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from azure.data.tables import TableEntity

from shared.callers.token_kind import API_KEY_PREFIX
from shared.roles.user import is_arcgis_id, normal_user_id
from shared.storage.query import Query
from shared.storage.tables import Table

API_KEYS_TABLE = "apikeys"
API_KEYS_PARTITION = "apikey"

_KEY_BYTES = 32
# 43 characters of base64url hold 32 bytes.
_FORM = re.compile(rf"{API_KEY_PREFIX}[A-Za-z0-9_-]{{43}}")
_ID_LENGTH = 12


@dataclass(frozen=True)
class IssuedKey:
    """What is kept of a key. `id` is the beginning of its hash: enough to name it, useless to anybody else."""

    id: str
    user: str
    note: str
    issued_at: datetime | None


class ApiKeys:
    """The keys in table `apikeys`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def issue(self, user: str, *, note: str = "") -> tuple[str, IssuedKey]:
        """A new key for this user, and what is kept of it. The key itself is not kept.

        Raises ValueError for an ArcGIS user, whom a key alone cannot identify.
        """
        key = new_key()
        return key, self.register(key, user, note=note)

    def register(self, key: str, user: str, *, note: str = "") -> IssuedKey:
        """Store a key of `new_key` that its user already has, such as one that outlives a wiped storage.

        Raises ValueError as `issue` does.
        """
        normal = normal_user_id(user)
        if is_arcgis_id(normal):
            raise ValueError("an ArcGIS user has a token of their own; an API key is for a UPN or an Entra object id")
        issued = IssuedKey(_hash(key)[:_ID_LENGTH], normal, note, None)
        self._table.put({"PartitionKey": API_KEYS_PARTITION, "RowKey": _hash(key), "User": issued.user, "Note": note})
        return issued

    def user_of(self, key: str) -> str | None:
        """The user whose key this is, None for an unknown or revoked key; raises StorageDown.

        A text without the form of a key costs nothing: strangers may ask, too (Health requires no function key).
        """
        row = self._table.get(API_KEYS_PARTITION, _hash(key)) if _FORM.fullmatch(key) else None
        return None if row is None else str(row["User"])

    def list(self) -> Iterator[IssuedKey]:
        """All keys, in no particular order."""
        return map(_issued_key, self._rows())

    def revoke(self, id_: str) -> bool:
        """Delete the key with this id; False if there is none."""
        hashes = [row["RowKey"] for row in self._rows() if _issued_key(row).id == id_.strip().lower()]
        for hash_ in hashes:
            self._table.delete(API_KEYS_PARTITION, hash_)
        return bool(hashes)

    def _rows(self) -> Iterator[TableEntity]:
        return self._table.query(Query().where("PartitionKey eq", API_KEYS_PARTITION))


def new_key() -> str:
    """A new API key, which nobody can guess."""
    return API_KEY_PREFIX + secrets.token_urlsafe(_KEY_BYTES)


def _issued_key(row: TableEntity) -> IssuedKey:
    return IssuedKey(row["RowKey"][:_ID_LENGTH], row["User"], row.get("Note", ""), row.metadata.get("timestamp"))


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
