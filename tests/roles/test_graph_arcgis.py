"""ArcGIS users in the graph directory: their names are UPNs there, or nobody's."""

import pytest

from shared.errors import DirectoryDown
from shared.roles.directory import CachedDirectory
from shared.roles.user import User
from tests.roles.graph_directory import graph_directory
from tests.support.tenant import LIST, ROLE, SITE, Tenant


@pytest.fixture
def directory(tenant: Tenant) -> CachedDirectory:
    return graph_directory(tenant)


def is_manager(directory: CachedDirectory, user: User) -> bool:
    return directory.has_role(user, "Relationship Manager")


def test_an_arcgis_user_whose_name_is_a_members_upn_is_one(directory: CachedDirectory, tenant: Tenant) -> None:
    kim, other = tenant.add_person(), tenant.add_person(is_member=False)
    assert [is_manager(directory, User.arcgis(person.upn)) for person in (kim, other)] == [True, False]


def test_a_name_that_is_an_object_id_or_no_upn_is_nobodys_and_graph_is_not_asked(
    directory: CachedDirectory, tenant: Tenant
) -> None:
    kim = tenant.add_person()
    names = [kim.oid, kim.oid.upper(), kim.system_user, kim.upn.partition("@")[0], "me", "..", f"{kim.upn}/x", ""]
    assert [name for name in names if is_manager(directory, User.arcgis(name))] == []
    assert tenant.graph.journal == []


@pytest.mark.parametrize(
    ("listed", "twin"), [("Straßenbau", "Strassenbau"), ("Sales", "\u017fales"), ("KAM", "\u212aAM")]
)
def test_a_group_whose_name_only_looks_like_the_one_in_the_list_does_not_have_the_role(
    directory: CachedDirectory, tenant: Tenant, listed: str, twin: str
) -> None:
    kim = tenant.add_person(is_member=False)
    tenant.graph.lists.clear()
    tenant.graph.add_role(SITE, LIST, ROLE, listed)
    tenant.graph.add_group(twin, [kim.oid])
    with pytest.raises(DirectoryDown, match="there must be exactly one"):
        is_manager(directory, User.entra_object(kim.oid))
