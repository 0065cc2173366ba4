"""The keys with which a tenant of Entra signs its tokens: docs/sources/dynamics.md 6.1."""

import math
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import requests

from shared.deadline import deadline, remaining_seconds
from shared.errors import IdentityDown, Unavailable
from shared.web_api import WebApi

if TYPE_CHECKING:
    from jwt import PyJWK

LIFESPAN_SECONDS = 3600
COOLDOWN_SECONDS = 30
PAUSE_SECONDS = 5
_READ_SECONDS = 5
_WAIT_SECONDS = 10


class SigningKeys:
    """The keys at `path`, read again when they are old or lack one, but not more often than the cooldown.

    After a failed reading there is a pause; otherwise every request would wait for the time-out in an outage, one after
    the other. `clock` gives seconds, as time.monotonic does.
    """

    def __init__(self, entra: WebApi, path: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._entra = entra
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, PyJWK] = {}
        self._read_at = -math.inf
        self._paused_until = -math.inf

    def find(self, kid: object) -> "PyJWK | None":
        """The key with this id, None if the tenant has no such key; raises Unavailable if the keys cannot be read."""
        if not isinstance(kid, str):
            return None
        if self._should_read(kid):
            self._read_for(kid)
        return self._known.get(kid)

    def _should_read(self, kid: str) -> bool:
        age = self._clock() - self._read_at
        return age > LIFESPAN_SECONDS or (kid not in self._known and age > COOLDOWN_SECONDS)

    def _read_for(self, kid: str) -> None:
        if not self._lock.acquire(timeout=max(0, remaining_seconds(at_most=_WAIT_SECONDS))):
            raise IdentityDown("the signing keys of Entra were not read within the time of this request")
        try:
            # The thread that had the lock before may have read them.
            if self._should_read(kid):
                self._read()
        finally:
            self._lock.release()

    def _read(self) -> None:
        if self._clock() < self._paused_until:
            raise IdentityDown("Entra could not be reached a moment ago")
        try:
            with deadline(_READ_SECONDS):
                self._known = self._fetch()
        except Unavailable:
            self._paused_until = self._clock() + PAUSE_SECONDS
            raise
        self._read_at = self._clock()

    def _fetch(self) -> dict[str, "PyJWK"]:
        from jwt import PyJWKSet, PyJWTError

        answer = self._entra.get(self._path)
        if answer.status != requests.codes.ok:
            raise IdentityDown(f"Entra answered {answer.status} instead of a set of signing keys")
        try:
            keys = PyJWKSet.from_dict(dict(answer.content)).keys
        except (PyJWTError, ValueError, AttributeError, TypeError):
            # In places the library trusts the shape of the set, hence the last two.
            raise IdentityDown("Entra answered with something that is not a set of signing keys") from None
        known = {key.key_id: key for key in keys if isinstance(key.key_id, str) and _is_for_signatures(key)}
        if not known:
            raise IdentityDown("Entra answered with a set without signing keys")
        return known


def _is_for_signatures(key: "PyJWK") -> bool:
    # With a key of another type, the library would use another algorithm than the header's.
    return key.key_type == "RSA" and key.public_key_use in {"sig", None}
