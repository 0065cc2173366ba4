from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import StorageDown
from shared.hub.hub import Hub
from shared.roles.table import ROLES_TABLE, TableRoles
from shared.roles.user import User
from tests.support.transport import Fault, JournalTransport

ROLE = "Relationship Manager"
GUID = "cc03d281-c95c-e911-a979-000d3a1cc8fe"
GUEST = "kim_contoso.com#EXT#@fabrikam.onmicrosoft.com"


@pytest.fixture
def roles(hub: Hub) -> TableRoles:
    return TableRoles(hub.storage.table(ROLES_TABLE))


def users(roles: TableRoles) -> list[str]:
    return [grant.user for grant in roles.grants(ROLE)]


def test_nobody_has_the_role_before_it_is_granted(roles: TableRoles) -> None:
    assert not roles.has_role(User.system_user(GUID), ROLE)
    assert users(roles) == []


@pytest.mark.parametrize("granted", [GUID, GUID.upper(), f"{{{GUID.upper()}}}", f"  {GUID}\n"])
@pytest.mark.parametrize("asked", [GUID, GUID.upper(), f"{{{GUID}}}"])
def test_a_guid_is_known_in_every_spelling(roles: TableRoles, granted: str, asked: str) -> None:
    roles.grant(granted, ROLE)
    assert roles.has_role(User.system_user(asked), ROLE)
    assert users(roles) == [GUID]


@pytest.mark.parametrize("user", [GUEST, "o'neill@hub.example", "a/b\\c?d%e@hub.example", "jürgen@hub.example", "=2f"])
def test_any_upn_can_have_the_role(roles: TableRoles, user: str) -> None:
    roles.grant(user, ROLE)
    assert roles.has_role(User.of_account(user), ROLE)
    assert roles.has_role(User.of_account(user.upper()), ROLE)
    assert users(roles) == [user.lower()]


def test_the_role_of_one_user_is_not_anothers(roles: TableRoles) -> None:
    roles.grant(GUEST, ROLE)
    assert not roles.has_role(User.of_account("kim@fabrikam.onmicrosoft.com"), ROLE)
    assert not roles.has_role(User.of_account("kim_contoso.com=23ext=23@fabrikam.onmicrosoft.com"), ROLE)


@pytest.mark.parametrize("role", ["A/B", "Relationship Manager (EMEA) #1?", "%2F", "Kundenbetreuer äöü", "it's"])
def test_a_role_may_have_any_name_and_is_another_than_the_rest(roles: TableRoles, role: str) -> None:
    roles.grant(GUID, role)
    assert roles.has_role(User.system_user(GUID), role.upper())
    assert not roles.has_role(User.system_user(GUID), ROLE)
    assert [(grant.user, grant.role) for grant in roles.grants(role)] == [(GUID, role)]


@pytest.mark.parametrize("name", ["manager@hub.example", GUID, "Megan_Manager", "o'neill/a#b"])
def test_an_arcgis_user_has_the_role_by_a_row_of_their_own_kind_alone(roles: TableRoles, name: str) -> None:
    roles.grant(name, ROLE)
    assert not roles.has_role(User.arcgis(name), ROLE)
    roles.revoke(name, ROLE)
    roles.grant(f"ArcGIS:{name}", ROLE)
    assert roles.has_role(User.arcgis(name), ROLE)
    assert not roles.has_role(User.of_account(name), ROLE)
    assert users(roles) == [f"arcgis:{name}"]


def test_arcgis_tells_names_apart_by_their_case(roles: TableRoles) -> None:
    roles.grant("arcgis:Megan", ROLE)
    assert not roles.has_role(User.arcgis("megan"), ROLE)


def test_a_user_whose_name_only_looks_alike_does_not_have_the_role(roles: TableRoles) -> None:
    roles.grant("sam@hub.example", ROLE)
    assert not roles.has_role(User.of_account("\u017fam@hub.example"), ROLE)


def test_a_revoked_role_is_gone(roles: TableRoles) -> None:
    roles.grant(GUID, ROLE)
    assert roles.revoke(f"{{{GUID.upper()}}}", ROLE)
    assert not roles.has_role(User.system_user(GUID), ROLE)
    assert users(roles) == []


def test_revoking_what_nobody_has_says_so(roles: TableRoles) -> None:
    assert not roles.revoke(GUID, ROLE)
    roles.grant(GUEST, ROLE)
    assert not roles.revoke(GUID, ROLE)
    assert users(roles) == [GUEST.lower()]


def test_granting_again_changes_the_note_only(roles: TableRoles) -> None:
    roles.grant(GUID, ROLE, note="Kim")
    roles.grant(GUID, ROLE, note="Kim Abercrombie")
    assert [(grant.user, grant.note) for grant in roles.grants(ROLE)] == [(GUID, "Kim Abercrombie")]


def test_grants_are_listed_in_order_and_dated(roles: TableRoles) -> None:
    for user in ("b@hub.example", "a@hub.example"):
        roles.grant(user, ROLE)
    grants = list(roles.grants(ROLE))
    assert [grant.user for grant in grants] == ["a@hub.example", "b@hub.example"]
    assert all(grant.granted_at and abs(grant.granted_at - datetime.now(UTC)) < timedelta(hours=1) for grant in grants)


def test_asking_is_one_transaction(roles: TableRoles, transport: JournalTransport) -> None:
    roles.has_role(User.system_user(GUID), ROLE)
    assert transport.summary == ["GET roles"]


def test_an_outage_is_neither_yes_nor_no(roles: TableRoles, transport: JournalTransport) -> None:
    transport.fail(1, Fault.BEFORE)
    with pytest.raises(StorageDown):
        roles.has_role(User.system_user(GUID), ROLE)


@pytest.mark.parametrize("has_role", [True, False])
def test_an_explanation_names_table_user_and_role(roles: TableRoles, *, has_role: bool) -> None:
    if has_role:
        roles.grant(GUID, ROLE)
    steps: list[str] = []
    assert roles.explain(User.system_user(GUID), ROLE, steps.append) == has_role
    assert all(word in steps[0] for word in (ROLES_TABLE, GUID, "Relationship Manager"))
    assert ("does not have" in steps[0]) == (not has_role)


def test_a_hub_remembers_an_answer_as_long_as_its_settings_say(hub: Hub, transport: JournalTransport) -> None:
    assert hub.settings.role_cache_seconds == 300
    assert [hub.roles.has_role(User.system_user(GUID), "Relationship Manager") for _ in range(5)] == [False] * 5
    assert transport.summary == ["GET roles"]


def test_a_user_of_dataverse_has_the_role_by_either_of_the_two_ids_in_a_request(roles: TableRoles) -> None:
    entra_id = "0d8f7c52-6a3e-4b19-9c4d-1f2e3a4b5c6d"
    user = User.system_user(GUID, entra_id=entra_id.upper())
    assert not roles.has_role(user, ROLE)
    roles.grant(entra_id, ROLE)
    assert roles.has_role(user, ROLE)
    assert not roles.has_role(User.system_user(GUID), ROLE)
    roles.revoke(entra_id, ROLE)
    roles.grant(GUID, ROLE)
    assert roles.has_role(user, ROLE)
