"""Who may call: the security schemes, and the combinations that open an operation (docs/security.md). Pure."""

from itertools import product

from shared.api.contract.parts import Json
from shared.callers.token_kind import API_KEY_PREFIX

_FUNCTION_KEYS = ("functionKeyHeader", "functionKeyQuery")
_CALLERS = ("apiKeyBearer", "apiKeyBasic", "entra", "appServiceSession")
_ARCGIS = ("arcGisHeader", "arcGisBearer", "arcGisQuery")

SCHEMES: dict[str, Json] = {
    "functionKeyHeader": {
        "type": "apiKey",
        "in": "header",
        "name": "x-functions-key",
        "description": "A function key, which the platform checks. Better than in the address, which ends in logs.",
    },
    "functionKeyQuery": {
        "type": "apiKey",
        "in": "query",
        "name": "code",
        "description": "The same key in the address, for clients that can set no header.",
    },
    "apiKeyBearer": {
        "type": "http",
        "scheme": "bearer",
        "description": f"An API key, `{API_KEY_PREFIX}...`, which `python -m admin callers issue` gives to a user.",
    },
    "apiKeyBasic": {
        "type": "http",
        "scheme": "basic",
        "description": "The user's id and their API key, as SuperOffice's clients send user and password.",
    },
    "entra": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token of Microsoft Entra for this app, of a user or of an application.",
    },
    "appServiceSession": {
        "type": "apiKey",
        "in": "cookie",
        "name": "AppServiceAuthSession",
        "description": "A browser that App Service Authentication signed in, where that is switched on.",
    },
    "arcGisHeader": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Esri-Authorization",
        "description": "`Bearer` and an ArcGIS token.",
    },
    "arcGisBearer": {"type": "http", "scheme": "bearer", "description": "An ArcGIS token as Bearer."},
    "arcGisQuery": {
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "An ArcGIS token in the address, which ends in logs.",
    },
}

OPEN: tuple[Json, ...] = ()
"""Anybody."""


def _all_of(*kinds: tuple[str, ...]) -> tuple[Json, ...]:
    return tuple({name: [] for name in names} for names in product(*kinds))


FUNCTION_KEY = _all_of(_FUNCTION_KEYS)
"""Whoever has a function key."""
CALLER = _all_of(_CALLERS)
"""A caller whom the app knows; no key of the platform."""
HUB_CALLER = _all_of(_FUNCTION_KEYS, _CALLERS)
"""A function key, and a caller whom the app knows."""
ARCGIS_CALLER = _all_of(_FUNCTION_KEYS, (*_CALLERS, *_ARCGIS))
"""The same, or a user of ArcGIS."""
ARCGIS_CALLER_IN_HEADERS = _all_of(_FUNCTION_KEYS, (*_CALLERS, *_ARCGIS[:2]))
"""The same, where an ArcGIS token in the address does not count."""
