import base64

import azure.functions as func
import pytest

from shared.callers.api_keys import API_KEYS_TABLE
from shared.callers.authorization import CHALLENGE
from shared.errors import Forbidden, StorageDown, Unauthenticated
from shared.hub.hub import Hub
from shared.roles.table import ROLES_TABLE, TableRoles
from shared.roles.user import User, UserKind
from shared.storage.query import Query
from tests.support.cases import holds_for
from tests.support.requests import post
from tests.support.transport import Fault, JournalTransport

USER = "manager@hub.example"
OID = "5f0b4c8e-2d6a-4c5e-9a53-7b1c0e4d9a21"


@pytest.fixture
def key(hub: Hub) -> str:
    """The API key of a Relationship Manager."""
    TableRoles(hub.storage.table(ROLES_TABLE)).grant(USER, hub.settings.relationship_manager_role)
    key, _ = hub.api_keys.issue(USER)
    return key


def headers(authorization: str) -> func.HttpRequest:
    return post(b"", Authorization=authorization)


def basic(user: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_bearer_of_a_key_is_its_user(hub: Hub, key: str, scheme: str) -> None:
    caller = hub.callers.identify(headers(f"{scheme} {key}").headers)
    assert (caller.user, caller.is_application) == (User(UserKind.NAME, USER), False)


@pytest.mark.parametrize("user", [USER, USER.upper(), f" {USER} "])
@pytest.mark.parametrize("scheme", ["Basic", "basic"])
def test_basic_with_user_and_key_is_the_user(hub: Hub, key: str, user: str, scheme: str) -> None:
    authorization = basic(user, key).replace("Basic", scheme)
    assert hub.callers.require_manager(headers(authorization).headers).user == User(UserKind.NAME, USER)


@pytest.mark.parametrize("user", ["another@hub.example", "", "manager"])
def test_basic_with_another_user_is_nobody(hub: Hub, key: str, user: str) -> None:
    with pytest.raises(Unauthenticated):
        hub.callers.identify(headers(basic(user, key)).headers)


def test_a_caller_has_each_role_that_is_theirs_and_without_any_they_are_refused(hub: Hub, key: str) -> None:
    manager = hub.callers.identify(headers(f"Bearer {key}").headers)
    assert hub.callers.roles_of(manager) == ("manager",)
    other, _ = hub.api_keys.issue("other@hub.example")
    with pytest.raises(Forbidden, match="has neither the role Relationship Manager nor Webhook Administrator"):
        hub.callers.roles_of(hub.callers.identify(headers(f"Bearer {other}").headers))


def test_a_key_of_an_object_id_is_that_entra_user(hub: Hub) -> None:
    key, _ = hub.api_keys.issue(f"{{{OID.upper()}}}")
    assert hub.callers.identify(headers(f"Bearer {key}").headers).user == User.entra_object(OID)


def test_a_revoked_key_is_nobodys(hub: Hub, key: str) -> None:
    [issued] = hub.api_keys.list()
    hub.api_keys.revoke(issued.id)
    with pytest.raises(Unauthenticated):
        hub.callers.identify(headers(f"Bearer {key}").headers)


@pytest.mark.parametrize("authorization", ["", "Bearer hub_unknown", "Bearer a.b.c", "Digest x", basic(USER, "x")])
def test_who_is_not_known_gets_a_challenge(hub: Hub, key: str, authorization: str) -> None:
    assert key
    with pytest.raises(Unauthenticated) as caught:
        hub.callers.require_manager(headers(authorization).headers)
    assert 'Bearer realm="hub"' in caught.value.challenge
    assert 'Basic realm="hub"' in caught.value.challenge


def test_a_request_without_the_header_is_nobodys_and_asks_nobody(hub: Hub, transport: JournalTransport) -> None:
    with pytest.raises(Unauthenticated) as caught:
        hub.callers.identify(post(b"").headers)
    assert caught.value.challenge == CHALLENGE
    assert transport.calls == []


@holds_for("secret", ["x", "hub_x", "hub_" + "A" * 44, "a.b.c", "..", "a" * 19_000])
@pytest.mark.parametrize("scheme", ["Bearer", "Basic"])
def test_what_has_not_the_form_of_a_key_is_nobodys_and_asks_nobody(
    hub: Hub, transport: JournalTransport, scheme: str, secret: str
) -> None:
    authorization = f"Bearer {secret}" if scheme == "Bearer" else basic(USER, secret[:10_000])
    with pytest.raises(Unauthenticated):
        hub.callers.identify(headers(authorization).headers)
    assert transport.calls == []


@pytest.mark.parametrize("token", ["eyJhbGciOiJub25lIn0.e30.", "a..c", "a+/=.b.c"])
def test_a_malformed_access_token_is_refused_as_a_token(hub: Hub, token: str) -> None:
    # Clients get a new token when the challenge names this error; a refused API key would not make them.
    with pytest.raises(Unauthenticated) as caught:
        hub.callers.identify(headers(f"Bearer {token}").headers)
    assert 'error="invalid_token"' in caught.value.challenge


def test_several_headers_joined_by_a_comma_are_nobody(hub: Hub, key: str) -> None:
    for joined in (f"Bearer {key},Bearer {key}", f"Bearer {key}, Basic x", f"Bearer x,{key}"):
        with pytest.raises(Unauthenticated):
            hub.callers.identify(headers(joined).headers)


def test_a_manager_may_go_on(hub: Hub, key: str) -> None:
    assert hub.callers.require_manager(headers(f"Bearer {key}").headers).user.id == USER


def test_who_is_no_manager_may_not_go_on(hub: Hub) -> None:
    key, _ = hub.api_keys.issue("nobody@hub.example")
    assert hub.callers.identify(headers(f"Bearer {key}").headers).user.id == "nobody@hub.example"
    with pytest.raises(Forbidden, match=r"nobody@hub\.example does not have the role Relationship Manager, "):
        hub.callers.require_manager(headers(f"Bearer {key}").headers)


def test_neither_role_holds_the_other(hub: Hub) -> None:
    roles = TableRoles(hub.storage.table(ROLES_TABLE))
    roles.grant("manager@hub.example", hub.settings.relationship_manager_role)
    roles.grant("administrator@hub.example", hub.settings.administrator_role)
    keys = [hub.api_keys.issue(user)[0] for user in ("manager@hub.example", "administrator@hub.example")]
    manager, administrator = (headers(f"Bearer {key}").headers for key in keys)
    assert hub.callers.require_manager(manager).user.id == "manager@hub.example"
    assert hub.callers.require_administrator(administrator).user.id == "administrator@hub.example"
    with pytest.raises(Forbidden, match="the role Webhook Administrator, "):
        hub.callers.require_administrator(manager)
    with pytest.raises(Forbidden, match="the role Relationship Manager, "):
        hub.callers.require_manager(administrator)


def test_no_refusal_repeats_the_key(hub: Hub, key: str) -> None:
    other, _ = hub.api_keys.issue("nobody@hub.example")
    for authorization in (basic("wrong", key), f"Bearer {key},x", f"Bearer {key}x", f"Bearer {other}"):
        with pytest.raises((Unauthenticated, Forbidden)) as caught:
            hub.callers.require_manager(headers(authorization).headers)
        told = f"{caught.value!r}{caught.value.__cause__!r}"
        assert key not in told
        assert other not in told


@pytest.mark.parametrize("number", [1, 2])
def test_an_outage_is_neither_unknown_nor_not_allowed(
    hub: Hub, key: str, transport: JournalTransport, number: int
) -> None:
    transport.forget()
    transport.fail(number, Fault.BEFORE)
    with pytest.raises(StorageDown):
        hub.callers.require_manager(headers(f"Bearer {key}").headers)


def test_a_key_of_an_earlier_version_for_a_name_like_an_arcgis_users_is_nobodys(hub: Hub) -> None:
    TableRoles(hub.storage.table(ROLES_TABLE)).grant("arcgis:megan", "Relationship Manager")
    key, _ = hub.api_keys.issue(USER)
    table = hub.storage.table(API_KEYS_TABLE)
    [row] = table.query(Query())
    table.put({**row, "User": "arcgis:megan"})
    for authorization in (f"Bearer {key}", basic("arcgis:megan", key)):
        with pytest.raises(Unauthenticated):
            hub.callers.identify(headers(authorization).headers)


@pytest.mark.parametrize("user", ["ArcGIS:megan", " arcgis:megan ", "arcgis:"])
def test_no_key_is_issued_to_an_arcgis_user(hub: Hub, user: str) -> None:
    with pytest.raises(ValueError, match="ArcGIS user"):
        hub.api_keys.issue(user)


@pytest.mark.parametrize("twin", ["\u017fam@hub.example", "\u017fAM@HUB.EXAMPLE"])
def test_basic_with_a_user_who_only_looks_alike_is_nobody(hub: Hub, twin: str) -> None:
    key, _ = hub.api_keys.issue("sam@hub.example")
    with pytest.raises(Unauthenticated):
        hub.callers.identify(headers(basic(twin, key)).headers)
