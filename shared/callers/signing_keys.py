"""The keys that a tenant of Entra signs its tokens with: docs/sources/dynamics.md 6.1."""

import math
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import requests

from shared.deadline import deadline, remaining_seconds
from shared.errors import IdentityDown
from shared.web_api import WebApi

if TYPE_CHECKING:
    from jwt import PyJWK

LIFESPAN_SECONDS = 3600
COOLDOWN_SECONDS = 30
PAUSE_SECONDS = 5
_READ_SECONDS = 5
_WAIT_SECONDS = 10


class SigningKeys:
    """The keys at `path`, read again when they are old or one is not among them, but not more often than the cooldown.

    A failed reading pauses further ones: an outage would else cost every request the time-out, one after the other.
    `clock` gives seconds, as time.monotonic does.
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
        """The key with this id, None where the tenant has none; raises IdentityDown where that cannot be told."""
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
            # Whoever had the lock before may have read them.
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
        except IdentityDown:
            self._paused_until = self._clock() + PAUSE_SECONDS
            raise
        self._read_at = self._clock()

    def _fetch(self) -> dict[str, "PyJWK"]:
        from jwt import PyJWKSet, PyJWTError

        answer = self._entra.get(self._path)
        if answer.status != requests.codes.ok:
            raise IdentityDown(f"Entra answered {answer.status}, which is no set of signing keys")
        try:
            keys = PyJWKSet.from_dict(dict(answer.content)).keys
        except (PyJWTError, ValueError, AttributeError, TypeError):
            # The library takes the shape of the set for granted in places, hence the last two.
            raise IdentityDown("Entra answered with something that is no set of signing keys") from None
        known = {key.key_id: key for key in keys if isinstance(key.key_id, str) and _is_for_signatures(key)}
        if not known:
            raise IdentityDown("Entra answered with a set that holds no signing key")
        return known


def _is_for_signatures(key: "PyJWK") -> bool:
    # Of another type, the library would check the signature by another algorithm than the header's.
    return key.key_type == "RSA" and key.public_key_use in {"sig", None}
