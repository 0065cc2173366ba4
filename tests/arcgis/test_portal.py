import pytest

from shared.arcgis.client import ArcGisRefused, ArcGisToken
from shared.arcgis.portal import FEATURE_SERVICE, Portal, PortalDown, PortalItem, PortalUser
from shared.deadline import deadline
from shared.hub.hub import Hub
from tests.fakes.arcgis_portal import ORG
from tests.fakes.server import Reply, json_reply
from tests.support.arcgis import MANAGER, ArcGisOrganization


def portal_of(hub: Hub) -> Portal:
    return hub.arcgis.services.portal


def test_the_portal_says_who_bears_a_token(arcgis_hub: Hub, arcgis: ArcGisOrganization) -> None:
    token = ArcGisToken(arcgis.portal.sign_in("Megan", role="org_admin", referer="http"), "http")
    assert portal_of(arcgis_hub).user(token) == PortalUser("Megan", ORG, is_administrator=True)
    (asked,) = arcgis.portal.journal
    assert (asked.query, asked.body) == ({"f": "json"}, b"")


def test_who_bears_a_token_is_remembered_and_with_another_referer_asked_again(
    arcgis_hub: Hub, arcgis: ArcGisOrganization
) -> None:
    settings = arcgis_hub.settings.model_copy(update={"role_cache_seconds": 300})
    portal = portal_of(Hub.assemble(settings))
    token = arcgis.portal.sign_in("Megan", referer="http")
    assert {portal.user(ArcGisToken(token, "http")).username for _ in range(3)} == {"Megan"}
    assert len(arcgis.portal.journal) == 1
    with pytest.raises(ArcGisRefused):
        portal.user(ArcGisToken(token, "elsewhere"))


def test_a_custom_role_is_no_administrators(arcgis_hub: Hub, arcgis: ArcGisOrganization) -> None:
    token = ArcGisToken(arcgis.portal.sign_in("Megan", role="org_admin", role_id="custom"))
    assert not portal_of(arcgis_hub).user(token).is_administrator


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500, b"broken"),
        Reply(503),
        Reply(429),
        Reply(404, b"<html>", {"Content-Type": "text/html"}),
        Reply(200, b"<html>", {"Content-Type": "text/html"}),
        Reply(200, b""),
        Reply(302, b"", {"Location": "/signin"}),
        Reply(200, b'{"username": "x", "orgId"', cut=True),
        json_reply([]),
        json_reply({}),
        json_reply({"username": 7}),
        json_reply({"error": {"code": 500, "message": "Internal"}}),
    ],
    ids=lambda reply: f"{reply.status} {reply.body[:12]!r}",
)
def test_a_portal_that_fails_is_an_outage_and_never_a_refusal(
    arcgis_hub: Hub, arcgis: ArcGisOrganization, reply: Reply
) -> None:
    arcgis.portal.answer_always(reply)
    with pytest.raises(PortalDown) as caught:
        portal_of(arcgis_hub).user(ArcGisToken("a-token"))
    assert "a-token" not in f"{caught.value!r}{caught.value.__cause__!r}"


def test_a_portal_that_hangs_is_an_outage_in_time(arcgis_hub: Hub, arcgis: ArcGisOrganization) -> None:
    arcgis.portal.hang()
    with deadline(0.3), pytest.raises(PortalDown):
        portal_of(arcgis_hub).user(ArcGisToken("a-token"))


def test_an_item_is_as_the_bearer_of_the_token_sees_it(arcgis_hub: Hub, arcgis: ArcGisOrganization) -> None:
    item = arcgis.add_item()
    arcgis.portal.items[item].readers.add("bob")
    seen = {
        name: portal_of(arcgis_hub).item(item, ArcGisToken(arcgis.portal.sign_in(name))) for name in (MANAGER, "bob")
    }
    assert seen["bob"] == PortalItem(item, MANAGER, FEATURE_SERVICE, arcgis.service.item_url, False, ORG)
    assert seen[MANAGER].is_controlled


@pytest.mark.parametrize(
    ("owner", "is_administrator", "org_id", "is_controlled", "manages"),
    [
        ("megan", False, "org", False, True),
        ("bob", False, "org", False, False),
        ("bob", True, "org", False, True),
        ("bob", True, "", False, True),
        ("bob", True, "aPartner", False, False),
        ("bob", False, "aPartner", True, True),
    ],
)
def test_owner_own_administrators_and_members_of_a_shared_group_manage_an_item(
    owner: str, is_administrator: bool, org_id: str, is_controlled: bool, manages: bool
) -> None:
    item = PortalItem("id", owner, FEATURE_SERVICE, "url", is_controlled, org_id)
    assert item.may_be_managed_by(PortalUser("megan", "org", is_administrator)) is manages


def test_an_item_that_its_user_cannot_access_is_a_refusal(arcgis_hub: Hub, arcgis: ArcGisOrganization) -> None:
    token = ArcGisToken(arcgis.portal.sign_in("stranger"))
    for item in (arcgis.add_item(), "0" * 32):
        with pytest.raises(ArcGisRefused) as caught:
            portal_of(arcgis_hub).item(item, token)
        assert not caught.value.is_about_the_token
