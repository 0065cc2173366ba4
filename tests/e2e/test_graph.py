"""ROLE_DIRECTORY=graph through the running app: a tenant of fakes decides who may do what."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
import requests

from tests.dynamics.samples import sample_with
from tests.e2e.running import RunningApp, running_app
from tests.e2e.test_receiving import new_connection
from tests.fakes.entra import TENANT, FakeEntra, SigningKey, unsigned
from tests.fakes.server import Reply
from tests.support.patience import eventually
from tests.support.tenant import GROUP, GROUP_NAME, LIST, SITE, Person, Tenant

SYSTEM = "a8b0d3ad-3b3c-4b2b-9b8c-3f0f0c1b2d4e"
NO_ANSWERS = {
    "500": Reply(500),
    "html": Reply(200, b"<html>Sign in</html>", {"Content-Type": "text/html"}),
    "truncated": Reply(200, b'{"value": [{"id": "1"', {"Content-Type": "application/json"}),
    "an empty list": Reply(200, b"[]", {"Content-Type": "application/json"}),
    "too busy": Reply(429, headers={"Retry-After": "300"}),
}

type Forge = Callable[[FakeEntra, str], str]

FORGED: dict[str, Forge] = {
    "expired": lambda entra, oid: entra.mint(oid, exp=int(time.time()) - 120),
    "not yet valid": lambda entra, oid: entra.mint(oid, nbf=int(time.time()) + 120),
    "another audience": lambda entra, oid: entra.mint(oid, aud="00000003-0000-0000-c000-000000000000"),
    "another issuer": lambda entra, oid: entra.mint(oid, iss=f"https://login.evil.example/{TENANT}/v2.0"),
    "another tenant": lambda entra, oid: entra.mint(oid, tid=str(uuid4())),
    "unsigned": lambda entra, oid: unsigned(entra.claims(oid), {"alg": "none", "kid": entra.keys[0].kid}) + ".",
    "signed by a stranger": lambda entra, oid: signed_by_a_stranger(entra, oid),
    "unknown kid": lambda entra, oid: entra.sign(entra.claims(oid), kid="unknown"),
    "tampered": lambda entra, oid: tampered(entra, oid),
    "no token": lambda _, __: "hello",
    "two tokens": lambda entra, oid: f"{entra.mint(oid)}, Bearer {entra.mint(oid)}",
    "long": lambda entra, oid: entra.mint(oid, name="x" * 20_000),
}


def signed_by_a_stranger(entra: FakeEntra, oid: str) -> str:
    """Signed with a key that only says it is the tenant's."""
    stranger = SigningKey(kid=entra.keys[0].kid)
    data = unsigned(entra.claims(oid), {"alg": "RS256", "kid": stranger.kid})
    return f"{data}.{base64.urlsafe_b64encode(stranger.sign(data.encode())).rstrip(b'=').decode()}"


def tampered(entra: FakeEntra, oid: str) -> str:
    header, _, signature = entra.mint(str(uuid4())).split(".")
    return f"{header}.{unsigned(entra.claims(oid), {}).split('.')[1]}.{signature}"


@pytest.fixture(scope="module")
def app(
    tenant_process: Tenant, new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApp]:
    """The app in the tenant. Answers of the directory are remembered."""
    folder = tmp_path_factory.mktemp("graph")
    with running_app(new_account(), folder, lease_seconds=60, **tenant_process.settings) as running:
        yield running


@pytest.fixture(scope="module")
def forgetful_process(
    tenant_process: Tenant, new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApp]:
    """The same, but it remembers nothing, and App Service Authentication is on."""
    settings = {**tenant_process.settings, "ROLE_CACHE_SECONDS": "0", "WEBSITE_AUTH_ENABLED": "true"}
    with running_app(new_account(), tmp_path_factory.mktemp("forgetful"), lease_seconds=60, **settings) as running:
        yield running


@pytest.fixture
def forgetful_app(forgetful_process: RunningApp, tenant: Tenant) -> RunningApp:
    """The same, and its tokens last for no longer than a request."""
    tenant.identity.seconds = 0
    return forgetful_process


def post(app: RunningApp, system_user: str) -> int:
    """The status of a new connection that this user made."""
    return app.post(sample_with(system_user, "InitiatingUserId", body=new_connection()[1])).status_code


