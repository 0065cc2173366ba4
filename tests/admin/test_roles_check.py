"""`python -m admin roles check` where the tenant decides: an administrator sees each step of the decision."""

import re
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from admin.__main__ import app
from tests.admin.command import ROOT, Run, admin
from tests.fakes.server import Reply, json_reply
from tests.support.tenant import GROUP, GROUP_NAME, LIST, ROLE, SITE, Tenant

LISTED = f"role list: {ROLE} is the group {GROUP_NAME}, in Entra {GROUP}"


def check(tenant: Tenant, *arguments: str, **settings: str) -> Run:
    given = {"AzureWebJobsStorage": "UseDevelopmentStorage=true", **tenant.settings, **settings}
    return admin("roles", "check", *arguments, **given)


def test_a_member_is_explained_step_by_step(tenant: Tenant) -> None:
    kim = tenant.add_person()
    run = check(tenant, f"{{{kim.system_user.upper()}}}")
    assert (run.code, run.err) == (0, "")
    assert run.out.splitlines() == [
        f"Dataverse: the systemuser {kim.system_user} is {kim.upn}, in Entra {kim.oid}",
        LISTED,
        f"Entra: the user is in the group {GROUP_NAME}",
        f"=> {{{kim.system_user.upper()}}} has the role {ROLE}",
    ]


@pytest.mark.parametrize("kind", ["upn", "oid"])
def test_a_caller_is_explained_by_the_id_that_she_comes_with(tenant: Tenant, kind: str) -> None:
    kim = tenant.add_person(is_member=False)
    run = check(tenant, *([kim.upn] if kind == "upn" else ["--as", "oid", kim.oid]), "--json")
    user = kim.upn if kind == "upn" else kim.oid
    assert run.code == 3
    assert run.json == {
        "user": user,
        "kind": kind,
        "role": ROLE,
        "steps": [f"Entra: the user is {user}", LISTED, "Entra: the user is in none of these groups"],
        "hasRole": False,
    }


def test_the_documented_example_is_what_is_printed(tenant: Tenant) -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    _, _, example = page.partition("$ .venv/bin/python -m admin roles check ")
    user, *documented = example.partition("\n\n")[0].splitlines()
    [(upn, oid)] = re.findall(r"is (\S+), in Entra (\S+)", documented[0])
    tenant.graph.add_user(oid, upn)
    tenant.dataverse.add_user(user, oid, upn)
    assert check(tenant, user).out.splitlines() == [line.strip() for line in documented]


def test_a_note_says_that_the_app_does_not_use_the_embedded_directory(tenant: Tenant, connection_string: str) -> None:
    run = admin("roles", "list", "--json", **{**tenant.settings, "AzureWebJobsStorage": connection_string})
    assert (run.code, run.json) == (0, [])
    assert run.err == "note: ROLE_DIRECTORY is graph, so the app does not use the embedded directory\n"


def test_each_reason_for_a_no_is_told_with_exit_code_3(tenant: Tenant) -> None:
    reasons = {
        tenant.add_person(is_disabled=True).system_user: "is disabled",
        tenant.add_person(has_oid=False).system_user: "has no Entra id, as SYSTEM has none",
        str(uuid4()): "is not known",
        "nobody@contoso.example": "Entra: nobody has this id",
    }
    for user, reason in reasons.items():
        run = check(tenant, user)
        *_, told, conclusion = run.out.splitlines()
        assert (run.code, told.endswith(reason)) == (3, True)
        assert conclusion == f"=> {user} does not have the role {ROLE}"


def test_what_is_not_set_up_is_told_after_the_steps_that_went_well(tenant: Tenant) -> None:
    kim = tenant.add_person()
    tenant.graph.add_group(GROUP_NAME)
    run = check(tenant, kim.system_user)
    assert (run.code, run.out) == (1, f"Dataverse: the systemuser {kim.system_user} is {kim.upn}, in Entra {kim.oid}\n")
    assert run.err == f"error: Entra has 2 groups with the name {GROUP_NAME}; there must be exactly one\n"
    tenant.graph.lists[SITE, LIST] = []
    assert check(tenant, kim.system_user).err == f"error: the list {LIST} names no group for the role {ROLE}\n"
    assert check(tenant, kim.system_user, SHAREPOINT_SITE_ID="").err == "error: SHAREPOINT_SITE_ID is not set\n"


def test_a_permission_that_the_app_lacks_is_told_as_graph_names_it(tenant: Tenant) -> None:
    kim = tenant.add_person()
    denied = json_reply({"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges"}}, 403)
    tenant.graph.answer_where("checkMemberGroups", denied)
    run = check(tenant, kim.system_user)
    assert (run.code, run.err) == (1, "error: Graph answered 403 Authorization_RequestDenied to a check of groups\n")


def test_an_outage_is_no_answer_and_exit_code_1(tenant: Tenant) -> None:
    kim = tenant.add_person()
    tenant.dataverse.answer_always(Reply(500))
    run = check(tenant, kim.system_user)
    assert (run.code, run.out, run.err) == (1, "", "error: Dataverse answered 500\n")


@pytest.mark.parametrize("arguments", [["--as", "systemuser", "kim@contoso.example"], ["--as", "oid", "kim"], [" "]])
def test_an_id_of_another_kind_is_refused_and_nobody_is_asked(tenant: Tenant, arguments: list[str]) -> None:
    done = CliRunner().invoke(app, ["roles", "check", *arguments])
    assert (done.exit_code, done.stdout, done.stderr.startswith("error: USER must be a ")) == (1, "", True)
    assert tenant.calls == []
