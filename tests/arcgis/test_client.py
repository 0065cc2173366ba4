import pytest

from shared.api.arcgis import arcgis_error
from shared.arcgis.client import ArcGisOutage, ArcGisRefused, ArcGisToken, refuse_errors
from shared.arcgis.portal import Portal, PortalDown, PortalUser
from shared.deadline import deadline
from shared.errors import BadRequest, FieldError, Misconfigured, StorageDown
from shared.hub.hub import Hub
from tests.fakes.arcgis_portal import ORG
from tests.fakes.server import Reply, json_reply
from tests.support.arcgis import ArcGisOrganization
from tests.support.cases import holds_for


def portal_of(hub: Hub) -> Portal:
    return hub.arcgis.services.portal


@holds_for(
    ("content", "code"),
    [
        ({"error": {"code": 498, "message": "Invalid token.", "details": []}}, 498),
        ({"error": {"code": 400, "messageCode": "CONT_0001", "message": "Item does not exist"}}, 400),
        ({"error": "text"}, 400),
        ({"error": None}, 400),
        ({"status": "error", "messages": ["no", "way"]}, 400),
        ({"status": "Failed"}, 400),
        ({"status": "failure", "code": 403}, 403),
        ({"code": 404, "message": "gone"}, 404),
    ],
)
def test_an_error_is_told_by_the_body_and_not_by_the_status(content: object, code: int) -> None:
    with pytest.raises(ArcGisRefused) as caught:
        refuse_errors("somebody", content)
    assert caught.value.code == code


@pytest.mark.parametrize("content", [{}, [], {"status": "success"}, {"code": 404}, {"code": 200, "message": ""}, "x"])
def test_anything_else_is_none(content: object) -> None:
    refuse_errors("somebody", content)


@pytest.mark.parametrize("content", [{"error": {"code": 500, "message": "Internal"}}, {"code": 503, "message": "busy"}])
def test_an_error_of_the_server_is_an_outage(content: object) -> None:
    with pytest.raises(ArcGisOutage):
        refuse_errors("somebody", content)


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


def test_an_error_has_workflow_managers_shape() -> None:
    refusal = BadRequest.of([FieldError("#/secret", "secret: this is needed")])
    assert arcgis_error(refusal) == {
        "error": {
            "code": 400,
            "message": "secret: this is needed",
            "type": "InvalidArgumentsException",
            "details": [{"field": "secret", "message": "secret: this is needed"}],
        }
    }


def test_what_is_wrong_with_storage_is_not_told() -> None:
    error = arcgis_error(StorageDown("list connections: storage answered 431"))["error"]
    assert error == {
        "code": 503,
        "message": "storage is out of reach",
        "type": "UnexpectedResultsException",
        "details": [],
    }


def test_a_wrong_setting_is_not_told() -> None:
    body = arcgis_error(Misconfigured("SECRETS_KEY is wrong"))
    assert "SECRETS_KEY" not in str(body)
    assert arcgis_error(PortalDown("x"))["error"] == {
        "code": 503,
        "message": "x",
        "type": "PortalException",
        "details": [],
    }
