from typing import Any

import pytest

from shared.dynamics.registration.webhook import Webhook, parse_webhook_row, same_name
from shared.errors import BadGateway

ID = "cc03d281-c95c-e911-a979-000d3a1cc8fe"
ROW: dict[str, Any] = {
    "serviceendpointid": ID.upper(),
    "name": "Hub",
    "url": "https://hub.example/x?code=s3cret",
    "description": None,
    "contract": 8,
    "authtype": 4,
    "isauthvalueset": True,
    "ismanaged": None,
}


def test_a_row_is_a_webhook_and_is_shown_without_secrets() -> None:
    webhook = parse_webhook_row(ROW)
    assert webhook == Webhook(ID, "Hub", ROW["url"], None, 4, is_auth_set=True)
    shown = webhook.as_json()
    assert (shown["url"], shown["authentication"]) == (
        "https://hub.example/x?code=********",
        {"type": "WebhookKey", "isSet": True},
    )
    assert "s3cret" not in f"{webhook!r}{shown}"
    assert ("steps" in shown, webhook.as_json([])["steps"]) == (False, [])


def test_an_endpoint_of_another_contract_is_no_webhook() -> None:
    assert parse_webhook_row({**ROW, "contract": 2}) is None


@pytest.mark.parametrize("change", [{"serviceendpointid": "x"}, {"contract": None}, {"name": 7}])
def test_an_unusable_row_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(BadGateway):
        parse_webhook_row({**ROW, **change})


def test_an_authentication_of_another_kind_has_no_type() -> None:
    webhook = parse_webhook_row({**ROW, "authtype": 2, "url": None, "name": None})
    assert webhook is not None
    assert webhook.as_json()["authentication"] == {"type": None, "isSet": True}
    assert (webhook.name, webhook.url) == ("", "")


def test_names_compare_ignoring_case() -> None:
    assert same_name("Hub", "HUB")
    assert not same_name("Hub", "Hub 2")
