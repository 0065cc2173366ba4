"""Which function of this app an address reaches, and what may be registered there."""

import pytest

from shared.dynamics.registration.own_addresses import OwnAddresses, ReceivingFunction, posts_to_this_app, takes_message
from shared.dynamics.registration.step import StepSlot
from tests.dynamics.registration.samples import ELSEWHERE, EVENTS_RECEIVER, PUBLIC_URL, RECEIVER

OWN = OwnAddresses(PUBLIC_URL)


@pytest.mark.parametrize(
    ("url", "function"),
    [
        (RECEIVER, ReceivingFunction.CONNECTIONS),
        (f"{RECEIVER}/?code=x", ReceivingFunction.CONNECTIONS),
        (EVENTS_RECEIVER, ReceivingFunction.EVENTS),
        (EVENTS_RECEIVER.upper().replace("HTTPS", "http"), ReceivingFunction.EVENTS),
        (f"{EVENTS_RECEIVER}/other", None),
        (PUBLIC_URL, None),
        (ELSEWHERE, None),
        ("no address", None),
    ],
)
def test_an_address_reaches_one_function_or_none(url: str, function: ReceivingFunction | None) -> None:
    assert OWN.function_at(url) is function
    assert all(OWN.function_at(OWN.url_of(one)) is one for one in ReceivingFunction)


@pytest.mark.parametrize(
    ("url", "stage", "pointers"),
    [
        (RECEIVER, "PreOperation", ["#/steps/3/stage"]),
        (EVENTS_RECEIVER, "PreValidation", ["#/steps/3/stage"]),
        (EVENTS_RECEIVER, "PostOperation", []),
        (ELSEWHERE, "PreOperation", []),
    ],
)
def test_only_what_has_happened_may_be_sent_to_this_app(url: str, stage: str, pointers: list[str]) -> None:
    assert [error.pointer for error in OWN.stage_errors(url, stage, "#/steps/3")] == pointers


@pytest.mark.parametrize(("message", "table"), [("Create", "account"), ("Update", "connection"), ("WhoAmI", None)])
def test_one_function_takes_created_connections_and_the_other_everything(message: str, table: str | None) -> None:
    slot = StepSlot(message, table, "PostOperation")
    assert [takes_message(function, slot) for function in ReceivingFunction] == [False, True]
    assert takes_message(ReceivingFunction.CONNECTIONS, StepSlot("CREATE", "Connection", "50"))


@pytest.mark.parametrize(
    ("url", "is_ours"),
    [
        ("https://tunnel.example/api/webhooks/incoming/dynamicscrm/?code=x", True),
        ("https://tunnel.example/API/Webhooks/incoming/dynamicscrm/connection", True),
        (f"{PUBLIC_URL}/api/webhooks/incoming/dynamicscrm/contact", False),
        ("https://tunnel.example/api/webhooks/incoming/dynamicscrm%3Fx", False),
        ("https://tunnel.example/", False),
        ("no address", False),
        ("https://[tunnel]/api/webhooks/incoming/dynamicscrm", False),
        ("/api/webhooks/incoming/dynamicscrm", False),
    ],
)
def test_this_app_is_known_by_its_paths_under_any_of_its_names(url: str, *, is_ours: bool) -> None:
    assert posts_to_this_app(url) is is_ours
