"""What masks may stand for and where they may go, and what is accepted with a warning."""

import base64

import pytest

from shared.webhooks.secret_rules import warnings_of
from tests.webhooks.registered import webhook

HOOK = webhook("a.b")


def encoded(bytes_: int) -> str:
    return f"whsec_{base64.b64encode(bytes(bytes_)).decode()}"


@pytest.mark.parametrize("secret", ["a", "hunter2", "x" * 23, encoded(1), encoded(23), "whsec_" + "YQ"])
def test_a_short_secret_is_warned_of(secret: str) -> None:
    [warning] = warnings_of(HOOK, secret)
    assert warning.startswith("Secret should be at least 24 ")
    assert secret not in warning.split()


@pytest.mark.parametrize(
    "secret",
    [None, "x" * 24, encoded(24), encoded(32), "whsec_no base64!", f"whsk_{base64.b64encode(bytes(32)).decode()}"],
)
def test_a_long_one_and_none_are_not(secret: str | None) -> None:
    assert warnings_of(HOOK, secret) == ()


@pytest.mark.parametrize("target", ["http://a.example/", "HTTP://a.example/"])
def test_plain_http_is_warned_of(target: str) -> None:
    found = warnings_of(webhook("a.b", TargetUrl=target), "short")
    assert [warning.split()[0] for warning in found] == ["TargetUrl", "Secret"]
    assert all(warning.isascii() and "," not in warning for warning in found)
