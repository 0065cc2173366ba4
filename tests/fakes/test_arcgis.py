"""The fakes of ArcGIS answer as ArcGIS does (docs/sources/arcgis.md 3 to 5)."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.arcgis.samples import BASE64, BODY, SECRET
from tests.fakes.feature_service import signature
from tests.fakes.receiver import Receiver, answers
from tests.support.arcgis import MANAGER, ArcGisOrganization, running_organization


@pytest.fixture
def arcgis() -> Iterator[ArcGisOrganization]:
    with running_organization() as running:
        yield running


def ask(arcgis: ArcGisOrganization, path: str, token: str = "") -> dict[str, Any]:
    url = f"{arcgis.portal.url}/sharing/rest{path}"
    response = requests.get(url, {"f": "json", **({"token": token} if token else {})}, timeout=10)
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


def manage(arcgis: ArcGisOrganization, token: str, path: str, **form: str) -> Any:  # noqa: ANN401 - JSON of any kind
    url = f"{arcgis.service.url}{arcgis.service.admin_path}/WebHooks{path}"
    return requests.post(url, {"f": "json", "token": token, **form}, timeout=10).json()


def test_the_signature_is_the_documented_one() -> None:
    assert signature(BODY, SECRET) == f"sha256={BASE64}"


def test_errors_of_the_portal_come_with_status_200(arcgis: ArcGisOrganization) -> None:
    token = arcgis.portal.sign_in("max")
    assert ask(arcgis, "/community/self")["error"]["code"] == 499
    assert ask(arcgis, "/community/self", "nobodys")["error"]["code"] == 498
    assert ask(arcgis, "/content/items/x", token)["error"]["messageCode"] == "CONT_0001"
    assert ask(arcgis, "/content/items/" + arcgis.add_item(), token)["error"]["messageCode"] == "CONT_0001"
    assert ask(arcgis, "/community/self", token)["username"] == "max"


def test_only_managers_of_a_service_see_its_webhooks(arcgis: ArcGisOrganization) -> None:
    arcgis.add_item()
    assert manage(arcgis, arcgis.portal.sign_in(MANAGER), "") == []
    assert manage(arcgis, arcgis.portal.sign_in("max"), "")["error"]["code"] == 403
    assert manage(arcgis, "nobodys", "")["error"]["code"] == 498


def test_an_address_that_does_not_answer_the_challenge_is_not_registered(
    arcgis: ArcGisOrganization, receiver: Receiver
) -> None:
    arcgis.add_item()
    receiver.behave(answers(200, b'{"response_token": "sha256=AAAA"}'))
    token = arcgis.portal.sign_in(MANAGER)
    hook = {"name": "n", "hookUrl": f"{receiver.url}/hook?code=key"}
    assert "error" in manage(arcgis, token, "/create", **hook, signatureKey=SECRET)
    (challenge,) = receiver.journal
    assert set(challenge.query) == {"code", "crc_token"}
    # Without a key nobody is challenged.
    assert "url" in manage(arcgis, token, "/create", **hook)
    assert "error" in manage(arcgis, token, "/create", **hook)
