"""Whom a connection may act as."""

from dataclasses import replace

import pytest

from shared.arcgis.client import ArcGisToken
from shared.arcgis.connection_input import ConnectionInput
from shared.arcgis.consent import Consent
from shared.errors import BadRequest
from shared.hub.hub import Hub
from tests.arcgis.parts import Parts, hub_request, member_request
from tests.arcgis.stored import NOW, WORKFLOW, consent, store
from tests.support.arcgis import MANAGER, ArcGisOrganization, connection_document


@pytest.fixture
def item(arcgis: ArcGisOrganization) -> str:
    return arcgis.add_item()


def wanted(item: str, **members: object) -> ConnectionInput:
    return ConnectionInput.parse(connection_document(item, **members))


def refused(error: BadRequest) -> list[str]:
    return [one.pointer for one in error.errors]


def test_a_caller_acts_as_themselves_unless_somebody_is_named(
    arcgis_hub: Hub, arcgis: ArcGisOrganization, item: str
) -> None:
    token = arcgis.portal.sign_in(MANAGER)
    proved = Parts.of(arcgis_hub).run_as.prove(member_request(arcgis_hub, token), wanted(item))
    assert (proved.username, proved.fallback_username) == (MANAGER, None)
    assert proved.consents == (Consent(MANAGER, ArcGisToken(token), NOW),)
    assert (proved.in_hand, proved.service) == (frozenset({MANAGER}), arcgis.service.item_url)
    assert not proved.is_proved


def test_a_caller_of_the_hubs_own_must_name_somebody(arcgis_hub: Hub, item: str) -> None:
    with pytest.raises(BadRequest, match="username is required") as caught:
        Parts.of(arcgis_hub).run_as.prove(hub_request(), wanted(item))
    assert refused(caught.value) == ["#/username"]


@pytest.mark.parametrize(
    ("signed_in", "phrase"),
    [
        ({"username": "bob"}, "userToken must be a token of the user in username"),
        ({"username": MANAGER, "org_id": "aPartner"}, "userToken is not accepted: the user's organization"),
        (None, "userToken is not accepted by the portal"),
    ],
)
def test_a_token_must_be_of_the_user_that_is_named(
    arcgis_hub: Hub, arcgis: ArcGisOrganization, item: str, signed_in: dict[str, str] | None, phrase: str
) -> None:
    token = "nobodys" if signed_in is None else arcgis.portal.sign_in(**signed_in)
    with pytest.raises(BadRequest, match=phrase) as caught:
        Parts.of(arcgis_hub).run_as.prove(hub_request(), wanted(item, username=MANAGER, userToken=token))
    assert refused(caught.value) == ["#/userToken"]


def test_a_stored_consent_counts_for_who_may_manage_the_service(
    arcgis_hub: Hub, arcgis: ArcGisOrganization, item: str
) -> None:
    arcgis.portal.items[item].readers |= {"max", "bob"}
    consent(arcgis_hub, "max", arcgis.portal.sign_in("max"))
    run_as, document = Parts.of(arcgis_hub).run_as, wanted(item, username="max")
    proved = run_as.prove(hub_request(arcgis.portal.sign_in(MANAGER)), document)
    assert (proved.service, proved.is_proved, proved.in_hand) == (arcgis.service.item_url, True, frozenset())
    with pytest.raises(BadRequest, match="only counts for callers who may manage") as caught:
        run_as.prove(hub_request(arcgis.portal.sign_in("bob")), document)
    assert refused(caught.value) == ["#/username"]


def test_a_user_whom_the_connection_has_is_not_checked_again(
    arcgis_hub: Hub, arcgis: ArcGisOrganization, item: str
) -> None:
    consent(arcgis_hub, "megan", "expired")
    before = store(arcgis_hub, item, service=arcgis.service.item_url)
    proved = Parts.of(arcgis_hub).run_as.prove(hub_request(), wanted(item, username="megan"), before)
    assert (proved.service, arcgis.portal.journal) == (arcgis.service.item_url, [])
    with pytest.raises(BadRequest, match="username has not consented yet"):
        Parts.of(arcgis_hub).run_as.prove(hub_request(), wanted(item, username="max"), before)


def test_an_update_binds_no_connection_without_a_proof(arcgis_hub: Hub, arcgis: ArcGisOrganization, item: str) -> None:
    before = store(arcgis_hub, item, username=MANAGER)
    document = wanted(item, username=MANAGER, userToken=arcgis.portal.sign_in(MANAGER))
    assert Parts.of(arcgis_hub).run_as.prove(hub_request(), document, before).service is None


def test_an_item_that_is_no_feature_service_is_refused(arcgis_hub: Hub, arcgis: ArcGisOrganization, item: str) -> None:
    arcgis.portal.items[item] = replace(arcgis.portal.items[item], type="Web Map")
    with pytest.raises(BadRequest, match="itemId must be the id of a Feature Service"):
        Parts.of(arcgis_hub).run_as.prove(member_request(arcgis_hub, arcgis.portal.sign_in(MANAGER)), wanted(item))


def test_an_address_that_changes_while_it_is_read_is_refused(
    arcgis_hub: Hub, arcgis: ArcGisOrganization, item: str
) -> None:
    arcgis.portal.items[item].readers.add("max")
    arcgis.portal.items[item].urls_to_come = [arcgis.service.item_url, arcgis.other_service.item_url]
    members = {"fallbackUsername": "max", "fallbackUserToken": arcgis.portal.sign_in("max")}
    request = member_request(arcgis_hub, arcgis.portal.sign_in(MANAGER))
    with pytest.raises(BadRequest, match="itemId: the address of the item changed while it was read"):
        Parts.of(arcgis_hub).run_as.prove(request, wanted(item, **members))
    assert Parts.of(arcgis_hub).consents.get(WORKFLOW, "max") is None
