"""What every request to SuperOffice's API and every answer have in common."""

import json

import azure.functions as func
import pytest

from shared.api.superoffice.content import MAX_LIST_BYTES
from shared.api.superoffice.request import ApiRequest, no_content, refuse, warning_header
from shared.callers.caller import Caller
from shared.errors import BadRequest, Misconfigured, NotFound, TooManyRequests
from shared.roles.user import User
from tests.api.superoffice.samples import rendered

KIM = Caller(User.of_account("kim@hub.example"))


def asked(body: bytes = b"", *, params: dict[str, str] | None = None, **headers: str) -> ApiRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = func.HttpRequest("POST", "http://localhost/x", headers=named, params=params or {}, body=body)
    return ApiRequest(request, KIM)


def test_parameters_are_known_in_any_case() -> None:
    assert asked(params={"$Select": "name", "NAMEFILTER": "Mine"}).query == {"$select": "name", "namefilter": "Mine"}


def test_the_actor_knows_how_many_deliveries_led_here_and_is_refused_after_too_many() -> None:
    assert asked().actor == KIM
    assert asked(X_Hub_Hops="2").actor.hops == 2
    with pytest.raises(BadRequest, match="X-Hub-Hops"):
        _ = asked(X_Hub_Hops="5").actor


@pytest.mark.parametrize("body", [b"[]", b"5", b'"x"', b"null"])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    request = asked(body, Content_Type="application/json")
    with pytest.raises(BadRequest, match=r"^the body must be an object$") as caught:
        request.required_object()
    assert caught.value.errors[0].pointer == "#"


def test_an_empty_body_is_no_object_unless_it_is_optional() -> None:
    with pytest.raises(BadRequest, match=r"^the body must be an object$"):
        asked().required_object()
    assert asked().optional_object(("A",)) == {}
    assert asked(b'{"x": 1}', Content_Type="application/json").optional_object(("A",)) == {"x": 1}


@pytest.mark.parametrize("body", [b"", b" \r\n", b"null"])
def test_a_patch_is_required(body: bytes) -> None:
    with pytest.raises(BadRequest, match=r"^the body is required: a patch$"):
        asked(body, Content_Type="application/json").patch()


def test_an_entity_is_answered_in_the_wanted_format_and_shape() -> None:
    request = asked(params={"$select": "name,updated"}, Accept="text/json", So_Timezone="NO, includeTZOffset")
    response = request.reply(rendered(), root="Webhook", select=True)
    entity = json.loads(response.get_body())
    assert (entity["WebhookId"], entity["Name"], entity["Updated"]) == (18, "Mine", "2026-01-02T03:04:05Z")
    assert {name for name, value in entity.items() if value is not None} == {"WebhookId", "Name", "Updated"}
    assert response.headers["Content-Type"] == "text/json; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    assert json.loads(request.reply(rendered(), root="Webhook").get_body())["Events"] == ["connection.created"]


def test_a_list_is_shaped_item_by_item() -> None:
    request = asked(params={"$select": "name"})
    for value in ([rendered()], iter([rendered()])):
        [entity] = json.loads(request.reply(value, root="ArrayOfWebhook", select=True).get_body())
        assert (entity["Name"], entity["Events"]) == ("Mine", None)


def test_a_list_that_is_too_long_is_refused_with_the_parameters_that_shorten_it() -> None:
    entities = iter([{"Name": "x" * (MAX_LIST_BYTES // 2)}] * 3)
    with pytest.raises(BadRequest, match=r"^\$top and \$skip must select fewer webhooks: ") as caught:
        asked().reply(entities, root="ArrayOfWebhook", narrowed_by=("$top", "$skip"))
    assert caught.value.errors[0].pointer == "#/$top"


def test_warnings_stand_in_one_header() -> None:
    assert warning_header(()) == {}
    response = asked().reply({}, root="Webhook", warnings=("a", "b"))
    assert response.headers["X-Hub-Warning"] == "a, b"
    assert "X-Hub-Warning" not in asked().reply({}, root="Webhook").headers


def test_a_public_key_stands_in_a_header_of_its_own_and_not_in_the_body() -> None:
    response = asked().reply({}, root="Webhook", public_key="whpk_a")
    assert (response.headers["X-Hub-Public-Key"], b"whpk_" in response.get_body()) == ("whpk_a", False)
    assert "X-Hub-Public-Key" not in asked().reply({}, root="Webhook").headers


def test_no_content_is_kept_by_no_cache() -> None:
    assert (no_content().status_code, no_content().headers["Cache-Control"]) == (204, "no-store")


def test_an_error_is_json_in_the_vendors_shape_whatever_the_request_accepts() -> None:
    response = refuse(NotFound("Webhook id 9 not found"))
    assert (response.status_code, json.loads(response.get_body())["ErrorType"]) == (404, "SoNotFoundException")
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert refuse(TooManyRequests("slow down", retry_after_seconds=7)).headers["Retry-After"] == "7"
    assert b"SECRETS_KEY" not in refuse(Misconfigured("SECRETS_KEY is wrong")).get_body()
