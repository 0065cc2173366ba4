import pytest

from shared.hub.hub import Hub
from shared.roles.table import ROLES_TABLE, TableRoles
from shared.roles.user import User
from shared.storage.query import Query
from tests.admin.command import Run, admin

MANAGER, ADMINISTRATOR = "Relationship Manager", "Webhook Administrator"
GUID = "cc03d281-c95c-e911-a979-000d3a1cc8fe"
UPN = "kim_contoso.com#EXT#@fabrikam.onmicrosoft.com"


@pytest.fixture
def roles(hub: Hub) -> TableRoles:
    return TableRoles(hub.storage.table(ROLES_TABLE))


def test_a_granted_role_is_the_users_under_all_their_ids(roles: TableRoles, connection_string: str) -> None:
    run = admin("roles", "grant", f"{{{GUID.upper()}}}", UPN, "--note", "Kim", AzureWebJobsStorage=connection_string)
    assert (run.code, run.err) == (0, "")
    assert roles.has_role(User.system_user(GUID), MANAGER)
    assert [(grant.user, grant.note) for grant in roles.grants(MANAGER)] == [(GUID, "Kim"), (UPN.lower(), "Kim")]


def test_a_role_of_another_name_is_granted_where_the_setting_says_so(hub: Hub, connection_string: str) -> None:
    admin("roles", "grant", GUID, AzureWebJobsStorage=connection_string, RELATIONSHIP_MANAGER_ROLE="Account Manager")
    assert TableRoles(hub.storage.table(ROLES_TABLE)).has_role(User.system_user(GUID), "account manager")


@pytest.mark.parametrize("role", ["Webhook Administrator", "webhook administrator", "WebhookAdministrator"])
def test_the_other_role_is_granted_listed_checked_and_revoked_by_its_name(
    roles: TableRoles, hub: Hub, connection_string: str, role: str
) -> None:
    def run(command: str, *arguments: str) -> Run:
        return admin("roles", command, *arguments, "--role", role, AzureWebJobsStorage=connection_string)

    assert (run("grant", GUID, UPN).code, list(roles.grants(MANAGER))) == (0, [])
    assert [grant.user for grant in roles.grants(ADMINISTRATOR)] == [GUID, UPN.lower()]
    listed = run("list", "--json").json
    assert isinstance(listed, list)
    assert {(one["user"], one["role"]) for one in listed} == {
        (id_, "Webhook Administrator") for id_ in (GUID, UPN.lower())
    }
    assert run("check", GUID).out.endswith(f"=> {GUID} has the role Webhook Administrator\n")
    assert admin("roles", "check", GUID, AzureWebJobsStorage=connection_string).code == 3
    assert (run("revoke", GUID, UPN).code, list(roles.grants(ADMINISTRATOR))) == (0, [])


def test_revoking_one_role_leaves_the_other(roles: TableRoles, hub: Hub, connection_string: str) -> None:
    roles.grant(GUID, MANAGER)
    roles.grant(GUID, ADMINISTRATOR)
    admin("roles", "revoke", GUID, AzureWebJobsStorage=connection_string)
    assert ([*roles.grants(MANAGER)], [one.user for one in roles.grants(ADMINISTRATOR)]) == ([], [GUID])


@pytest.mark.parametrize("command", ["grant", "revoke", "check", "list"])
def test_a_role_that_nobody_asks_for_is_refused(hub: Hub, connection_string: str, command: str) -> None:
    user = [] if command == "list" else [GUID]
    run = admin("roles", command, *user, "--role", "Webhook Admin", AzureWebJobsStorage=connection_string)
    refusal = "error: NAME must be Relationship Manager or Webhook Administrator (got 'Webhook Admin')\n"
    assert (run.code, run.err) == (1, refusal)
    assert list(hub.storage.table(ROLES_TABLE).query(Query())) == []


def test_who_has_the_role_is_listed(roles: TableRoles, connection_string: str) -> None:
    roles.grant(GUID, MANAGER, note="Kim")
    run = admin("roles", "list", AzureWebJobsStorage=connection_string)
    assert run.code == 0
    assert all(word in run.out for word in (GUID, "Relationship Manager", "Kim"))


