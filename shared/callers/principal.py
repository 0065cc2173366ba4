"""`X-MS-CLIENT-PRINCIPAL`, the caller whom App Service Authentication checked: docs/sources/dynamics.md 6.2. Pure.

The header may be believed only if that feature is on; otherwise anybody can send it.
"""

import base64
import binascii
from collections.abc import Mapping

from pydantic import BaseModel, ValidationError

from shared.callers.authorization import refuse_token
from shared.callers.caller import Caller
from shared.callers.claims import caller_of

HEADER = "x-ms-client-principal"
_MAX_HEADER_CHARACTERS = 64 * 1024
_SCHEMA = "http://schemas.microsoft.com/identity/claims/"
_SHORT = {
    f"{_SCHEMA}objectidentifier": "oid",
    f"{_SCHEMA}tenantid": "tid",
    f"{_SCHEMA}scope": "scp",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier": "sub",
}


class _Claim(BaseModel, defer_build=True):
    typ: str
    val: str


class _Principal(BaseModel, defer_build=True):
    auth_typ: str
    claims: list[_Claim]
    role_typ: str | None = None


def parse_principal(header: str, tenant: str) -> Caller:
    """The caller in this header; raises Unauthenticated if it cannot be read, or names nobody in this tenant."""
    principal = _decode(header)
    claims = _claims(principal)
    is_ours = principal.auth_typ == "aad" and tenant != "" and claims.get("tid") == tenant.lower()
    caller = caller_of(claims) if is_ours else None
    if caller is None:
        raise refuse_token()
    return caller


def _decode(header: str) -> _Principal:
    if len(header) > _MAX_HEADER_CHARACTERS:
        raise refuse_token()
    try:
        padded = header.strip() + "=" * (-len(header.strip()) % 4)
        return _Principal.model_validate_json(base64.b64decode(padded, validate=True))
    except (binascii.Error, ValidationError, ValueError):
        raise refuse_token() from None


def _claims(principal: _Principal) -> Mapping[str, object]:
    """The claims under the names that they have in a token; App Service maps some to longer names."""
    claims: dict[str, object] = {_SHORT.get(claim.typ, claim.typ): claim.val for claim in principal.claims}
    role_types = {"roles", principal.role_typ}
    return {**claims, "roles": [claim.val for claim in principal.claims if claim.typ in role_types]}
