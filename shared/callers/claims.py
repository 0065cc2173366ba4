"""The caller that the claims of a checked Entra token name: docs/sources/dynamics.md 6.1. Pure."""

from collections.abc import Mapping

from shared.callers.caller import Caller
from shared.roles.user import User, is_arcgis_id, normal_user_id


def caller_of(claims: Mapping[str, object]) -> Caller | None:
    """The person or application of these claims; None if they name neither.

    Only `oid` identifies them: people can change their own names and addresses.
    """
    oid = claims.get("oid")
    if not isinstance(oid, str) or not oid.strip() or is_arcgis_id(normal_user_id(oid)):
        return None
    roles = _app_roles(claims) if _is_application(claims) else None
    return Caller(User.entra_object(oid), roles)


def _is_application(claims: Mapping[str, object]) -> bool:
    """Whether the token is app-only: `idtyp` is `app`; without `idtyp`, there is no `scp`, and `sub` equals `oid`."""
    kind = claims.get("idtyp")
    if kind is not None:
        return kind == "app"
    return "scp" not in claims and claims.get("sub") == claims.get("oid")


def _app_roles(claims: Mapping[str, object]) -> frozenset[str]:
    roles = claims.get("roles")
    return frozenset(role for role in roles if isinstance(role, str)) if isinstance(roles, list) else frozenset()