def test_who_has_the_role_is_listed_as_json(roles: TableRoles, connection_string: str) -> None:
    roles.grant(GUID, MANAGER, note="Kim")
    run = admin("roles", "list", "--json", AzureWebJobsStorage=connection_string)
    [record] = run.json if isinstance(run.json, list) else []
    assert {**record, "grantedAt": ""} == {
        "user": GUID,
        "role": "Relationship Manager",
        "note": "Kim",
        "grantedAt": "",
    }
    assert record["grantedAt"].startswith("20")


def test_a_revoked_role_is_gone(roles: TableRoles, connection_string: str) -> None:
    roles.grant(GUID, MANAGER)
    run = admin("roles", "revoke", GUID.upper(), AzureWebJobsStorage=connection_string)
    assert run.code == 0
    assert not roles.has_role(User.system_user(GUID), MANAGER)


def test_revoking_from_somebody_without_the_role_fails_and_revokes_from_the_rest(
    roles: TableRoles, connection_string: str
) -> None:
    roles.grant(GUID, MANAGER)
    run = admin("roles", "revoke", UPN, GUID, "--json", AzureWebJobsStorage=connection_string)
    assert (run.code, run.json) == (1, {"revoked": [GUID], "role": "Relationship Manager"})
    assert UPN in run.err
    assert list(roles.grants(MANAGER)) == []


def test_an_empty_user_is_refused_and_nobody_is_granted_anything(roles: TableRoles, connection_string: str) -> None:
    run = admin("roles", "grant", GUID, " ", AzureWebJobsStorage=connection_string)
    assert (run.code, run.err.endswith("(got ' ')\n")) == (1, True)
    assert list(roles.grants(MANAGER)) == []


@pytest.mark.parametrize(("user", "code"), [(GUID, 0), ("another@hub.example", 3)])
def test_checking_a_user_tells_by_exit_code_and_step_by_step(
    roles: TableRoles, connection_string: str, user: str, code: int
) -> None:
    roles.grant(GUID, MANAGER)
    run = admin("roles", "check", user, "--json", AzureWebJobsStorage=connection_string)
    assert run.code == code
    assert isinstance(run.json, dict)
    assert (run.json["hasRole"], len(run.json["steps"])) == (code == 0, 1)


def test_an_arcgis_user_is_granted_the_role_by_name_and_checked_by_it(
    roles: TableRoles, connection_string: str
) -> None:
    admin("roles", "grant", "arcgis:Megan_M", "--note", "Megan", AzureWebJobsStorage=connection_string)
    assert [(grant.user, grant.note) for grant in roles.grants(MANAGER)] == [("arcgis:Megan_M", "Megan")]
    asked = {
        "arcgis:Megan_M": [],
        "ArcGIS:Megan_M": ["--as", "arcgis"],
        "Megan_M": ["--as", "arcgis"],
        "arcgis:megan_m": [],
        "megan_m": [],
    }
    codes = {
        user: admin("roles", "check", user, *kind, AzureWebJobsStorage=connection_string).code
        for user, kind in asked.items()
    }
    assert codes == dict(zip(asked, (0, 0, 0, 3, 3), strict=True))


@pytest.mark.parametrize(
    "arguments",
    [["--as", "upn", "arcgis:megan"], ["--as", "oid", "arcgis:megan"], ["--as", "arcgis", " "], ["arcgis:"]],
)
def test_an_id_that_is_not_of_the_kind_is_refused(hub: Hub, connection_string: str, arguments: list[str]) -> None:
    run = admin("roles", "check", *arguments, AzureWebJobsStorage=connection_string)
    assert (run.code, run.out, run.err.startswith("error: USER must be a ")) == (1, "", True)


def test_an_arcgis_user_without_a_name_is_refused(roles: TableRoles, connection_string: str) -> None:
    run = admin("roles", "grant", "arcgis: ", AzureWebJobsStorage=connection_string)
    assert (run.code, run.err.endswith("(got 'arcgis: ')\n")) == (1, True)
    assert list(roles.grants(MANAGER)) == []
