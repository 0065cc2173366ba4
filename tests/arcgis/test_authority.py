"""Who may have the hub act at a service as somebody else."""

from collections.abc import Callable

import pytest

from shared.arcgis.authority import tokens_in
from shared.arcgis.callers import WorkflowRequest
from shared.arcgis.client import ArcGisToken
from shared.arcgis.connection_input import ConnectionInput
from shared.arcgis.portal import PortalDown
from shared.callers.caller import Caller
from shared.errors import Unavailable
from shared.hub.hub import Hub
from shared.roles.user import User
from tests.arcgis.parts import Parts, hub_request, member_request
from tests.arcgis.stored import WORKFLOW
from tests.fakes.server import Reply
from tests.support.arcgis import MANAGER, ArcGisOrganization, connection_document

type SignIn = Callable[[ArcGisOrganization], str]

NOBODYS: dict[str, SignIn] = {
    "a reader of the item": lambda arcgis: arcgis.portal.sign_in("bob"),
    "a user of another organization": lambda arcgis: arcgis.portal.sign_in(MANAGER, org_id="aPartner"),
    "nobody": lambda _: "nobodys-token",
}


@pytest.fixture
def item(arcgis: ArcGisOrganization) -> str:
    id_ = arcgis.add_item()
    arcgis.portal.items[id_].readers.add("bob")
    return id_


def test_the_owner_may_manage_the_service_that_agrees(arcgis_hub: Hub, arcgis: ArcGisOrganization, item: str) -> None:
    authority = Parts.of(arcgis_hub).authority
    token = arcgis.portal.sign_in(MANAGER)
    for request in (hub_request(token), member_request(arcgis_hub, token)):
        assert authority.may_manage(request, item)
        assert authority.managed_service(request, item) == arcgis.service.item_url


def test_a_token_in_the_document_shows_it_too(arcgis_hub: Hub, arcgis: ArcGisOrganization, item: str) -> None:
    members = {"fallbackUsername": MANAGER, "fallbackUserToken": arcgis.portal.sign_in(MANAGER)}
    wanted = ConnectionInput.parse(connection_document(item, **members))
    assert Parts.of(arcgis_hub).authority.managed_service(hub_request(), item, wanted) == arcgis.service.item_url


@pytest.mark.parametrize("who", NOBODYS)
def test_nobody_else_may(arcgis_hub: Hub, arcgis: ArcGisOrganization, item: str, who: str) -> None:
    arcgis.service.managers.add("bob")
    authority, request = Parts.of(arcgis_hub).authority, hub_request(NOBODYS[who](arcgis))
    assert not authority.may_manage(request, item)
    assert authority.managed_service(request, item) is None
    assert arcgis.service.journal == []


def test_without_a_token_nobody_is_asked(arcgis_hub: Hub, arcgis: ArcGisOrganization, item: str) -> None:
    assert Parts.of(arcgis_hub).authority.managed_service(hub_request(), item) is None
    assert arcgis.portal.journal == []


def test_the_portals_word_is_not_enough_to_act(arcgis_hub: Hub, arcgis: ArcGisOrganization, item: str) -> None:
    arcgis.service.managers.clear()
    authority, request = Parts.of(arcgis_hub).authority, hub_request(arcgis.portal.sign_in(MANAGER))
    assert authority.may_manage(request, item)
    assert authority.managed_service(request, item) is None


def test_the_service_that_is_asked_is_the_one_of_the_connection(
    arcgis_hub: Hub, arcgis: ArcGisOrganization, item: str
) -> None:
    bound, request = arcgis.other_service.item_url, hub_request(arcgis.portal.sign_in(MANAGER))
    assert Parts.of(arcgis_hub).authority.managed_service(request, item, service=bound) is None
    assert arcgis.service.journal == []


@pytest.mark.parametrize("url", ["https://evil.example/rest/services/x/FeatureServer", "https://evil.example/", ""])
def test_a_service_at_another_place_is_asked_nothing(
    arcgis_hub: Hub, arcgis: ArcGisOrganization, item: str, url: str
) -> None:
    arcgis.portal.items[item].url = url
    request = hub_request(arcgis.portal.sign_in(MANAGER))
    assert Parts.of(arcgis_hub).authority.managed_service(request, item) is None


def test_while_portal_or_service_is_out_of_reach_nobody_knows(
    arcgis_hub: Hub, arcgis: ArcGisOrganization, item: str
) -> None:
    authority, request = Parts.of(arcgis_hub).authority, hub_request(arcgis.portal.sign_in(MANAGER))
    arcgis.service.answer_always(Reply(503))
    with pytest.raises(Unavailable):
        authority.managed_service(request, item)
    arcgis.portal.answer_always(Reply(503))
    with pytest.raises(PortalDown):
        authority.may_manage(request, item)


def test_tokens_are_tried_in_the_order_of_their_places() -> None:
    members = {"userToken": "second", "fallbackUsername": "max", "fallbackUserToken": "third"}
    wanted = ConnectionInput.parse(connection_document("item", **members))
    request = WorkflowRequest(WORKFLOW, Caller(User.of_account("m@hub.example")), "http", ArcGisToken("first"))
    assert tokens_in(request, wanted) == (
        ArcGisToken("first"),
        ArcGisToken("second", "http"),
        ArcGisToken("third", "http"),
    )
