"""`GET /api/console/session`: who calls, what they may do, and the function key for the page.

The key opens the functions that the page calls, and no function that receives (docs/security.md). Nobody without a role
gets it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import azure.functions as func

from shared.audit.edge import administer
from shared.audit.surfaces import CONSOLE
from shared.callers.principal import HEADER
from shared.errors import Unauthenticated
from shared.http import json_response
from shared.settings import Settings
from shared.version import __version__

if TYPE_CHECKING:
    from shared.hub.hub import Hub

SIGN_IN_PATH = "/.auth/login/aad?post_login_redirect_uri=/api/console"
"""Where App Service Authentication signs a browser in."""


def show_session(hub: "Hub", headers: Mapping[str, str]) -> dict[str, object]:
    """`{"user", "roles", "signIn", "functionKey", "version", "features"}`.

    Raises Unauthenticated, which says where to sign in, and Forbidden for somebody without any role.
    """
    settings = hub.settings
    try:
        caller = hub.callers.identify(headers)
    except Unauthenticated as refusal:
        # Of whatever browser: an old one does not say that it is one.
        refusal.challenge = refusal.bearer_challenge
        refusal.extensions["easyAuth"] = SIGN_IN_PATH if settings.app_service_auth else None
        raise
    roles = hub.callers.roles_of(caller)
    key = settings.console_key
    return {
        "user": caller.user.id,
        "roles": list(roles),
        "signIn": _sign_in(headers),
        "functionKey": key.get_secret_value() if key else None,
        "version": __version__,
        "features": features(settings),
    }


def serve_session(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """The answer to who calls."""
    from shared.hub.hub import process_hub

    return administer(
        req, CONSOLE, lambda request: json_response(show_session(process_hub(), request.headers)), context=context
    )


def features(settings: Settings) -> dict[str, bool]:
    """Which neighbours the hub was set up for: the page shows no screen for others."""
    return {"dynamics": bool(settings.dataverse_url), "arcgis": bool(settings.arcgis_org_ids)}


def _sign_in(headers: Mapping[str, str]) -> str:
    """How the caller, who is known, proved who they are."""
    if headers.get("authorization"):
        return "key"
    return "platform" if headers.get(HEADER) else "key"
