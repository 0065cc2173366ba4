"""Entra: the keys of one tenant, and the tokens that it signs with them (docs/sources/dynamics.md 6.1)."""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.fakes.server import FakeServer, Received, Reply, json_reply

TENANT = "7d1a2c46-5a5b-4f0e-9c3c-2f9e0c7b6a10"
CLIENT = "0a6b3c1d-94a8-4be2-8f37-6d1f5c2e9b44"

type Claims = dict[str, object]


@dataclass(frozen=True)
class SigningKey:
    """A key pair with the id that Entra gave it."""

    kid: str = field(default_factory=lambda: uuid4().hex)
    private: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    @property
    def pem(self) -> bytes:
        """The public key, in PEM."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @property
    def jwk(self) -> dict[str, object]:
        """The public key as Entra publishes it: without `alg`."""
        numbers = self.private.public_key().public_numbers()
        parts = {"n": _base64(_bytes(numbers.n)), "e": _base64(_bytes(numbers.e))}
        return {"kty": "RSA", "use": "sig", "kid": self.kid, "x5t": self.kid, **parts}

    def sign(self, data: bytes) -> bytes:
        """An RS256 signature."""
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())


class FakeEntra(FakeServer):
    """Signs with the last of `keys`, and publishes all of them."""

    def __init__(self) -> None:
        super().__init__()
        self._first = SigningKey()
        self.keys = [self._first]

    def rotate(self) -> None:
        """Sign with a new key from now on; the old ones stay published."""
        self.keys = [*self.keys, SigningKey()]

    def reset(self) -> None:
        """Make it as it was in the beginning, with one key."""
        super().reset()
        self.keys = [self._first]

    def claims(self, oid: str, version: str = "2.0") -> Claims:
        """What a user's token says, in either version."""
        now = int(time.time())
        v2 = version == "2.0"
        return {
            "aud": CLIENT if v2 else f"api://{CLIENT}",
            "iss": f"{self.url}/{TENANT}/v2.0" if v2 else f"https://sts.windows.net/{TENANT}/",
            "iat": now - 5,
            "nbf": now - 5,
            "exp": now + 3600,
            "azp" if v2 else "appid": str(uuid4()),
            "oid": oid,
            "sub": _base64(uuid4().bytes),
            "tid": TENANT,
            "scp": "access_as_user",
            "preferred_username" if v2 else "upn": "somebody@contoso.example",
            "ver": version,
        }

    def mint(self, oid: str, version: str = "2.0", /, **changes: object) -> str:
        """A user's token; `changes` replace claims, and None removes one."""
        return self.sign(_changed(self.claims(oid, version), changes))

    def mint_app(self, oid: str, /, *roles: str, version: str = "2.0", **changes: object) -> str:
        """The token of an application in its own name, to which these app roles are granted."""
        of_an_app: Claims = {"sub": oid, "scp": None, "roles": list(roles) or None, "preferred_username": None}
        return self.sign(_changed(_changed(self.claims(oid, version), of_an_app), changes))

    def sign(self, claims: object, **header: object) -> str:
        """A token with any claims, and with more or other fields in the header; signed by RS256 whatever that says."""
        key = self.keys[-1]
        data = unsigned(claims, {"typ": "JWT", "alg": "RS256", "kid": key.kid, **header})
        return f"{data}.{_base64(key.sign(data.encode()))}"

    def reply(self, request: Received) -> Reply:
        """The keys, or the tenant's configuration."""
        if request.path == f"/{TENANT}/discovery/v2.0/keys":
            return json_reply({"keys": [key.jwk for key in self.keys]})
        if request.path == f"/{TENANT}/v2.0/.well-known/openid-configuration":
            base = f"{self.url}/{TENANT}"
            return json_reply({"issuer": f"{base}/v2.0", "jwks_uri": f"{base}/discovery/v2.0/keys"})
        return json_reply({"error": "invalid_tenant"}, 400)


def unsigned(claims: object, header: Mapping[str, object]) -> str:
    """The first two parts of a token."""
    return ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))


def _changed(claims: Claims, changes: Mapping[str, object]) -> Claims:
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
