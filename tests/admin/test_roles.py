import pytest

from shared.hub.hub import Hub
from shared.roles.table import ROLES_TABLE, TableDirectory
from shared.roles.user import User
from tests.admin.command import Run, admin

GUID = "cc03d281-c95c-e911-a979-000d3a1cc8fe"
UPN = "kim_contoso.com#EXT#@fabrikam.onmicrosoft.com"


@pytest.fixture
def directory(hub: Hub) -> TableDirectory:
    return TableDirectory(hub.storage.table(ROLES_TABLE), "Relationship Manager")


def test_a_granted_role_is_the_users_under_all_her_ids(directory: TableDirectory, connection_string: str) -> None:
    run = admin("roles", "grant", f"{{{GUID.upper()}}}", UPN, "--note", "Kim", AzureWebJobsStorage=connection_string)
    assert (run.code, run.err) == (0, "")
    assert directory.is_member(User.system_user(GUID))
    assert [(grant.user, grant.note) for grant in directory.grants()] == [(GUID, "Kim"), (UPN.lower(), "Kim")]


def test_a_role_of_another_name_is_granted_where_the_setting_says_so(hub: Hub, connection_string: str) -> None:
    admin("roles", "grant", GUID, AzureWebJobsStorage=connection_string, RELATIONSHIP_MANAGER_ROLE="Account Manager")
    assert TableDirectory(hub.storage.table(ROLES_TABLE), "account manager").is_member(User.system_user(GUID))


@pytest.mark.parametrize("role", ["Webhook Administrator", "webhook administrator", "WebhookAdministrator"])
def test_the_other_role_is_granted_listed_checked_and_revoked_by_its_name(
    directory: TableDirectory, hub: Hub, connection_string: str, role: str
) -> None:
    def run(command: str, *arguments: str) -> Run:
        return admin("roles", command, *arguments, "--role", role, AzureWebJobsStorage=connection_string)

    assert (run("grant", GUID, UPN).code, list(directory.grants())) == (0, [])
    of_administrators = TableDirectory(hub.storage.table(ROLES_TABLE), "Webhook Administrator")
    assert [grant.user for grant in of_administrators.grants()] == [GUID, UPN.lower()]
    listed = run("list", "--json").json
    assert isinstance(listed, list)
    assert {(one["user"], one["role"]) for one in listed} == {
        (id_, "Webhook Administrator") for id_ in (GUID, UPN.lower())
    }
    assert run("check", GUID).out.endswith(f"=> {GUID} has the role Webhook Administrator\n")
    assert admin("roles", "check", GUID, AzureWebJobsStorage=connection_string).code == 3
    assert (run("revoke", GUID, UPN).code, list(of_administrators.grants())) == (0, [])


def test_revoking_one_role_leaves_the_other(directory: TableDirectory, hub: Hub, connection_string: str) -> None:
    of_administrators = TableDirectory(hub.storage.table(ROLES_TABLE), "Webhook Administrator")
    directory.grant(GUID)
    of_administrators.grant(GUID)
    admin("roles", "revoke", GUID, AzureWebJobsStorage=connection_string)
    assert ([*directory.grants()], [one.user for one in of_administrators.grants()]) == ([], [GUID])


@pytest.mark.parametrize("command", ["grant", "revoke", "check", "list"])
def test_a_role_that_nobody_asks_for_is_refused(hub: Hub, connection_string: str, command: str) -> None:
    user = [] if command == "list" else [GUID]
    run = admin("roles", command, *user, "--role", "Webhook Admin", AzureWebJobsStorage=connection_string)
    refusal = "error: NAME is 'Webhook Admin': Relationship Manager or Webhook Administrator is needed\n"
    assert (run.code, run.err) == (1, refusal)
    assert list(hub.storage.table(ROLES_TABLE).query("PartitionKey ge @all", {"all": ""})) == []


def test_who_has_the_role_is_listed(directory: TableDirectory, connection_string: str) -> None:
    directory.grant(GUID, note="Kim")
    run = admin("roles", "list", AzureWebJobsStorage=connection_string)
    assert run.code == 0
    assert all(word in run.out for word in (GUID, "Relationship Manager", "Kim"))


def test_who_has_the_role_is_listed_as_json(directory: TableDirectory, connection_string: str) -> None:
    directory.grant(GUID, note="Kim")
    run = admin("roles", "list", "--json", AzureWebJobsStorage=connection_string)
    [record] = run.json if isinstance(run.json, list) else []
    assert {**record, "grantedAt": ""} == {
        "user": GUID,
        "role": "Relationship Manager",
        "note": "Kim",
        "grantedAt": "",
    }
    assert record["grantedAt"].startswith("20")


def test_a_revoked_role_is_gone(directory: TableDirectory, connection_string: str) -> None:
    directory.grant(GUID)
    run = admin("roles", "revoke", GUID.upper(), AzureWebJobsStorage=connection_string)
    assert run.code == 0
    assert not directory.is_member(User.system_user(GUID))


def test_revoking_from_somebody_without_the_role_fails_and_revokes_from_the_rest(
    directory: TableDirectory, connection_string: str
) -> None:
    directory.grant(GUID)
    run = admin("roles", "revoke", UPN, GUID, "--json", AzureWebJobsStorage=connection_string)
    assert (run.code, run.json) == (1, {"revoked": [GUID], "role": "Relationship Manager"})
    assert UPN in run.err
    assert list(directory.grants()) == []


def test_an_empty_user_is_refused_and_nobody_is_granted_anything(
    directory: TableDirectory, connection_string: str
) -> None:
    run = admin("roles", "grant", GUID, " ", AzureWebJobsStorage=connection_string)
    assert (run.code, run.err.startswith("error: USER is ' '")) == (1, True)
    assert list(directory.grants()) == []


@pytest.mark.parametrize(("user", "code"), [(GUID, 0), ("another@hub.example", 3)])
def test_checking_a_user_tells_by_exit_code_and_step_by_step(
    directory: TableDirectory, connection_string: str, user: str, code: int
) -> None:
    directory.grant(GUID)
    run = admin("roles", "check", user, "--json", AzureWebJobsStorage=connection_string)
    assert run.code == code
    assert isinstance(run.json, dict)
    assert (run.json["hasRole"], len(run.json["steps"])) == (code == 0, 1)


def test_an_arcgis_user_is_granted_the_role_by_name_and_checked_by_it(
    directory: TableDirectory, connection_string: str
) -> None:
    admin("roles", "grant", "arcgis:Megan_M", "--note", "Megan", AzureWebJobsStorage=connection_string)
    assert [(grant.user, grant.note) for grant in directory.grants()] == [("arcgis:Megan_M", "Megan")]
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
    assert (run.code, run.out, run.err.startswith("error: USER is ")) == (1, "", True)


def test_an_arcgis_user_without_a_name_is_refused(directory: TableDirectory, connection_string: str) -> None:
    run = admin("roles", "grant", "arcgis: ", AzureWebJobsStorage=connection_string)
    assert (run.code, run.err.startswith("error: USER is 'arcgis: '")) == (1, True)
    assert list(directory.grants()) == []
