"""What is neither yes nor no: every neighbour's outage, and a tenant that is not set up."""

import logging
import os
import time
from collections.abc import Callable
from uuid import uuid4

import pytest

from shared.deadline import deadline
from shared.errors import DataverseDown, DirectoryDown, Throttled, Unavailable
from shared.hub.hub import Hub
from shared.roles.directory import CachedDirectory
from shared.roles.user import User
from shared.settings import Settings
from tests.fakes.server import Reply, json_reply
from tests.roles.graph_directory import NO_ANSWERS, graph_directory
from tests.support.tenant import GROUP, GROUP_NAME, LIST, ROLE, SITE, Person, Tenant

ADMINISTRATORS = "Webhook Administrator"
STEPS = ["systemusers", "/items", "/groups", "checkMemberGroups"]


@pytest.fixture
def directory(tenant: Tenant) -> CachedDirectory:
    return graph_directory(tenant)


@pytest.fixture
def kim(tenant: Tenant) -> Person:
    """A Relationship Manager."""
    return tenant.add_person()


@pytest.mark.parametrize("reply", NO_ANSWERS.values(), ids=NO_ANSWERS)
@pytest.mark.parametrize("step", STEPS)
def test_an_answer_that_is_none_is_an_outage_at_each_step_and_is_forgotten_when_it_is_over(
    directory: CachedDirectory, tenant: Tenant, kim: Person, step: str, reply: Reply
) -> None:
    neighbour = tenant.dataverse if step == STEPS[0] else tenant.graph
    neighbour.answer_where(step, reply)
    outage = DataverseDown if step == STEPS[0] else DirectoryDown
    with pytest.raises(Throttled if reply.status == 429 else outage):
        directory.has_role(User.system_user(kim.system_user), ROLE)
    neighbour.be_well()
    assert directory.has_role(User.system_user(kim.system_user), ROLE)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_is_not_answered_is_an_outage_within_the_deadline(
    directory: CachedDirectory, tenant: Tenant, kim: Person, step: str
) -> None:
    (tenant.dataverse if step == STEPS[0] else tenant.graph).hang_where(step)
    began_at = time.monotonic()
    with deadline(0.5), pytest.raises(Unavailable):
        directory.has_role(User.system_user(kim.system_user), ROLE)
    assert time.monotonic() - began_at < 4


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", [429, 503])
def test_a_short_wait_is_waited_out(
    directory: CachedDirectory, tenant: Tenant, kim: Person, step: str, status: int
) -> None:
    busy = Reply(status, headers={"Retry-After": "0"})
    if step == STEPS[0]:
        tenant.dataverse.answer_next(busy)
    else:
        tenant.graph.answer_next(*(_page(tenant, step) for step in STEPS[1 : STEPS.index(step)]), busy)
    assert directory.has_role(User.system_user(kim.system_user), ROLE)


def _page(tenant: Tenant, step: str) -> Reply:
    rows = {
        "/items": [{"fields": {"Role": ROLE, "AdGroupName": GROUP_NAME}}],
        "/groups": [{"id": GROUP, "displayName": GROUP_NAME}],
    }
    return json_reply({"value": rows[step]})


@pytest.mark.parametrize(
    "confirmed",
    [None, "yes", {GROUP: True}, 7, True],
)
def test_a_check_that_answers_no_list_is_an_outage(
    directory: CachedDirectory, tenant: Tenant, kim: Person, confirmed: object
) -> None:
    tenant.graph.answer_where("checkMemberGroups", json_reply({"value": confirmed}))
    with pytest.raises(DirectoryDown):
        directory.has_role(User.entra_object(kim.oid), ROLE)


@pytest.mark.parametrize("confirmed", [[], [None], [7], [str(uuid4())], [GROUP[:-1]], [[GROUP]], [{"id": GROUP}]])
def test_a_check_that_confirms_something_else_is_a_no(
    directory: CachedDirectory, tenant: Tenant, kim: Person, confirmed: list[object]
) -> None:
    tenant.graph.answer_where("checkMemberGroups", json_reply({"value": confirmed}))
    assert not directory.has_role(User.entra_object(kim.oid), ROLE)


def test_a_list_that_names_no_group_for_the_role_is_an_outage(
    directory: CachedDirectory, tenant: Tenant, kim: Person
) -> None:
    tenant.graph.lists[SITE, LIST] = [{"Role": "Administrator", "AdGroupName": GROUP_NAME}, {"Role": ROLE}]
    with pytest.raises(DirectoryDown, match=f"{LIST} names no group for the role {ROLE}"):
        directory.has_role(User.entra_object(kim.oid), ROLE)


def test_a_list_that_is_empty_or_missing_is_an_outage(directory: CachedDirectory, tenant: Tenant, kim: Person) -> None:
    tenant.graph.lists[SITE, LIST] = []
    with pytest.raises(DirectoryDown, match="names no group"):
        directory.has_role(User.entra_object(kim.oid), ROLE)
    tenant.graph.lists.clear()
    with pytest.raises(DirectoryDown, match="404 itemNotFound"):
        directory.has_role(User.entra_object(kim.oid), ROLE)


@pytest.mark.parametrize("others", [[GROUP_NAME], [GROUP_NAME.upper()], [GROUP_NAME] * 3])
def test_two_groups_of_one_name_are_an_outage_even_for_a_member_of_both(
    directory: CachedDirectory, tenant: Tenant, kim: Person, others: list[str]
) -> None:
    for name in others:
        tenant.graph.add_group(name, [kim.oid])
    with pytest.raises(DirectoryDown, match=f"{1 + len(others)} groups with the name {GROUP_NAME}; there"):
        directory.has_role(User.entra_object(kim.oid), ROLE)


