from dataclasses import replace

import pytest

from tests.webhooks.registered import registration, webhook


def test_a_registration_never_holds_its_secret_in_clear() -> None:
    with pytest.raises(ValueError, match="sealed") as refusal:
        replace(registration(1, "a.b"), webhook=webhook("a.b", Secret="hush hush"))
    assert "hush" not in str(refusal.value)


@pytest.mark.parametrize(("state", "is_active"), [("Active", True), ("Stopped", False), ("TooManyErrors", False)])
def test_only_an_active_webhook_gets_events(state: str, is_active: bool) -> None:
    assert registration(1, "a.b", State=state).is_active == is_active
