"""`GET /api/console/session`: who calls, what they may do, and the function key for the page.

The key opens the functions that the page calls, and no function that receives (docs/security.md). Nobody without a role
gets it.
"""

from collections.abc import Mapping

import azure.functions as func

from shared.callers.principal import HEADER
from shared.errors import Forbidden, Unauthenticated
from shared.http import json_response
from shared.hub.hub import Hub
from shared.settings import Settings
from shared.version import __version__

SIGN_IN_PATH = "/.auth/login/aad?post_login_redirect_uri=/api/console"
"""Where App Service Authentication signs a browser in."""


def show_session(hub: Hub, headers: Mapping[str, str]) -> dict[str, object]:
    """`{"user", "roles", "signIn", "functionKey", "version", "features"}`.

    Raises Unauthenticated, and Forbidden for somebody without any role; both say where a browser can sign in.
    """
    settings = hub.settings
    try:
        caller = hub.callers.identify(headers)
        roles = hub.callers.roles_of(caller)
    except (Unauthenticated, Forbidden) as refusal:
        refusal.extensions["easyAuth"] = SIGN_IN_PATH if settings.app_service_auth else None
        if isinstance(refusal, Unauthenticated):
            # Of whatever browser: an old one does not say that it is one.
            refusal.challenge = refusal.bearer_challenge
        raise
    key = settings.console_key
    return {
        "user": caller.user.id,
        "roles": list(roles),
        "signIn": _sign_in(headers),
        "functionKey": key.get_secret_value() if key else None,
        "version": __version__,
        "features": features(settings),
    }


def serve_session(hub: Hub, req: func.HttpRequest) -> func.HttpResponse:
    """The same as the answer to a request."""
    return json_response(show_session(hub, req.headers))


def features(settings: Settings) -> dict[str, bool]:
    """Which neighbours the hub was set up for: the page shows no screen for others."""
    return {"dynamics": bool(settings.dataverse_url), "arcgis": bool(settings.arcgis_org_ids)}


def _sign_in(headers: Mapping[str, str]) -> str:
    """How the caller, who is known, proved who they are."""
    if headers.get("authorization"):
        return "key"
    return "platform" if headers.get(HEADER) else "key"
