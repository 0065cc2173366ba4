"""What is said to who registers a webhook or a step that may not do what they want."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.dynamics.registration.advice import Advisor, local_reason
from shared.dynamics.registration.own_addresses import OwnAddresses
from shared.dynamics.registration.step import Step, StepSlot
from shared.dynamics.registration.webhook import Webhook
from tests.dynamics.registration.samples import EVENTS_RECEIVER, PUBLIC_URL, RECEIVER
from tests.support.cases import holds_for

ADVISOR = Advisor(OwnAddresses(PUBLIC_URL))


def webhook_at(url: str, id_: str = "1") -> Webhook:
    return Webhook(id_, "Hub", url, None, 4, is_auth_set=True)


def step_at(message: str, table: str | None, stage: str) -> Step:
    return Step("2", "1", StepSlot(message, table, stage), "step", None, "sync", 1, ("name",))


def warnings(url: str, *others: Webhook) -> tuple[str, ...]:
    return ADVISOR.webhook(webhook_at(url), others=others).warnings


def said(url: str, parts: list[str]) -> bool:
    """Whether these are the warnings, and there are no more."""
    found = warnings(url)
    return len(found) == len(parts) and all(part in text for part, text in zip(parts, found, strict=True))


OURS = [
    RECEIVER,
    RECEIVER.upper().replace("HTTPS", "https"),
    f"{RECEIVER}?x=y",
    EVENTS_RECEIVER,
    f"{EVENTS_RECEIVER}/?x=y",
]


@pytest.mark.parametrize("url", OURS)
def test_the_address_of_this_app_needs_no_warning(url: str) -> None:
    assert warnings(url) == ()


@holds_for(
    ("url", "parts"),
    [
        (RECEIVER.replace("https", "http"), ["url is http"]),
        ("https://evil.example/collect", ["not this app's"]),
        ("http://evil.example/collect", ["not this app's", "url is http"]),
        (f"{PUBLIC_URL}/api/v1/signals", ["not this app's"]),
        (f"{EVENTS_RECEIVER}/opportunity", ["not this app's"]),
        (f"https://other.example{EVENTS_RECEIVER.removeprefix(PUBLIC_URL)}", ["not this app's"]),
        ("http://169.254.169.254/metadata", ["not this app's", "url is http", "link-local"]),
        ("https://localhost/x", ["not this app's", "local network"]),
        ("https://crm.contoso.local", ["not this app's", ".local"]),
        (f"{RECEIVER}?code=SECRET", ["(code)"]),
        (f"{RECEIVER}?x=1&Subscription-Key=SECRET&sig=SECRET", ["(subscription-key, sig)"]),
        (f"{RECEIVER}?x=%C3%A9", ["%u00e9"]),
        (f"{RECEIVER}?x=\u00e9", ["%u00e9"]),
        ("https://user:SECRET@h.example/", ["not this app's", "user name or password"]),
        ("sb://queue", ["not this app's", "must begin with"]),
    ],
)
def test_each_oddity_of_an_address_is_said(url: str, parts: list[str]) -> None:
    assert said(url, parts), warnings(url)
    assert "SECRET" not in "".join(warnings(url))


@holds_for(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.31.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "168.63.129.16",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - no address to bind to
        "127.1",
        "0x7f.1",
        "2130706433",
        "0177.0.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "localhost",
        "LOCALHOST",
        "app.localhost",
        "hub",
        "hub.",
        "crm.contoso.local",
        "CRM.Contoso.LOCAL",
        "db.internal",
        "printer.lan",
        "nas.home.arpa",
    ],
)
def test_private_and_local_hosts_are_known_by_their_text(host: str) -> None:
    assert local_reason(host)


@pytest.mark.parametrize(
    "host", ["hub.example", "8.8.8.8", "2606:4700::1111", "local.example", "mylocal.com", "xn--bcher-kva.example"]
)
def test_public_hosts_are_not(host: str) -> None:
    assert local_reason(host) is None


def test_a_webhook_beside_another_at_the_same_function_is_said() -> None:
    others = [webhook_at(f"{RECEIVER}/", "1"), webhook_at(f"{RECEIVER}?code=SECRET", "7"), webhook_at("https://x", "8")]
    [warning] = warnings(RECEIVER, *others)
    assert ("7" in warning, "8" in warning, "SECRET" in warning) == (True, False, False)


@holds_for(
    ("message", "table", "stage", "parts"),
    [
        ("Create", "connection", "PostOperation", []),
        ("create", "CONNECTION", "PostOperation", []),
        ("Create", "connection", "PreValidation", ["before PostOperation"]),
        ("Create", "connection", "PreOperation", ["before PostOperation"]),
        ("Create", "connection", "50", ["before PostOperation"]),
        ("Update", "connection", "PostOperation", ["only Create of connection"]),
        ("Create", "opportunity", "PostOperation", ["only Create of connection"]),
        ("Associate", None, "PreOperation", ["only Create of connection", "before PostOperation"]),
    ],
)
def test_a_step_whose_requests_this_app_refuses_is_said(
    message: str, table: str | None, stage: str, parts: list[str]
) -> None:
    step = step_at(message, table, stage)
    found = ADVISOR.step(step, webhook_at(f"{RECEIVER}/?code=x")).warnings
    assert len(found) == len(parts)
    assert all(part in text for part, text in zip(parts, found, strict=True))


@holds_for(
    ("url", "stage", "parts"),
    [
        (EVENTS_RECEIVER, "PostOperation", []),
        (EVENTS_RECEIVER, "PreValidation", ["refuses each request before PostOperation"]),
        (EVENTS_RECEIVER, "PreOperation", ["refuses each request before PostOperation"]),
        ("https://other.example/", "PostOperation", []),
        ("https://other.example/", "PreValidation", ["may have no id"]),
        ("https://other.example/", "PreOperation", ["may have no id"]),
        ("https://other.example/", "50", []),
    ],
)
@holds_for(("message", "table"), [("Create", "connection"), ("Update", "opportunity"), ("WhoAmI", None)])
def test_elsewhere_only_a_stage_before_the_operation_is_said(
    message: str, table: str | None, url: str, stage: str, parts: list[str]
) -> None:
    found = ADVISOR.step(step_at(message, table, stage), webhook_at(url)).warnings
    assert len(found) == len(parts)
    assert all(part in text for part, text in zip(parts, found, strict=True))


@given(url=st.text(max_size=60), host=st.text(max_size=30))
def test_there_is_something_to_say_about_any_text(url: str, host: str) -> None:
    assert warnings(url)
    local_reason(host.replace("\x00", ""))
