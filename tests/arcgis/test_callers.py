"""ArcGIS callers: where their tokens stand, and who they are."""

import pytest

from shared.arcgis.callers import ArcGisCallers, find_arcgis_token
from shared.arcgis.client import ArcGisToken
from shared.arcgis.portal import PortalUser
from shared.errors import Forbidden, Unauthenticated
from shared.roles.user import User, UserKind

TOKEN = "3NKHt6i2urmWtqOuugvr9a.."
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJvaWQiOiJ4In0.c2lnbmF0dXJl"
API_KEY = "hub_WmZhc2RmYXNkZg"


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"x-esri-authorization": f"Bearer {TOKEN}"}, {}),
        ({"authorization": f"Bearer {TOKEN}"}, {}),
        ({"authorization": f"bearer  {TOKEN} "}, {}),
        ({}, {"token": TOKEN}),
        ({"x-esri-authorization": f"Bearer {TOKEN}", "authorization": "Bearer another"}, {"token": "third"}),
        ({"authorization": f"Bearer {TOKEN}"}, {"token": "third"}),
        ({"x-esri-authorization": "Basic x"}, {"token": TOKEN}),
    ],
)
def test_a_token_is_found_in_each_of_its_places(headers: dict[str, str], query: dict[str, str]) -> None:
    assert find_arcgis_token(headers, query) == ArcGisToken(TOKEN)


@pytest.mark.parametrize(
    "headers",
    [{"authorization": f"Bearer {JWT}"}, {"authorization": f"Bearer {API_KEY}"}, {"authorization": "Basic x"}, {}],
)
def test_callers_of_the_hubs_own_come_first(headers: dict[str, str]) -> None:
    assert find_arcgis_token(headers, {}) is None
    if headers:
        assert find_arcgis_token({**headers, "x-esri-authorization": f"Bearer {TOKEN}"}, {"token": TOKEN}) is None


def test_the_referer_goes_along() -> None:
    found = find_arcgis_token({"x-esri-authorization": f"Bearer {TOKEN}", "referer": "http"}, {})
    assert found == ArcGisToken(TOKEN, "http")
    assert TOKEN not in repr(found)


@pytest.mark.parametrize("token", ["a b", "a\r\nb", "é", "a,b", "x" * 10_001, "<x>"])
def test_what_is_no_token_is_nobodys(token: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        find_arcgis_token({}, {"token": token})
    # At these words Esri's client would stop sending its token.
    assert "invalid token" not in caught.value.detail.lower()


class OneUser:
    """Says that every token is this user's."""

    def __init__(self, user: PortalUser) -> None:
        self._user = user

    def user(self, _token: ArcGisToken) -> PortalUser:
        return self._user


def test_a_user_is_known_by_their_name_as_the_portal_spells_it() -> None:
    callers = ArcGisCallers(OneUser(PortalUser("Megan", "org", False)), ("org",))
    caller = callers.caller(ArcGisToken(TOKEN), "org")
    assert caller.user == User(UserKind.ARCGIS, "arcgis:Megan")
    assert not caller.is_application
    assert TOKEN not in repr(caller)


@pytest.mark.parametrize(
    ("path_org", "user_org", "served"), [("org", "other", "org"), ("org", "org", "x"), ("x", "org", "org")]
)
def test_a_user_of_another_organization_is_not_allowed(path_org: str, user_org: str, served: str) -> None:
    callers = ArcGisCallers(OneUser(PortalUser("Megan", user_org, False)), (served,))
    with pytest.raises(Forbidden):
        callers.caller(ArcGisToken(TOKEN), path_org)


@pytest.mark.parametrize(
    "name",
    [
        "manager@hub.example",
        "Manager@Hub.Example",
        "5f0b4c8e-2d6a-4c5e-9a53-7b1c0e4d9a21",
        "{5F0B4C8E-2D6A-4C5E-9A53-7B1C0E4D9A21}",
        "arcgis:megan",
        " megan",
    ],
)
def test_a_name_is_no_id_of_anybody_else(name: str) -> None:
    callers = ArcGisCallers(OneUser(PortalUser(name, "org", False)), ("org",))
    user = callers.caller(ArcGisToken(TOKEN), "org").user
    assert user == User(UserKind.ARCGIS, f"arcgis:{name}")
    assert user not in {User.of_account(name), User.arcgis("megan")}
