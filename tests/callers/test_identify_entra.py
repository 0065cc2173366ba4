"""Callers of the tenant: access tokens, the header of App Service, and which of several ways counts."""

import base64
import json
import logging
from uuid import uuid4

import pytest

from shared.callers.authorization import CHALLENGE
from shared.callers.caller import Caller
from shared.callers.identify import Callers
from shared.errors import Forbidden, IdentityDown, Unauthenticated
from shared.hub.hub import Hub
from shared.roles.user import User
from shared.settings import Settings
from tests.fakes.entra import TENANT
from tests.fakes.server import Reply
from tests.support.requests import post
from tests.support.tenant import Tenant

STORAGE = {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}


def callers_of(tenant: Tenant, **settings: str) -> Callers:
    """Who calls in this tenant; no storage is asked for them."""
    return Hub.assemble(Settings.read({**STORAGE, **tenant.settings, **settings})).callers


def principal(oid: str) -> str:
    claims = [{"typ": "oid", "val": oid}, {"typ": "tid", "val": TENANT}, {"typ": "scp", "val": "access"}]
    return base64.b64encode(json.dumps({"auth_typ": "aad", "claims": claims}).encode()).decode()


def identify(callers: Callers, **headers: str) -> Caller:
    return callers.identify(post(b"", **headers).headers)


def require_manager(callers: Callers, **headers: str) -> Caller:
    return callers.require_manager(post(b"", **headers).headers)


@pytest.mark.parametrize("enabled", ["true", "True"])
def test_the_header_of_app_service_counts_where_its_authentication_is_on(tenant: Tenant, enabled: str) -> None:
    kim = tenant.add_person()
    callers = callers_of(tenant, WEBSITE_AUTH_ENABLED=enabled)
    assert require_manager(callers, X_MS_CLIENT_PRINCIPAL=principal(kim.oid)).user == User.entra_object(kim.oid)


@pytest.mark.parametrize("enabled", ["", "false", "0"])
def test_elsewhere_the_header_is_as_if_it_were_not_there(tenant: Tenant, enabled: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        identify(callers_of(tenant, WEBSITE_AUTH_ENABLED=enabled), X_MS_CLIENT_PRINCIPAL=principal(str(uuid4())))
    assert caught.value.challenge == CHALLENGE


def test_authorization_counts_before_the_header(tenant: Tenant) -> None:
    kim, alex = tenant.add_person(), tenant.add_person()
    callers = callers_of(tenant, WEBSITE_AUTH_ENABLED="true")
    both = {"Authorization": f"Bearer {tenant.entra.mint(kim.oid)}", "X_MS_CLIENT_PRINCIPAL": principal(alex.oid)}
    assert identify(callers, **both).user == User.entra_object(kim.oid)
    with pytest.raises(Unauthenticated):
        identify(callers, **{**both, "Authorization": "Bearer a.b.c"})


def test_a_token_in_basic_is_no_token(hub: Hub, tenant: Tenant) -> None:
    callers = Hub.assemble(hub.settings.model_copy(update={"entra_authority": tenant.entra.url})).callers
    secret = base64.b64encode(f"kim:{tenant.entra.mint(str(uuid4()))}".encode()).decode()
    with pytest.raises(Unauthenticated):
        identify(callers, Authorization=f"Basic {secret}")
    assert tenant.calls == []


@pytest.mark.parametrize("missing", ["ENTRA_TENANT_ID", "ENTRA_CLIENT_ID"])
def test_where_no_tenant_is_set_no_token_is_anybodys(tenant: Tenant, missing: str) -> None:
    token = tenant.entra.mint(tenant.add_person().oid)
    with pytest.raises(Unauthenticated) as caught:
        identify(callers_of(tenant, **{missing: ""}), Authorization=f"Bearer {token}")
    assert 'error="invalid_token"' in caught.value.challenge
    assert tenant.calls == []


def test_ids_of_tenant_and_application_may_be_set_in_capitals(tenant: Tenant) -> None:
    kim = tenant.add_person()
    capitals = {name: tenant.settings[name].upper() for name in ("ENTRA_TENANT_ID", "ENTRA_CLIENT_ID")}
    callers = callers_of(tenant, WEBSITE_AUTH_ENABLED="true", **capitals)
    assert identify(callers, Authorization=f"Bearer {tenant.entra.mint(kim.oid)}").user.id == kim.oid
    assert identify(callers, X_MS_CLIENT_PRINCIPAL=principal(kim.oid)).user.id == kim.oid


@pytest.mark.parametrize(
    ("roles", "is_manager"),
    [
        (["RelationshipManager"], True),
        (["Reader", "relationshipmanager"], True),
        ([], False),
        (["RelationshipManagers"], False),
    ],
)
def test_an_application_is_what_its_app_roles_say_and_no_directory_is_asked(
    tenant: Tenant, roles: list[str], *, is_manager: bool
) -> None:
    authorization = f"Bearer {tenant.entra.mint_app(str(uuid4()), *roles)}"
    callers = callers_of(tenant)
    if is_manager:
        assert require_manager(callers, Authorization=authorization).is_application
    else:
        with pytest.raises(Forbidden):
            require_manager(callers, Authorization=authorization)
    assert tenant.graph.journal == []


@pytest.mark.parametrize("roles", [["WebhookAdministrator"], ["x", "webhookadministrator", "RelationshipManager"]])
def test_an_application_is_an_administrator_by_its_own_app_role(tenant: Tenant, roles: list[str]) -> None:
    headers = post(b"", Authorization=f"Bearer {tenant.entra.mint_app(str(uuid4()), *roles)}").headers
    assert callers_of(tenant).require_administrator(headers).is_application


@pytest.mark.parametrize("roles", [[], ["RelationshipManager"], ["WebhookAdministrators"], ["Webhook"]])
def test_an_application_without_that_app_role_is_no_administrator(tenant: Tenant, roles: list[str]) -> None:
    headers = post(b"", Authorization=f"Bearer {tenant.entra.mint_app(str(uuid4()), *roles)}").headers
    with pytest.raises(Forbidden, match="the role Webhook Administrator, "):
        callers_of(tenant).require_administrator(headers)


def test_the_app_roles_of_a_person_do_not_replace_her_group(tenant: Tenant) -> None:
    other = tenant.add_person(is_member=False)
    token = tenant.entra.mint(other.oid, roles=["RelationshipManager"])
    with pytest.raises(Forbidden):
        require_manager(callers_of(tenant), Authorization=f"Bearer {token}")


def test_an_entra_out_of_reach_is_an_outage_and_no_refusal(tenant: Tenant) -> None:
    token = tenant.entra.mint(tenant.add_person().oid)
    tenant.entra.answer_always(Reply(500))
    with pytest.raises(IdentityDown):
        identify(callers_of(tenant), Authorization=f"Bearer {token}")


def test_no_caller_is_logged_with_what_she_sent(tenant: Tenant, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    kim, other = tenant.add_person(), tenant.add_person(is_member=False)
    callers = callers_of(tenant)
    good, refused, bad = (tenant.entra.mint(oid) for oid in (kim.oid, other.oid, kim.oid))
    require_manager(callers, Authorization=f"Bearer {good}")
    with pytest.raises(Forbidden):
        require_manager(callers, Authorization=f"Bearer {refused}")
    with pytest.raises(Unauthenticated):
        require_manager(callers, Authorization=f"Bearer {bad[:-9]}")
    secrets = [part for token in (good, refused, bad) for part in token.split(".")[1:]]
    assert [secret for secret in secrets if secret[:20] in caplog.text] == []
