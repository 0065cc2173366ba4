"""What all types that call a URL have in common: the checks before a save, and one post."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.delivery.attempt import Verdict
from shared.delivery.http_deliverer import HttpDeliverer
from shared.delivery.redaction import Redaction
from shared.outbound.addresses import Address
from shared.outbound.resolver import NameNotResolved
from shared.webhooks.webhook import WEBHOOK_TYPES, WebhookInput, parse_webhook
from tests.fakes.receiver import Receiver, answers
from tests.outbound.calling import STRICT, http_client

BEGUN = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
TOOK = timedelta(seconds=3)


def deliverer() -> HttpDeliverer:
    return HttpDeliverer(http_client(), lambda: BEGUN + TOOK)


def webhook(url: str, **headers: str) -> WebhookInput:
    document = {"Name": "Mine", "Events": ["x"], "TargetUrl": url, "Headers": headers}
    return parse_webhook(document, types=WEBHOOK_TYPES)


def test_a_webhook_with_nothing_wrong_is_refused_nothing_and_nobody_is_called(receiver: Receiver) -> None:
    assert deliverer().refusals(webhook(receiver.url, Authorization="Bearer t"), "a secret") == []
    assert (receiver.connections, deliverer().refusals(webhook(receiver.url), None)) == (0, [])


def test_everything_that_is_wrong_is_refused_at_once_by_its_place(receiver: Receiver) -> None:
    wrong = webhook("http://10.0.0.1/", Host="elsewhere", Authorization="Bearer t", Connection="close")
    strict = HttpDeliverer(http_client(STRICT), lambda: BEGUN)
    assert [(error.pointer, error.detail) for error in strict.refusals(wrong, "whsec_!")] == [
        ("#/Headers/Host", "Headers/Host belongs to the connection and is set only by the hub"),
        ("#/Headers/Connection", "Headers/Connection belongs to the connection and is set only by the hub"),
        ("#/Secret", "Secret cannot sign: what follows whsec_ in the secret is not base64"),
        ("#/TargetUrl", "TargetUrl is refused: the URL must begin with https:// (rule: https)"),
    ]


def test_a_host_that_cannot_be_resolved_is_refused_as_one_without_a_good_address() -> None:
    def resolve(host: str, port: int) -> tuple[Address, ...]:
        raise NameNotResolved(f"{host} is not resolved")

    lost = HttpDeliverer(http_client(resolve=resolve), lambda: BEGUN)
    (refusal,) = lost.refusals(webhook("http://a.example/"), None)
    assert refusal.detail == "TargetUrl is refused: a.example is not resolved (rule: address)"


@pytest.mark.parametrize(("status", "verdict"), [(204, Verdict.DELIVERED), (410, Verdict.GONE), (503, Verdict.FAILED)])
def test_a_post_is_an_attempt_that_says_what_came_of_it_and_repeats_no_secret(
    receiver: Receiver, status: int, verdict: Verdict
) -> None:
    receiver.behave(answers(status, b"" if status == 204 else b"you sent HUNTER22", "X-Echo: HUNTER22"))
    attempt = deliverer().post(receiver.url, {"X-A": "b"}, b"{}", at=BEGUN, redaction=Redaction(["HUNTER22"]))
    assert (attempt.at, attempt.duration, attempt.status, attempt.verdict) == (BEGUN, TOOK, status, verdict)
    assert ("HUNTER22" in attempt.text, "x-echo: ********" in attempt.text) == (False, True)
    assert (receiver.journal[0].body, receiver.journal[0].headers["x-a"]) == (b"{}", "b")


def test_a_post_without_an_answer_is_a_failed_attempt() -> None:
    with Receiver() as gone:
        url = gone.url
    attempt = deliverer().post(url, {}, b"{}", at=BEGUN, redaction=Redaction())
    assert (attempt.at, attempt.duration, attempt.status) == (BEGUN, TOOK, None)
    assert (attempt.error_class, attempt.verdict) == ("refused", Verdict.FAILED)