def list_events(app: RunningApp, authorization: str | None = None, **headers: str) -> requests.Response:
    """Ask for the events as this caller; headers' underscores stand for hyphens."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    if authorization is not None:
        named["Authorization"] = authorization
    return requests.get(f"{app.url}/api/v1/events", {"code": app.code}, headers=named, timeout=30)


def principal(oid: str, tenant: str = TENANT) -> str:
    claims = [{"typ": "oid", "val": oid}, {"typ": "tid", "val": tenant}, {"typ": "scp", "val": "access"}]
    return base64.b64encode(json.dumps({"auth_typ": "aad", "claims": claims}).encode()).decode()


def test_a_connection_of_a_member_is_a_201(app: RunningApp, tenant: Tenant) -> None:
    assert post(app, tenant.add_person().system_user) == 201


def test_a_connection_of_a_member_of_a_group_in_the_group_is_a_201(app: RunningApp, tenant: Tenant) -> None:
    kim = tenant.add_person(is_member=False)
    tenant.graph.members[GROUP].add(tenant.graph.add_group("Inner", [kim.oid]))
    assert post(app, kim.system_user) == 201


def test_a_connection_of_anybody_else_is_a_403(app: RunningApp, tenant: Tenant) -> None:
    tenant.dataverse.add_user(SYSTEM, None, "SYSTEM")
    tenant.dataverse.add_user(not_in_entra := str(uuid4()), str(uuid4()), "gone@contoso.example")
    others: list[Person] = [
        tenant.add_person(is_member=False),
        tenant.add_person(is_disabled=True),
        tenant.add_person(has_oid=False),
    ]
    nobodies = [*(person.system_user for person in others), SYSTEM, not_in_entra, str(uuid4())]
    assert [post(app, nobody) for nobody in nobodies] == [403] * 6


def test_the_second_event_of_a_user_makes_no_outside_call(app: RunningApp, tenant: Tenant) -> None:
    kim, other = tenant.add_person(), tenant.add_person(is_member=False)
    assert (post(app, kim.system_user), post(app, other.system_user)) == (201, 403)
    assert tenant.calls != []
    for neighbour in tenant.neighbours:
        neighbour.journal.clear()
    assert (post(app, kim.system_user), post(app, other.system_user)) == (201, 403)
    assert tenant.calls == []


def test_many_first_events_of_a_user_at_once_make_one_call_chain(new_app: RunningApp, tenant: Tenant) -> None:
    kim = tenant.add_person()
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: post(new_app, kim.system_user), range(50)))
    assert statuses == [201] * 50
    assert sorted(tenant.calls) == sorted(
        [
            "GET /msi/token",
            "GET /msi/token",
            f"GET /api/data/v9.2/systemusers({kim.system_user})",
            f"GET /v1.0/sites/{SITE}/lists/{LIST}/items",
            "GET /v1.0/groups",
            f"POST /v1.0/users/{kim.oid}/checkMemberGroups",
        ]
    )


@pytest.fixture
def new_app(
    tenant: Tenant, new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApp]:
    """An app that was asked nothing yet."""
    with running_app(new_account(), tmp_path_factory.mktemp("new"), lease_seconds=60, **tenant.settings) as running:
        yield running


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_member_with_a_token_of_either_version_may_list_events(app: RunningApp, tenant: Tenant, version: str) -> None:
    kim, other = tenant.add_person(), tenant.add_person(is_member=False)
    assert list_events(app, f"Bearer {tenant.entra.mint(kim.oid, version)}").status_code == 200
    assert list_events(app, f"Bearer {tenant.entra.mint(other.oid, version)}").status_code == 403


def test_an_application_may_what_its_app_roles_say(app: RunningApp, tenant: Tenant) -> None:
    tokens = [tenant.entra.mint_app(str(uuid4()), *roles) for roles in (["RelationshipManager"], ["Reader"], [])]
    assert [list_events(app, f"Bearer {token}").status_code for token in tokens] == [200, 403, 403]


def test_a_member_with_an_api_key_may_list_events(app: RunningApp, tenant: Tenant) -> None:
    kim, other = tenant.add_person(), tenant.add_person(is_member=False)
    users = [kim.oid, kim.upn, other.upn, "nobody@contoso.example"]
    keys = [app.hub.api_keys.issue(user)[0] for user in users]
    assert [list_events(app, f"Bearer {key}").status_code for key in keys] == [200, 200, 403, 403]


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_bad_token_is_a_401_with_a_challenge_and_asks_no_directory(
    app: RunningApp, tenant: Tenant, forge: Forge
) -> None:
    kim = tenant.add_person()
    response = list_events(app, f"Bearer {forge(tenant.entra, kim.oid)}")
    assert (response.status_code, response.headers["Content-Type"]) == (401, "application/problem+json")
    assert 'Bearer realm="hub"' in response.headers["WWW-Authenticate"]
    assert tenant.graph.journal == []


def test_the_header_of_app_service_is_nobodys_where_its_authentication_is_off(app: RunningApp, tenant: Tenant) -> None:
    told = principal(tenant.add_person().oid)
    assert list_events(app, X_MS_CLIENT_PRINCIPAL=told).status_code == 401


def test_the_header_of_app_service_is_a_caller_where_its_authentication_is_on(
    forgetful_app: RunningApp, tenant: Tenant
) -> None:
    kim, other = tenant.add_person(), tenant.add_person(is_member=False)
    told = [principal(kim.oid), principal(other.oid), principal(kim.oid, str(uuid4())), "!!!", principal(kim.oid)[:-9]]
    statuses = [list_events(forgetful_app, X_MS_CLIENT_PRINCIPAL=text).status_code for text in told]
    assert statuses == [200, 403, 401, 401, 401]


@pytest.mark.parametrize("reply", NO_ANSWERS.values(), ids=NO_ANSWERS)
@pytest.mark.parametrize("step", ["systemusers", "/items", "/groups", "checkMemberGroups"])
def test_an_outage_of_any_neighbour_is_a_503_and_not_forever(
    forgetful_app: RunningApp, tenant: Tenant, step: str, reply: Reply
) -> None:
    kim = tenant.add_person()
    for neighbour in tenant.neighbours:
        neighbour.answer_where(step, reply)
    assert post(forgetful_app, kim.system_user) == 503
    for neighbour in tenant.neighbours:
        neighbour.be_well()
    assert post(forgetful_app, kim.system_user) == 201


def test_an_identity_that_gives_no_token_is_a_503_and_not_forever(forgetful_app: RunningApp, tenant: Tenant) -> None:
    kim = tenant.add_person()
    for name in ("html", "truncated", "an empty list", "500"):
        tenant.identity.answer_always(NO_ANSWERS[name])
        assert post(forgetful_app, kim.system_user) == 503
    tenant.identity.be_well()
    # After a failure the library asks nobody for 5 s.
    assert eventually(lambda: post(forgetful_app, kim.system_user) == 201)


def test_a_tenant_that_is_not_set_up_is_a_503_and_not_forever(forgetful_app: RunningApp, tenant: Tenant) -> None:
    kim = tenant.add_person()
    rows = tenant.graph.lists.pop((SITE, LIST))
    assert post(forgetful_app, kim.system_user) == 503
    tenant.graph.lists[SITE, LIST] = []
    assert post(forgetful_app, kim.system_user) == 503
    tenant.graph.lists[SITE, LIST] = rows
    second = tenant.graph.add_group(GROUP_NAME, [kim.oid])
    assert post(forgetful_app, kim.system_user) == 503
    tenant.graph.group_names[second] = "Another name"
    assert post(forgetful_app, kim.system_user) == 201


def test_an_entra_whose_keys_cannot_be_read_is_a_503(forgetful_app: RunningApp, tenant: Tenant) -> None:
    token = tenant.entra.mint(tenant.add_person().oid)
    tenant.entra.answer_always(Reply(500))
    response = list_events(forgetful_app, f"Bearer {token}")
    assert (response.status_code, response.headers["Content-Type"]) == (503, "application/problem+json")


def test_neighbours_that_answer_nothing_are_a_503_within_25_seconds(forgetful_app: RunningApp, tenant: Tenant) -> None:
    kim, alex = tenant.add_person(), tenant.add_person()
    key, _ = forgetful_app.hub.api_keys.issue(alex.oid)
    assert post(forgetful_app, kim.system_user) == 201
    tenant.graph.hang()
    tenant.dataverse.hang()
    ask: list[Callable[[], int]] = [
        lambda: post(forgetful_app, kim.system_user),
        lambda: list_events(forgetful_app, f"Bearer {key}").status_code,
    ]
    assert_all_are_503_in_time(ask)


def test_an_identity_that_answers_nothing_is_a_503_within_25_seconds(forgetful_app: RunningApp, tenant: Tenant) -> None:
    kim = tenant.add_person()
    tenant.identity.hang()
    assert_all_are_503_in_time([lambda: post(forgetful_app, kim.system_user)] * 5)


def assert_all_are_503_in_time(ask: list[Callable[[], int]]) -> None:
    statuses: list[int] = []
    began_at = time.monotonic()
    threads = [threading.Thread(target=lambda one=one: statuses.append(one())) for one in ask]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    # A bound of the contract: Dataverse gives up at 60 s.
    assert time.monotonic() - began_at < 25
    assert statuses == [503] * len(ask)
