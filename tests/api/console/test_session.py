"""Who calls, as the console asks it; and who gets the key that it calls the hub with."""

import base64
import json
from collections.abc import Mapping

import azure.functions as func
import pytest

from shared.api.console.session import SIGN_IN_PATH, show_session
from shared.errors import Forbidden, Unauthenticated
from shared.hub.hub import Hub
from shared.roles.table import ROLES_TABLE, TableRoles
from shared.settings import Settings
from shared.version import __version__

TENANT = "6babcaad-604b-40ac-a9d7-9fd97c0b779f"
OID = "5f0b4c8e-2d6a-4c5e-9a53-7b1c0e4d9a21"
USER = "ann@hub.example"
BOTH = ("Relationship Manager", "Webhook Administrator")


def hub_with(connection_string: str, **settings: str) -> Hub:
    return Hub.assemble(
        Settings.read({"AzureWebJobsStorage": connection_string, "ROLE_CACHE_SECONDS": "0", **settings})
    )


def grant(hub: Hub, user: str, *roles: str) -> None:
    for role in roles:
        TableRoles(hub.storage.table(ROLES_TABLE)).grant(user, role)


def headers(**given: str) -> Mapping[str, str]:
    """As the platform hands them over: their names ignore case."""
    named = {name.replace("_", "-"): text for name, text in given.items()}
    request = func.HttpRequest("GET", "http://localhost/api/console/session", headers=named, body=b"")
    known: Mapping[str, str] = request.headers
    return known


def principal(**claims: str) -> str:
    known = {"tid": TENANT, "oid": OID, "scp": "user_impersonation", **claims}
    content = {"auth_typ": "aad", "claims": [{"typ": name, "val": text} for name, text in known.items()]}
    return base64.b64encode(json.dumps(content).encode()).decode()


def bearer(hub: Hub, *roles: str) -> Mapping[str, str]:
    grant(hub, USER, *roles)
    return headers(Authorization=f"Bearer {hub.api_keys.issue(USER)[0]}")


def test_somebody_with_both_roles_gets_all_that_the_page_needs(connection_string: str) -> None:
    hub = hub_with(
        connection_string, CONSOLE_KEY="the-key", DATAVERSE_URL="https://x.crm.example", ARCGIS_ORG_IDS="org"
    )
    assert show_session(hub, bearer(hub, *BOTH)) == {
        "user": USER,
        "roles": ["manager", "administrator"],
        "signIn": "key",
        "functionKey": "the-key",
        "version": __version__,
        "features": {"dynamics": True, "arcgis": True},
    }


@pytest.mark.parametrize(("role", "name"), [(BOTH[0], "manager"), (BOTH[1], "administrator")])
def test_one_role_is_enough_for_the_key(connection_string: str, role: str, name: str) -> None:
    hub = hub_with(connection_string, CONSOLE_KEY="the-key")
    session = show_session(hub, bearer(hub, role))
    assert (session["roles"], session["functionKey"]) == ([name], "the-key")
    assert session["features"] == {"dynamics": False, "arcgis": False}


def test_without_the_setting_there_is_no_key(connection_string: str) -> None:
    hub = hub_with(connection_string)
    assert show_session(hub, bearer(hub, *BOTH))["functionKey"] is None


def test_somebody_without_a_role_gets_nothing(connection_string: str) -> None:
    hub = hub_with(connection_string, CONSOLE_KEY="the-key")
    with pytest.raises(Forbidden, match="neither the role Relationship Manager nor Webhook Administrator") as refusal:
        show_session(hub, bearer(hub))
    assert "the-key" not in str(refusal.value)


@pytest.mark.parametrize("given", [{}, {"Authorization": "Bearer hub_unknown"}, {"X_MS_CLIENT_PRINCIPAL": principal()}])
def test_a_stranger_is_told_that_there_is_no_sign_in_and_sees_no_password_box(
    connection_string: str, given: dict[str, str]
) -> None:
    with pytest.raises(Unauthenticated) as refusal:
        show_session(hub_with(connection_string, CONSOLE_KEY="the-key"), headers(**given))
    assert refusal.value.extensions == {"easyAuth": None}
    assert refusal.value.challenge == 'Bearer realm="hub"'


def with_sign_in(connection_string: str) -> Hub:
    return hub_with(connection_string, WEBSITE_AUTH_ENABLED="true", ENTRA_TENANT_ID=TENANT, CONSOLE_KEY="the-key")


def test_a_stranger_is_told_where_to_sign_in(connection_string: str) -> None:
    with pytest.raises(Unauthenticated) as refusal:
        show_session(with_sign_in(connection_string), headers())
    assert refusal.value.extensions == {"easyAuth": SIGN_IN_PATH}


def test_a_token_that_is_refused_is_challenged_without_basic_too(connection_string: str) -> None:
    with pytest.raises(Unauthenticated) as refusal:
        show_session(with_sign_in(connection_string), headers(X_MS_CLIENT_PRINCIPAL=principal(tid="other")))
    assert refusal.value.challenge == 'Bearer realm="hub", error="invalid_token"'


def test_whom_the_platform_signed_in_is_known(connection_string: str) -> None:
    hub = with_sign_in(connection_string)
    grant(hub, OID, BOTH[0])
    session = show_session(hub, headers(X_MS_CLIENT_PRINCIPAL=principal(), Sec_Fetch_Site="same-origin"))
    assert (session["user"], session["signIn"], session["functionKey"]) == (OID, "platform", "the-key")


def test_a_page_of_another_site_gets_no_key_by_a_sign_in_that_the_browser_brings_along(connection_string: str) -> None:
    hub = with_sign_in(connection_string)
    grant(hub, OID, *BOTH)
    with pytest.raises(Forbidden, match="another site"):
        show_session(hub, headers(X_MS_CLIENT_PRINCIPAL=principal(), Sec_Fetch_Site="Cross-Site"))