def test_a_group_that_is_missing_is_an_outage_even_for_a_member_of_another(
    directory: CachedDirectory, tenant: Tenant, kim: Person
) -> None:
    tenant.graph.add_role(SITE, LIST, ROLE, "Nobody knows")
    with pytest.raises(DirectoryDown, match="0 groups with the name Nobody knows"):
        directory.has_role(User.entra_object(kim.oid), ROLE)


@pytest.mark.parametrize("row", [{}, {"id": 7}, {"id": None}, {"displayName": "Another", "id": GROUP}])
def test_a_group_without_its_id_or_name_is_an_outage(
    directory: CachedDirectory, tenant: Tenant, kim: Person, row: dict[str, object]
) -> None:
    tenant.graph.answer_where("/groups", json_reply({"value": [{"displayName": GROUP_NAME, **row}]}))
    with pytest.raises(DirectoryDown, match="groups with the name"):
        directory.has_role(User.entra_object(kim.oid), ROLE)


@pytest.mark.parametrize("disabled", [None, "false", 0])
def test_a_row_that_does_not_say_whether_the_user_is_disabled_is_an_outage(
    directory: CachedDirectory, tenant: Tenant, kim: Person, disabled: object
) -> None:
    tenant.dataverse.rows["systemusers"][kim.system_user]["isdisabled"] = disabled
    with pytest.raises(DataverseDown):
        directory.has_role(User.system_user(kim.system_user), ROLE)


def hub_of(tenant: Tenant, **settings: str) -> Hub:
    """The hub in this tenant; the directory asks no storage."""
    return Hub.assemble(
        Settings.read({"AzureWebJobsStorage": "UseDevelopmentStorage=true", **tenant.settings, **settings})
    )


def _without_a_row(tenant: Tenant, role: str) -> None:
    tenant.graph.lists[SITE, LIST] = [row for row in tenant.graph.lists[SITE, LIST] if row["Role"] != role]


def _with_two_groups(tenant: Tenant, role: str) -> None:
    tenant.graph.add_group(
        next(str(row["AdGroupName"]) for row in tenant.graph.lists[SITE, LIST] if row["Role"] == role)
    )


@pytest.mark.parametrize("broken", [ROLE, ADMINISTRATORS])
@pytest.mark.parametrize("spoil", [_without_a_row, _with_two_groups])
def test_a_role_that_is_not_set_up_breaks_no_other(
    directory: CachedDirectory, tenant: Tenant, kim: Person, spoil: Callable[[Tenant, str], None], broken: str
) -> None:
    tenant.graph.add_role(SITE, LIST, ADMINISTRATORS, "Admins")
    tenant.graph.add_group("Admins", [kim.oid])
    spoil(tenant, broken)
    for _ in range(2):
        with pytest.raises(DirectoryDown):
            directory.has_role(User.entra_object(kim.oid), broken)
        assert directory.has_role(User.entra_object(kim.oid), ADMINISTRATORS if broken == ROLE else ROLE)


def test_the_hub_of_these_settings_asks_the_tenant_with_its_own_identity(tenant: Tenant, kim: Person) -> None:
    hub = hub_of(tenant)
    assert hub.roles.has_role(User.system_user(kim.system_user), ROLE)
    resources = [request.query["resource"] for request in tenant.identity.journal]
    assert resources == [tenant.dataverse.url, tenant.graph.url]
    assert {call.bearer for call in tenant.graph.journal} == {tenant.graph.token}
    assert {call.bearer for call in tenant.dataverse.journal} == {f"token for {tenant.dataverse.url}"}


def test_a_user_assigned_identity_is_asked_by_its_client_id(tenant: Tenant, kim: Person) -> None:
    os.environ["AZURE_CLIENT_ID"] = client_id = str(uuid4())
    assert hub_of(tenant).roles.has_role(User.entra_object(kim.oid), ROLE)
    assert [request.query["client_id"] for request in tenant.identity.journal] == [client_id]


@pytest.mark.parametrize("name", ["500", "html", "truncated", "an empty list", "an empty object", "403", "400"])
def test_without_a_token_it_is_an_outage(tenant: Tenant, kim: Person, name: str) -> None:
    tenant.identity.answer_always(NO_ANSWERS[name])
    with deadline(2), pytest.raises(Unavailable):
        hub_of(tenant).roles.has_role(User.entra_object(kim.oid), ROLE)
    assert tenant.graph.journal == []


@pytest.mark.parametrize("missing", ["SHAREPOINT_SITE_ID", "DATAVERSE_URL"])
def test_a_missing_setting_is_an_outage_that_says_so(tenant: Tenant, kim: Person, missing: str) -> None:
    with pytest.raises(Unavailable, match="is not set"):
        hub_of(tenant, **{missing: ""}).roles.has_role(User.system_user(kim.system_user), ROLE)


def test_nothing_secret_is_logged_or_told(
    directory: CachedDirectory, tenant: Tenant, kim: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for step in STEPS[1:]:
        tenant.graph.answer_where(step, json_reply({"error": {"code": "s3cret s3cret", "message": "s3cret"}}, 403))
        with pytest.raises(DirectoryDown) as caught:
            directory.has_role(User.entra_object(kim.oid), ROLE)
        assert "s3cret" not in f"{caught.value!r}{caught.value.__cause__!r}"
        tenant.graph.be_well()
    assert "s3cret" not in caplog.text
    assert tenant.graph.token not in caplog.text
