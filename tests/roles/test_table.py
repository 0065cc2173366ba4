from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import StorageDown
from shared.hub.hub import Hub
from shared.roles.table import ROLES_TABLE, TableDirectory
from shared.roles.user import User
from tests.support.transport import Fault, JournalTransport

GUID = "cc03d281-c95c-e911-a979-000d3a1cc8fe"
GUEST = "kim_contoso.com#EXT#@fabrikam.onmicrosoft.com"


def of_role(hub: Hub, role: str) -> TableDirectory:
    return TableDirectory(hub.storage.table(ROLES_TABLE), role)


@pytest.fixture
def directory(hub: Hub) -> TableDirectory:
    return of_role(hub, "Relationship Manager")


def users(directory: TableDirectory) -> list[str]:
    return [grant.user for grant in directory.grants()]


def test_nobody_has_the_role_before_it_is_granted(directory: TableDirectory) -> None:
    assert not directory.is_member(User.system_user(GUID))
    assert users(directory) == []


@pytest.mark.parametrize("granted", [GUID, GUID.upper(), f"{{{GUID.upper()}}}", f"  {GUID}\n"])
@pytest.mark.parametrize("asked", [GUID, GUID.upper(), f"{{{GUID}}}"])
def test_a_guid_is_known_in_every_spelling(directory: TableDirectory, granted: str, asked: str) -> None:
    directory.grant(granted)
    assert directory.is_member(User.system_user(asked))
    assert users(directory) == [GUID]


@pytest.mark.parametrize("user", [GUEST, "o'neill@hub.example", "a/b\\c?d%e@hub.example", "jürgen@hub.example", "=2f"])
def test_any_upn_can_have_the_role(directory: TableDirectory, user: str) -> None:
    directory.grant(user)
    assert directory.is_member(User.of_account(user))
    assert directory.is_member(User.of_account(user.upper()))
    assert users(directory) == [user.lower()]


def test_the_role_of_one_user_is_not_anothers(directory: TableDirectory) -> None:
    directory.grant(GUEST)
    assert not directory.is_member(User.of_account("kim@fabrikam.onmicrosoft.com"))
    assert not directory.is_member(User.of_account("kim_contoso.com=23ext=23@fabrikam.onmicrosoft.com"))


@pytest.mark.parametrize("role", ["A/B", "Relationship Manager (EMEA) #1?", "%2F", "Kundenbetreuer äöü", "it's"])
def test_a_role_may_have_any_name_and_is_another_than_the_rest(hub: Hub, directory: TableDirectory, role: str) -> None:
    of_role(hub, role).grant(GUID)
    assert of_role(hub, role.upper()).is_member(User.system_user(GUID))
    assert not directory.is_member(User.system_user(GUID))
    assert [(grant.user, grant.role) for grant in of_role(hub, role).grants()] == [(GUID, role)]


@pytest.mark.parametrize("name", ["manager@hub.example", GUID, "Megan_Manager", "o'neill/a#b"])
def test_an_arcgis_user_has_the_role_by_a_row_of_their_own_kind_alone(directory: TableDirectory, name: str) -> None:
    directory.grant(name)
    assert not directory.is_member(User.arcgis(name))
    directory.revoke(name)
    directory.grant(f"ArcGIS:{name}")
    assert directory.is_member(User.arcgis(name))
    assert not directory.is_member(User.of_account(name))
    assert users(directory) == [f"arcgis:{name}"]


def test_arcgis_tells_names_apart_by_their_case(directory: TableDirectory) -> None:
    directory.grant("arcgis:Megan")
    assert not directory.is_member(User.arcgis("megan"))


def test_a_user_whose_name_only_looks_alike_does_not_have_the_role(directory: TableDirectory) -> None:
    directory.grant("sam@hub.example")
    assert not directory.is_member(User.of_account("\u017fam@hub.example"))


def test_a_revoked_role_is_gone(directory: TableDirectory) -> None:
    directory.grant(GUID)
    assert directory.revoke(f"{{{GUID.upper()}}}")
    assert not directory.is_member(User.system_user(GUID))
    assert users(directory) == []


def test_revoking_what_nobody_has_says_so(directory: TableDirectory) -> None:
    assert not directory.revoke(GUID)
    directory.grant(GUEST)
    assert not directory.revoke(GUID)
    assert users(directory) == [GUEST.lower()]


def test_granting_again_changes_the_note_only(directory: TableDirectory) -> None:
    directory.grant(GUID, note="Kim")
    directory.grant(GUID, note="Kim Abercrombie")
    assert [(grant.user, grant.note) for grant in directory.grants()] == [(GUID, "Kim Abercrombie")]


def test_grants_are_listed_in_order_and_dated(directory: TableDirectory) -> None:
    for user in ("b@hub.example", "a@hub.example"):
        directory.grant(user)
    grants = list(directory.grants())
    assert [grant.user for grant in grants] == ["a@hub.example", "b@hub.example"]
    assert all(grant.granted_at and abs(grant.granted_at - datetime.now(UTC)) < timedelta(hours=1) for grant in grants)


def test_asking_is_one_transaction(directory: TableDirectory, transport: JournalTransport) -> None:
    directory.is_member(User.system_user(GUID))
    assert transport.summary == ["GET roles"]


def test_an_outage_is_neither_yes_nor_no(directory: TableDirectory, transport: JournalTransport) -> None:
    transport.fail(1, Fault.BEFORE)
    with pytest.raises(StorageDown):
        directory.is_member(User.system_user(GUID))


@pytest.mark.parametrize("is_member", [True, False])
def test_an_explanation_names_table_user_and_role(directory: TableDirectory, *, is_member: bool) -> None:
    if is_member:
        directory.grant(GUID)
    steps: list[str] = []
    assert directory.explain(User.system_user(GUID), steps.append) == is_member
    assert all(word in steps[0] for word in (ROLES_TABLE, GUID, "Relationship Manager"))
    assert ("does not have" in steps[0]) == (not is_member)


def test_a_hub_remembers_an_answer_as_long_as_its_settings_say(hub: Hub, transport: JournalTransport) -> None:
    assert hub.settings.role_cache_seconds == 300
    assert [hub.roles.has_role(User.system_user(GUID), "Relationship Manager") for _ in range(5)] == [False] * 5
    assert transport.summary == ["GET roles"]
