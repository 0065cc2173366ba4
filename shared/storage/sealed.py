"""Secrets sealed at rest with Fernet: several keys, so that they can be replaced without losing what is stored."""

from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import SecretStr

from shared.errors import Misconfigured

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


class Sealer:
    """Seals with the first of its keys and opens with any; `keys` is the setting SECRETS_KEY, comma-separated."""

    def __init__(self, keys: SecretStr | None) -> None:
        self._keys = keys

    def seal(self, secret: str) -> str:
        """The secret as it may be stored; raises Misconfigured where there are no keys."""
        return self._fernet.encrypt(secret.encode("utf-8")).decode("ascii")

    def open(self, sealed: str) -> str:
        """The secret again; raises Misconfigured where none of the keys sealed it."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(sealed.encode("ascii")).decode("utf-8")
        except InvalidToken:
            raise Misconfigured("SECRETS_KEY does not hold the key that sealed a stored secret") from None

    @cached_property
    def _fernet(self) -> "MultiFernet":
        from cryptography.fernet import Fernet, MultiFernet

        texts = self._keys.get_secret_value().split(",") if self._keys else []
        try:
            keys = [Fernet(text.strip()) for text in texts if text.strip()]
        except ValueError:
            # Its own text would repeat nothing, but the value is a secret all the same.
            keys = []
        if not keys:
            raise Misconfigured("SECRETS_KEY needs one or more Fernet keys: 32 bytes in url-safe base64 each")
        return MultiFernet(keys)
