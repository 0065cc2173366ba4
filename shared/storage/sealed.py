"""Seals secrets at rest with Fernet. It knows several keys, so that one can be replaced and nothing is lost."""

import base64
import hashlib
import hmac
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import SecretStr

from shared.errors import Misconfigured

if TYPE_CHECKING:
    from cryptography.fernet import Fernet, MultiFernet

_DOMAIN = b"dynamics-webhook-hub/"


class Sealer:
    """Seals with its first key and opens with any of its keys; `keys` is the setting SECRETS_KEY, comma-separated."""

    def __init__(self, keys: SecretStr | None) -> None:
        self._keys = keys

    @property
    def has_keys(self) -> bool:
        """True if there is a key to seal with."""
        try:
            return bool(self._fernets)
        except Misconfigured:
            return False

    def seal(self, secret: str) -> str:
        """The secret in the form in which it may be stored; raises Misconfigured if there are no keys."""
        return self._fernet.encrypt(secret.encode("utf-8")).decode("ascii")

    def open(self, sealed: str) -> str:
        """The secret in clear; raises Misconfigured if none of the keys sealed it."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(sealed.encode("ascii")).decode("utf-8")
        except InvalidToken:
            raise Misconfigured("SECRETS_KEY does not hold the key that sealed a stored secret") from None

    def is_current(self, sealed: str) -> bool:
        """True if the first key sealed it; raises Misconfigured if there are no keys."""
        from cryptography.fernet import InvalidToken

        try:
            self._fernets[0].decrypt(sealed.encode("ascii"))
        except InvalidToken:
            return False
        return True

    def marks(self, purpose: str, message: bytes) -> tuple[str, ...]:
        """A keyed digest of the message for each key, that of the first key first; () if there are no keys.

        The keys of the digests are derived from the sealing keys and `purpose`: digests for different purposes cannot
        be compared, and without SECRETS_KEY nobody can find the message by trying.
        """
        if not self.has_keys:
            return ()
        derived = (hmac.digest(key, _DOMAIN + purpose.encode(), hashlib.sha256) for key in self._raw_keys)
        return tuple(hmac.new(key, message, hashlib.sha256).hexdigest() for key in derived)

    @cached_property
    def _fernet(self) -> "MultiFernet":
        from cryptography.fernet import MultiFernet

        return MultiFernet(self._fernets)

    @cached_property
    def _fernets(self) -> "list[Fernet]":
        from cryptography.fernet import Fernet

        try:
            keys = [Fernet(text) for text in self._texts]
        except ValueError:
            # The library's text is not repeated, because the value is a secret.
            keys = []
        if not keys:
            raise Misconfigured("SECRETS_KEY needs one or more Fernet keys: 32 bytes in url-safe base64 each")
        return keys

    @property
    def _raw_keys(self) -> list[bytes]:
        return [base64.urlsafe_b64decode(text) for text in self._texts]

    @property
    def _texts(self) -> list[str]:
        texts = self._keys.get_secret_value().split(",") if self._keys else []
        return [text.strip() for text in texts if text.strip()]
