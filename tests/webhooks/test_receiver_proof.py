"""When a save has its receiver tested, and what it then proves."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.callers.caller import Caller
from shared.errors import BadRequest, FieldError
from shared.storage.sealed import Sealer
from shared.webhooks.fingerprint import Fingerprints
from shared.webhooks.receiver_proof import Proof, ReceiverTestResult, ReceiverTests
from shared.webhooks.registration import Registration
from shared.webhooks.sealing import Wanted
from shared.webhooks.webhook import WebhookInput
from tests.support.delivering import MANAGER
from tests.webhooks.registered import registration, webhook

SEALER = Sealer(None)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Target:
    """A port whose answers a test decides."""

    def __init__(self, *, refused: bool = False, succeeds: bool = True) -> None:
        self.asked: list[str] = []
        self._refused = refused
        self._succeeds = succeeds

    def refusals(self, webhook: WebhookInput, secret: str | None) -> list[FieldError]:
        self.asked.append("policy")
        return [FieldError("#/TargetUrl", "TargetUrl must be another one")] if self._refused else []

    def test(
        self, webhook: WebhookInput, secrets: list[str], caller: Caller, *, known: Collection[str] = ()
    ) -> ReceiverTestResult:
        self.asked.append("receiver")
        return ReceiverTestResult(self._succeeds, "HTTP 200" if self._succeeds else "HTTP 500", per_minute=60)


def proved(given: WebhookInput, per_minute: int | None = 7, **changes: object) -> Registration:
    """A registration of this webhook whose receiver passed its test."""
    print_ = Fingerprints(given, None, SEALER).current
    return replace(registration(1, "a.b", **changes), tested=print_, per_minute=per_minute)


def prove(target: Target, given: WebhookInput, before: Registration | None) -> Proof:
    return ReceiverTests(target, SEALER, lambda: NOW).prove(Wanted(given), [], MANAGER, before)


def test_a_new_active_webhook_is_tested() -> None:
    target, given = Target(), webhook("a.b")
    assert prove(target, given, None) == Proof(Fingerprints(given, None, SEALER).current, 60, is_new=True)
    assert target.asked == ["policy", "receiver"]


def test_a_new_stopped_webhook_is_judged_and_not_called() -> None:
    target = Target()
    assert prove(target, webhook("a.b", State="Stopped"), None) == Proof("", None)
    assert target.asked == ["policy"]


def test_what_was_proved_is_proved_without_asking_anybody() -> None:
    target, given = Target(refused=True), webhook("a.b", Name="renamed")
    assert prove(target, given, proved(given)) == Proof(proved(given).tested, 7)
    assert target.asked == []


@pytest.mark.parametrize("changes", [{"TargetUrl": "https://other.example/"}, {"Headers": {"A": "b"}}])
def test_another_target_and_other_headers_are_tested(changes: dict[str, object]) -> None:
    target = Target()
    prove(target, webhook("a.b", **changes), proved(webhook("a.b")))
    assert target.asked == ["policy", "receiver"]


def test_a_webhook_that_was_not_active_is_tested_again() -> None:
    target, given = Target(), webhook("a.b")
    prove(target, given, proved(given, State="Stopped"))
    assert target.asked == ["policy", "receiver"]


def test_stopping_a_webhook_with_another_target_forgets_what_was_proved() -> None:
    given = webhook("a.b", State="Stopped", TargetUrl="https://other.example/")
    assert prove(Target(), given, proved(webhook("a.b"))) == Proof("", 7)


def test_a_refused_target_is_not_called_and_a_failed_test_refuses_the_save() -> None:
    refused, failing = Target(refused=True), Target(succeeds=False)
    with pytest.raises(BadRequest, match="must be another one"):
        prove(refused, webhook("a.b"), None)
    assert refused.asked == ["policy"]
    with pytest.raises(BadRequest, match="the test event failed: HTTP 500") as caught:
        prove(failing, webhook("a.b"), None)
    assert [error.pointer for error in caught.value.errors] == ["#/TargetUrl"]
