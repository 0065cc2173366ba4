"""Type `webhook`: the headers of SuperOffice's callback, its signatures, and its way to a receiver."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from shared.delivery.callback import CallbackEvent, as_body, callback_content
from shared.delivery.deliverer import ReceiverConsent
from shared.delivery.superoffice_callback import SuperOfficeCallback, callback_headers
from shared.version import __version__
from shared.webhooks.signing import InvalidSecret, superoffice_signature
from tests.api.superoffice.samples import registered
from tests.delivery.test_callback import CHANGED, TEST
from tests.fakes.receiver import Receiver, answers
from tests.outbound.calling import http_client

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def headers(event: CallbackEvent = CHANGED, **changes: object) -> dict[str, str]:
    """The headers of a first attempt without a secret, but for the changes."""
    given: dict[str, object] = {"retry": 0, "custom": None, "secrets": (), "at": NOW}
    return callback_headers(event, b"{}", **(given | changes))  # type: ignore[arg-type]  # checked by the call


def test_an_attempt_posts_the_content_signed_and_says_when_it_began_and_how_long_it_took(receiver: Receiver) -> None:
    receiver.behave(answers(500, b"no"))
    webhook = registered().webhook.model_copy(update={"target_url": f"{receiver.url}/hook", "headers": {"X-A": "b"}})
    deliverer = SuperOfficeCallback(http_client(), lambda: NOW + timedelta(seconds=2))
    attempt = deliverer.deliver(webhook, ["s"], CHANGED, retry=3, at=NOW)
    assert (attempt.at, attempt.duration, attempt.status) == (NOW, timedelta(seconds=2), 500)
    (visit,) = receiver.journal
    assert json.loads(visit.body) == callback_content(CHANGED, webhook.name, webhook.properties)
    assert visit.headers["x-superoffice-signature"] == superoffice_signature("s", visit.body)
    assert (visit.headers["x-superoffice-retry"], visit.headers["x-a"]) == ("3", "b")
    assert visit.headers["webhook-timestamp"] == str(int(NOW.timestamp()))


def test_the_head_of_the_answer_is_told(receiver: Receiver) -> None:
    heads: list[int] = []
    webhook = registered().webhook.model_copy(update={"target_url": receiver.url})
    deliverer = SuperOfficeCallback(http_client(), lambda: NOW)
    deliverer.deliver(webhook, [], CHANGED, retry=0, at=NOW, on_head=lambda: heads.append(len(receiver.journal)))
    assert heads == [1]


def test_there_is_no_handshake(receiver: Receiver) -> None:
    assert SuperOfficeCallback(http_client(), lambda: NOW).ask_consent(registered().webhook) == ReceiverConsent()
    assert receiver.journal == []


def test_the_header_of_a_state_event_has_its_number() -> None:
    event = replace(CHANGED, event="webhook12.errors", body_event="webhook.errors")
    assert headers(event)["X-SuperOffice-Event"] == "webhook12.errors"


def test_the_headers_of_a_first_attempt_without_a_secret() -> None:
    assert headers() == {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": f"DynamicsWebhookHub/{__version__}",
        "X-SuperOffice-Event": "contact.changed",
        "X-SuperOffice-EventId": "e7bbf3d2-cba7-5705-a419-383f6a5bd78e",
        "X-Hub-Hops": "1",
    }


def test_a_delivery_is_one_hop_further_than_its_event() -> None:
    assert headers(replace(CHANGED, hops=3), custom={"x-hub-hops": "0"})["X-Hub-Hops"] == "4"


def test_a_retry_says_which_it_is() -> None:
    assert headers(retry=2)["X-SuperOffice-Retry"] == "2"


def test_the_test_event_says_so() -> None:
    assert headers(TEST)["X-Hook-Test"] == "true"


def test_superoffices_signature_is_made_with_the_first_secret() -> None:
    signed = headers(secrets=("new", "old"))
    assert signed["X-SuperOffice-Signature"] == superoffice_signature("new", b"{}")
    assert len(signed["webhook-signature"].split()) == 2


def test_a_private_key_makes_no_signature_of_superoffices() -> None:
    key, text = f"whsk_{base64.b64encode(bytes(32)).decode()}", "old"
    assert "X-SuperOffice-Signature" not in headers(secrets=(key,))
    during_a_rotation = headers(secrets=(key, text))
    assert "X-SuperOffice-Signature" not in during_a_rotation
    assert [one.partition(",")[0] for one in during_a_rotation["webhook-signature"].split()] == ["v1a", "v1"]
    back_again = headers(secrets=(text, key))
    assert back_again["X-SuperOffice-Signature"] == superoffice_signature(text, b"{}")
    assert [one.partition(",")[0] for one in back_again["webhook-signature"].split()] == ["v1", "v1a"]


def test_a_receiver_with_the_reference_library_accepts_the_callback() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = as_body(callback_content(CHANGED, "n"))
    signed = callback_headers(CHANGED, body, retry=1, custom={"X-A": "b"}, secrets=(secret,), at=datetime.now(UTC))
    assert Webhook(secret).verify(body, signed)["PrimaryKey"] == 18


def test_the_message_id_is_the_same_for_all_attempts_and_the_time_is_not() -> None:
    first, second = headers(secrets=("s",)), headers(secrets=("s",), retry=1, at=NOW + timedelta(seconds=4))
    assert first["webhook-id"] == second["webhook-id"] == CHANGED.event_id
    assert int(second["webhook-timestamp"]) == int(first["webhook-timestamp"]) + 4


def test_custom_headers_go_along() -> None:
    assert headers(custom={"Authorization": "Bearer t"})["Authorization"] == "Bearer t"


@pytest.mark.parametrize(
    "name", ["content-type", "x-superoffice-event", "X-SUPEROFFICE-SIGNATURE", "Webhook-Id", "host"]
)
def test_a_custom_header_replaces_none_of_ours(name: str) -> None:
    assert headers(custom={name: "forged"}, secrets=("s",)) == headers(secrets=("s",))


@pytest.mark.parametrize("name", ["User-Agent", "user-agent", "Accept"])
def test_a_custom_header_may_say_who_calls_and_what_is_accepted(name: str) -> None:
    sent = headers(custom={name: "mine"})
    assert [text for given, text in sent.items() if given.lower() == name.lower()] == ["mine"]


def test_a_secret_that_cannot_sign_stops_the_callback() -> None:
    with pytest.raises(InvalidSecret):
        headers(secrets=("whsec_",))
